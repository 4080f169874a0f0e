/** How the flows of a prefix are held to their tunnels. */
import type { Hashing } from '../model/kernel.js';

/** A power of two, as few as share 2:1 within one per cent; a bucket takes the kernel some 32 bytes. */
const FEWEST_BUCKETS = 128;
/** The largest power of two that the kernel's 16 bits hold. */
const MOST_BUCKETS = 32_768;
/** The kernel rounds shares: a member of less than half a bucket would get none. */
const FEWEST_OF_A_MEMBER = 2;

/** Seconds. Longer than any round trip: what moves has nothing of its own on the way that it could overtake. */
const IDLE_TIMER = 10;
/**
 * Seconds. Where packets never cease, a tunnel that is back gets its share
 * after as long as its losses are counted (`TunnelStates.windowMs`, unless the
 * fleet says otherwise): one that fails again before has moved nobody twice.
 */
const UNBALANCED_TIMER = 300;

/**
 * `weights` are those of every route of the prefix and not of the tunnels that
 * carry it now: the number of buckets, and with it the group, outlives them.
 */
export function hashingFor(kind: Hashing['kind'], weights: readonly number[]): Hashing {
  if (kind === 'threshold') return { kind };
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const wanted = (FEWEST_OF_A_MEMBER * total) / Math.min(...weights);
  let buckets = FEWEST_BUCKETS;
  while (buckets < wanted && buckets < MOST_BUCKETS) buckets *= 2;
  return { kind, buckets, idleTimer: IDLE_TIMER, unbalancedTimer: UNBALANCED_TIMER };
}
