import type { Path, PathAttributes } from '../src/model/path.js';

/** The same path with some other attributes. */
export const changedPath = ({ prefix, attributes }: Path, change: Partial<PathAttributes>): Path => ({
  prefix,
  attributes: { ...attributes, ...change },
});
