import type { Field } from './field.js';

/** One scene of the story. It says what it sees, throws `Unexpected`, and leaves the lab as it found it. */
export interface Step {
  readonly letter: string;
  readonly title: string;
  /** `direct`: Acme announces its own prefixes. `protected`: the sites do, and Acme is silent. */
  readonly story: 'direct' | 'protected';
  play(field: Field): Promise<void>;
}
