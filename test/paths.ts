import { type AnnouncedLevel, attributesFor } from '../src/decide/attributes.js';
import { familyOf, type Prefix } from '../src/model/address.js';
import type { ServerView } from '../src/model/fleet.js';
import type { Path, PathAttributes } from '../src/model/path.js';

/** What this server announces of a prefix. */
export const pathFor = (
  view: ServerView,
  level: AnnouncedLevel,
  prefix: Prefix,
  asPath: readonly number[],
  leavesSite = false,
): Path => ({ prefix, attributes: attributesFor(view, level, familyOf(prefix), asPath, leavesSite) });

/** The same path with some other attributes. */
export const changedPath = ({ prefix, attributes }: Path, change: Partial<PathAttributes>): Path => ({
  prefix,
  attributes: { ...attributes, ...change },
});
