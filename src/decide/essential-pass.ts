/**
 * Whether an agent knows enough to go on announcing. Asked before every
 * renewal of the lease, so it looks at a handful of times and reads nothing.
 */

/** CLOCK_MONOTONIC, milliseconds. */
export interface Vigilance {
  /** When the read-back began from which the set in hand follows: what is known is that old. */
  readonly readAt?: number;
  /** Why the read-back after that one failed. */
  readonly blind?: string;
  /** When the pass under way began. */
  readonly passSince?: number;
  /** When this process last went on after it had stood still for a lease or longer. */
  readonly resumedAt?: number;
}

/** Milliseconds. */
export interface VigilanceBounds {
  /** Drift makes events; a full read-back is for what they might miss. One that is older proves nothing. */
  readonly readBack: number;
  /** While a pass is under way nothing that happens meanwhile is acted on. */
  readonly pass: number;
}

/** Half a sentence; `undefined` when the lease may be renewed. */
export function whyNotRenew(seen: Vigilance, bounds: VigilanceBounds, now: number): string | undefined {
  const { readAt, blind, passSince, resumedAt } = seen;
  if (readAt === undefined) return `the kernel has not been read yet${blind === undefined ? '' : `: ${blind}`}`;
  if (blind !== undefined) return `the kernel could not be read: ${blind}`;
  if (resumedAt !== undefined && readAt < resumedAt) return 'this process stood still and has not looked again yet';
  if (passSince !== undefined && now - passSince >= bounds.pass) {
    return `a pass has been under way for ${seconds(now - passSince)}`;
  }
  if (now - readAt >= bounds.readBack) return `the kernel was read ${seconds(now - readAt)} ago`;
  return undefined;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
