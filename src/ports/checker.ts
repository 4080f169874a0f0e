import type { CheckSample, CheckSpec } from '../model/check.js';

/**
 * Runs checks in a process of its own, and reports every sample: one that is
 * not ok, or ends otherwise than the one before it, at once; the others within
 * 100 ms. `configure` replaces the whole list; checks that stay keep their
 * beat. `broken` says that no samples come for a while: what they would have
 * told is unknown.
 */
export interface Checker {
  configure(checks: readonly CheckSpec[]): void;
  start(handlers: { sample(sample: CheckSample): void; broken(reason: string): void }): void;
  stop(): Promise<void>;
}
