/**
 * How long the wire may stand without its agent.
 *
 * Everything is a function of a record and of `now` (CLOCK_MONOTONIC, ms):
 * nothing here happens "when a timer fires", so a timer that comes late, twice
 * or never changes no decision. Verdicts name the next moment at which they
 * change.
 */
import type { Safety } from '../model/fleet.js';
import type { AgentState } from '../model/lease.js';
import type { Reason } from '../model/reason.js';
import { degradedThenWithdrawn } from './drain.js';
import type { Verdict } from './verdict.js';

/** The right to keep announcing a set. */
export interface Lease {
  /** `start`: nobody has handed over a set since this guard started; the wire was adopted. */
  readonly source: 'start' | 'agent';
  readonly since: number;
  /** The lease ends here unless it is renewed. */
  readonly until: number;
  readonly handover?: { readonly at: number; readonly mode: 'keep' | 'drain' };
  /** Silence had lowered the wire, and the agent has not yet proven that it is back. */
  readonly probation?: { readonly renewals: number; readonly countedAt: number };
}

/** What a guard that has just read the wire back starts with: as if a lease had been handed over at this moment. */
export const adoptedLease = (safety: Safety, now: number): Lease => ({
  source: 'start',
  since: now,
  until: now + safety.leaseMs,
});

/** After a lapse, full returns with this many renewals in a row. */
const PROBATION_RENEWALS = 10;
/** An agent renews four times per lease; sets that follow each other faster than this show no endurance and count once. */
const COUNTED_PER_LEASE = 8;

/** A set has been accepted that gives the right to announce for `ttlMs`. */
export function renewedLease(before: Lease | undefined, ttlMs: number, now: number): Lease {
  const lease: Lease = { source: 'agent', since: now, until: now + ttlMs };
  if (!before) return lease;
  // Who left in order owes nothing, however long ago that was.
  if ((before.handover?.at ?? now) >= before.until) return { ...lease, probation: { renewals: 1, countedAt: now } };
  const { probation } = before;
  if (!probation) return lease;
  if (now < probation.countedAt + ttlMs / COUNTED_PER_LEASE) return { ...lease, probation };
  const renewals = probation.renewals + 1;
  return renewals < PROBATION_RENEWALS ? { ...lease, probation: { renewals, countedAt: now } } : lease;
}

/** The agent has left in order. A second hand-over of the same lease changes nothing. */
export const handedOver = (lease: Lease, mode: 'keep' | 'drain', now: number): Lease =>
  lease.handover ? lease : { ...lease, handover: { at: now, mode } };

/**
 * The guard itself did not run from `from` to `to` (paused machine, starved
 * process): that time counts for nobody. What began in between gains only its
 * own share.
 */
export function extended(lease: Lease, from: number, to: number): Lease {
  const gain = Math.max(0, to - Math.max(from, lease.since));
  const { handover } = lease;
  if (!handover) return { ...lease, until: lease.until + gain };
  const handoverGain = Math.max(0, to - Math.max(from, handover.at));
  return { ...lease, until: lease.until + gain, handover: { ...handover, at: handover.at + handoverGain } };
}

/** Holds while no other agent may take over: the lease runs and its agent has not left. */
export const isLive = (lease: Lease | undefined, now: number): boolean =>
  lease?.source === 'agent' && lease.handover === undefined && now < lease.until;

/** The lease has run out on an agent that had not left: whatever it still says is of the time before. */
export const hasLapsed = (lease: Lease | undefined, now: number): boolean =>
  lease?.source === 'agent' && lease.handover === undefined && now >= lease.until;

/** Nobody watches over what is announced. Before anybody has come there is nothing to watch over. */
export const isAway = (state: AgentState): boolean => state === 'handed-over' || state === 'lapsed' || state === 'gone';

const LAPSED: Reason = { code: 'lease-lapsed' };
const GONE: Reason = { code: 'agent-gone' };
const PROBATION: Reason = { code: 'lease-probation' };

function judgeHandover(
  lease: Lease,
  left: NonNullable<Lease['handover']>,
  safety: Safety,
  now: number,
): Verdict<AgentState> {
  const inTime = left.at < lease.until;
  const graceEnd = left.mode === 'keep' ? left.at + safety.stopGraceMs : left.at;
  if (now < graceEnd) {
    if (!inTime) return { state: 'lapsed', cap: 'degraded', reason: LAPSED, changesAt: graceEnd };
    const cap = lease.probation ? 'degraded' : 'full';
    return { state: 'handed-over', cap, reason: { code: 'agent-handover' }, changesAt: graceEnd };
  }
  const degradedSince = inTime ? graceEnd : lease.until;
  return { state: 'gone', reason: GONE, ...degradedThenWithdrawn(degradedSince + safety.drainMs, now) };
}

/** What the agent's absence or presence means for the wire. Without a lease there is nothing to cap. */
export function judgeLease(lease: Lease | undefined, safety: Safety, now: number): Verdict<AgentState> {
  if (!lease) return { state: 'never-seen', cap: 'full' };
  if (lease.handover) return judgeHandover(lease, lease.handover, safety, now);
  if (now < lease.until && lease.probation) {
    return { state: 'leased', cap: 'degraded', reason: PROBATION, changesAt: lease.until };
  }
  if (now < lease.until) {
    return { state: lease.source === 'agent' ? 'leased' : 'never-seen', cap: 'full', changesAt: lease.until };
  }
  const goneAt = lease.until + Math.max(safety.stopGraceMs, safety.drainMs);
  if (now < goneAt) return { state: 'lapsed', cap: 'degraded', reason: LAPSED, changesAt: goneAt };
  return safety.lostAgent === 'drain'
    ? { state: 'gone', cap: 'withdrawn', reason: GONE }
    : { state: 'gone', cap: 'degraded', reason: LAPSED };
}
