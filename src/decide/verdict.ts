import type { Level } from '../model/level.js';
import type { Reason } from '../model/reason.js';

/** `cap` is the highest level that a prefix may have; `reason` says why when it is not full, or what holds it up. */
export interface Verdict<State> {
  readonly state: State;
  readonly cap: Level;
  readonly reason?: Reason;
  /** The verdict changes at this time by itself; absent when only an event can change it. */
  readonly changesAt?: number;
}
