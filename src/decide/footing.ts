/**
 * What a prefix stands on: the data plane, its tunnels, its checks. Each of
 * them supports a level and says why it is not more.
 *
 * A proven fault supports nothing. What is unknown supports the level that
 * stands; when nothing has been known for `staleMs`, degraded. It never takes
 * away the last announcement, and it never brings back what is withdrawn.
 */
import type { OnDown } from '../model/check.js';
import type { CheckHealth, TunnelHealth } from '../model/health.js';
import { type Level, weaker } from '../model/level.js';
import type { Reason, ReasonCode } from '../model/reason.js';
import type { Verdict } from '../model/verdict.js';

export interface Footing {
  readonly supports: Level;
  /** Empty where it supports full and has nothing to add. */
  readonly reasons: readonly Reason[];
  /** What it supports, or says, changes at this time by itself. CLOCK_MONOTONIC, milliseconds. */
  readonly changesAt?: number;
  /** The cause is at the customer's side: suspicion and budgets say what it costs. `check` names one that is down. */
  readonly remote?: { readonly since: number; readonly check?: string };
}

/** What an unknown is judged by: the level that stands, and the time. */
export interface Standpoint {
  /** As asked for last; absent for a prefix that nobody has announced yet. */
  readonly standing: Level | undefined;
  readonly now: number;
  readonly staleMs: number;
}

export interface TunnelFact {
  readonly tunnel: string;
  readonly health: TunnelHealth;
  /** What was proven last. */
  readonly proven: TunnelHealth;
  /** Of `health`. CLOCK_MONOTONIC, milliseconds. */
  readonly since: number;
}

export interface CheckFact {
  readonly key: string;
  /** Whose check it is; absent for the provider's. */
  readonly customer?: string;
  readonly health: CheckHealth;
  /** What was proven last. */
  readonly proven: CheckHealth;
  /** Of `health`. CLOCK_MONOTONIC, milliseconds. */
  readonly since: number;
  readonly detail?: string;
  readonly onDown: OnDown;
  /** Its failure may be something far away. */
  readonly remote: boolean;
}

const because = (supports: Level, code: ReasonCode, detail?: string): Footing => ({
  supports,
  reasons: [detail === undefined ? { code } : { code, detail }],
});

/** Firm ground without a word. */
const FIRM: Footing = { supports: 'full', reasons: [] };

interface UnknownCodes {
  readonly pending: ReasonCode;
  readonly unknown: ReasonCode;
  readonly stale: ReasonCode;
}

function unknownFooting(at: Standpoint, since: number, codes: UnknownCodes, detail: string): Footing {
  if (at.standing === undefined) return because('withdrawn', codes.pending, detail);
  const staleAt = since + at.staleMs;
  if (at.now >= staleAt) return because(weaker(at.standing, 'degraded'), codes.stale, detail);
  return { ...because(at.standing, codes.unknown, detail), changesAt: staleAt };
}

const DATA_PLANE: UnknownCodes = {
  pending: 'data-plane-pending',
  unknown: 'data-plane-unknown',
  stale: 'data-plane-stale',
};

export function onDataPlane(verdict: Verdict, fault: ReasonCode, at: Standpoint): Footing {
  switch (verdict.state) {
    case 'verified':
      return FIRM;
    case 'fault':
      return because('withdrawn', fault, verdict.details.join('; '));
    case 'unknown':
      return unknownFooting(at, verdict.since, DATA_PLANE, verdict.detail);
  }
}

const TUNNELS: UnknownCodes = { pending: 'tunnels-pending', unknown: 'tunnels-unknown', stale: 'tunnels-stale' };

const namesOf = (facts: readonly TunnelFact[]): string => facts.map(({ tunnel }) => tunnel).join(', ');

/** One tunnel that carries suffices; which of them carry is decided in `nexthops.ts`. */
export function onTunnels(tunnels: readonly TunnelFact[], at: Standpoint): Footing {
  if (tunnels.length === 0) return because('withdrawn', 'no-route');
  const those = (...healths: readonly TunnelHealth[]): readonly TunnelFact[] =>
    tunnels.filter(({ health }) => healths.includes(health));
  const [down, unknown] = [those('down'), those('unknown')];
  if (those('up', 'degraded').length > 0) {
    return down.length === 0 ? FIRM : because('full', 'healthy', `tunnels down: ${namesOf(down)}`);
  }
  if (unknown.length > 0) return onUnknownTunnels(unknown, at);
  const since = Math.max(...down.map((fact) => fact.since));
  return { ...because('withdrawn', 'tunnels-down', namesOf(down)), remote: { since } };
}

/** What was withdrawn for another reason returns degraded behind a tunnel that was last seen to work. */
function onUnknownTunnels(unknown: readonly TunnelFact[], at: Standpoint): Footing {
  const detail = `no verdict on ${namesOf(unknown)}`;
  const workedLast = unknown.some(({ proven }) => proven === 'up' || proven === 'degraded');
  if (at.standing === undefined || at.standing === 'withdrawn') {
    return workedLast
      ? because('degraded', 'tunnels-unknown', detail)
      : because('withdrawn', 'tunnels-pending', detail);
  }
  return unknownFooting(at, Math.max(...unknown.map(({ since }) => since)), TUNNELS, detail);
}

const CHECKS: UnknownCodes = { pending: 'checks-pending', unknown: 'checks-unknown', stale: 'checks-stale' };

const WORTH: { readonly [K in OnDown]: Level } = { withdraw: 'withdrawn', degrade: 'degraded', ignore: 'full' };

export function onCheck(check: CheckFact, at: Standpoint): Footing {
  if (check.health === 'up' || check.onDown === 'ignore') return FIRM;
  const detail = check.detail === undefined ? check.key : `${check.key}: ${check.detail}`;
  if (check.health === 'unknown') return onUnknownCheck(check, detail, at);
  const footing = because(WORTH[check.onDown], 'check-down', detail);
  if (!check.remote || check.onDown !== 'withdraw') return footing;
  // The provider's checks govern every customer alike: a far fault that one of them shows is no reason to leave for any.
  if (check.customer === undefined) return kept(footing, 'remote-fault-kept');
  return { ...footing, remote: { since: check.since, check: check.key } };
}

/** A remote fault that costs no more than degraded, and why. */
export const kept = (footing: Footing, code: ReasonCode): Footing => ({
  ...footing,
  supports: 'degraded',
  reasons: [...footing.reasons, { code }],
});

/** A check that may only degrade keeps nothing off the wire while it is pending either, nor does one that was up when last seen. */
function onUnknownCheck(check: CheckFact, detail: string, at: Standpoint): Footing {
  const isOffWire = at.standing === undefined || at.standing === 'withdrawn';
  if (!isOffWire) return unknownFooting(at, check.since, CHECKS, detail);
  if (check.proven === 'up') return because('degraded', CHECKS.unknown, detail);
  return because(check.onDown === 'degrade' ? 'degraded' : 'withdrawn', CHECKS.pending, detail);
}
