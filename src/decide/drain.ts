/**
 * Taking a server out of service and bringing it back, each step long enough
 * for routers to follow: degraded until its packets have gone elsewhere, then
 * withdrawn; degraded again until every router can reach it, then full.
 */
import type { Safety } from '../model/fleet.js';
import type { DrainScope, DrainState } from '../model/lease.js';
import type { Verdict } from './verdict.js';

/** An operator's wish. `since` is CLOCK_MONOTONIC in ms; -Infinity for a server that was out before this guard started. */
export interface DrainIntent {
  readonly want: 'out' | 'back';
  readonly scope: DrainScope;
  readonly since: number;
}

export interface DrainVerdict extends Verdict<DrainState> {
  /** The whole site goes: its routers shall turn upstreams away too, not only to their other servers. */
  readonly leavesSite: boolean;
}

type Phase = Pick<Verdict<never>, 'cap' | 'changesAt'>;

export const degradedThenWithdrawn = (end: number, now: number): Phase =>
  now < end ? { cap: 'degraded', changesAt: end } : { cap: 'withdrawn' };

/**
 * `carries`: customers' packets still arrive. While they do a drain stays
 * degraded, up to `drainMostMs`; where nobody can tell it lasts `drainMs`.
 */
export function judgeDrain(
  intent: DrainIntent | undefined,
  safety: Pick<Safety, 'drainMs' | 'drainMostMs' | 'settleMs'>,
  carries: boolean,
  now: number,
): DrainVerdict {
  if (!intent) return IN_SERVICE;
  const leavesSite = intent.scope === 'site';
  if (intent.want === 'back') {
    const end = intent.since + safety.settleMs;
    if (now >= end) return IN_SERVICE;
    return { state: 'returning', cap: 'degraded', reason: { code: 'returning' }, changesAt: end, leavesSite };
  }
  const least = intent.since + safety.drainMs;
  const most = intent.since + Math.max(safety.drainMs, safety.drainMostMs);
  const phase = degradedThenWithdrawn(carries && now >= least ? most : least, now);
  return phase.cap === 'degraded'
    ? { state: 'draining', reason: { code: 'draining' }, ...phase, leavesSite }
    : { state: 'drained', reason: { code: 'drained' }, ...phase, leavesSite };
}

const IN_SERVICE: DrainVerdict = { state: 'in-service', cap: 'full', leavesSite: false };
