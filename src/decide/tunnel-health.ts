/**
 * The state of a tunnel from its probes.
 *
 * ```
 *   unknown ── rise answers ──► up ── lossy ──► degraded ── fall losses ──► down
 *                               ▲                │   ▲                       │
 *                               └── recovery ────┘   └───── rise answers ────┘
 * ```
 * `fall` losses in a row bring a tunnel down from every state. A probe that
 * could not be sent proves nothing about the remote and counts for neither.
 */
import type { TunnelProbe } from '../model/fleet.js';
import type { ProbeSample, TunnelHealth } from '../model/health.js';
import type { TunnelStates } from '../model/safety.js';
import { counted, emptyWindow, lossesOf, type Losses, type LossWindow } from './loss-window.js';

export interface TunnelRecord {
  /** What is known now: `unknown` before the first verdict, and again when the last proof is too old. */
  readonly health: TunnelHealth;
  /** What was proven last; outlives the proof. */
  readonly proven: TunnelHealth;
  /** Since when `health`, in the samples' own clock. */
  readonly since: number;
  readonly answersInRow: number;
  readonly lossesInRow: number;
  /** Time of the first loss of the row. */
  readonly losingSince: number;
  readonly window: LossWindow;
  /** Probes since a degraded tunnel began, or began again, to prove that it has recovered. */
  readonly trial: Losses;
  /** Time of the last sample that proved anything. */
  readonly lastProof?: number;
  /** Milliseconds, of the last answer. */
  readonly roundTrip?: number;
  /** Why the last probe could not be sent. */
  readonly unsent?: string;
}

const UNTRIED: Losses = { sent: 0, lost: 0 };

export const unprobed = (now: number): TunnelRecord => ({
  health: 'unknown',
  proven: 'unknown',
  since: now,
  answersInRow: 0,
  lossesInRow: 0,
  losingSince: now,
  window: emptyWindow(now),
  trial: UNTRIED,
});

type Probe = Pick<TunnelProbe, 'rise' | 'fall' | 'intervalMs' | 'timeoutMs'>;

/** The record after one more sample. */
export function afterSample(
  record: TunnelRecord,
  sample: ProbeSample,
  probe: Probe,
  states: TunnelStates,
): TunnelRecord {
  if (sample.outcome === 'unsent') {
    return { ...record, unsent: sample.detail ?? 'could not be sent' };
  }
  const next = sample.outcome === 'answered' ? afterAnswer(record, sample) : afterLoss(record, sample, probe, states);
  const lost = sample.outcome === 'lost';
  const window = counted(record.window, sample.at, lost, states.windowMs);
  return judged(
    { ...next, window, trial: tried(record, lost, states), lastProof: sample.at },
    sample.at,
    probe,
    states,
  );
}

function afterAnswer(record: TunnelRecord, { roundTrip }: ProbeSample): TunnelRecord {
  const { unsent: _solved, ...kept } = record;
  return {
    ...kept,
    answersInRow: record.answersInRow + 1,
    lossesInRow: 0,
    ...(roundTrip === undefined ? {} : { roundTrip }),
  };
}

/** Losses that lie too far apart are not one failure: the row begins again. */
function afterLoss(record: TunnelRecord, { at }: ProbeSample, probe: Probe, states: TunnelStates): TunnelRecord {
  const { unsent: _solved, ...kept } = record;
  const span = Math.max(states.fallWindowMs, probe.intervalMs * probe.fall + probe.timeoutMs);
  const goesOn = record.lossesInRow > 0 && (record.lossesInRow >= probe.fall || at - record.losingSince <= span);
  return {
    ...kept,
    answersInRow: 0,
    lossesInRow: goesOn ? record.lossesInRow + 1 : 1,
    losingSince: goesOn ? record.losingSince : at,
  };
}

/** A trial that can no longer succeed begins again. */
function tried({ proven, trial }: TunnelRecord, lost: boolean, states: TunnelStates): Losses {
  if (proven !== 'degraded') return UNTRIED;
  const next = { sent: trial.sent + 1, lost: trial.lost + (lost ? 1 : 0) };
  return next.lost / states.recoveryProbes >= states.degradedLoss && lost ? UNTRIED : next;
}

function judged(record: TunnelRecord, at: number, probe: Probe, states: TunnelStates): TunnelRecord {
  const proven = stateOf(record, probe, states);
  const isConfirmed = record.lossesInRow >= probe.fall || record.answersInRow >= probe.rise;
  const health = record.health !== 'unknown' || isConfirmed ? proven : 'unknown';
  return {
    ...record,
    health,
    proven,
    since: health === record.health ? record.since : at,
    // What was lost before the recovery is forgiven: it would degrade the tunnel again at once.
    window: proven === 'up' && record.proven === 'degraded' ? emptyWindow(at) : record.window,
  };
}

function stateOf(record: TunnelRecord, probe: Probe, states: TunnelStates): TunnelHealth {
  if (record.lossesInRow >= probe.fall) return 'down';
  switch (record.proven) {
    case 'unknown':
      return record.answersInRow >= probe.rise ? 'up' : 'unknown';
    case 'down':
      return record.answersInRow >= probe.rise ? 'degraded' : 'down';
    case 'up':
      return isLossy(record.window, states) ? 'degraded' : 'up';
    case 'degraded':
      return record.trial.sent >= states.recoveryProbes ? 'up' : 'degraded';
  }
}

function isLossy(window: LossWindow, { degradedLoss, degradedFailures }: TunnelStates): boolean {
  const { sent, lost } = lossesOf(window);
  return lost >= degradedFailures && lost >= sent * degradedLoss;
}

/**
 * Knowledge has a shelf life: without proof for as long as it takes to find a
 * tunnel down, twice over, nothing is known about it any more.
 */
export function aged(record: TunnelRecord, now: number, probe: Probe): TunnelRecord {
  const shelfLife = 2 * (probe.intervalMs * probe.fall + probe.timeoutMs);
  const proof = record.lastProof ?? record.since;
  if (record.health === 'unknown' || now - proof <= shelfLife) return record;
  return { ...record, health: 'unknown', since: now, answersInRow: 0, lossesInRow: 0 };
}
