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
  const { at } = sample;
  const isLost = sample.outcome === 'lost';
  const row = isLost ? afterLoss(record, at, probe, states) : afterAnswer(record);
  const window = counted(record.window, at, isLost, states.windowMs);
  const trial = tried(record, isLost, states);
  const proven = stateOf({ proven: record.proven, ...row, window, trial }, probe, states);
  const isConfirmed = row.lossesInRow >= probe.fall || row.answersInRow >= probe.rise;
  const health = record.health !== 'unknown' || isConfirmed ? proven : 'unknown';
  const roundTrip = (isLost ? undefined : sample.roundTrip) ?? record.roundTrip;
  return {
    health,
    proven,
    since: health === record.health ? record.since : at,
    ...row,
    // What was lost before the recovery is forgiven: it would degrade the tunnel again at once.
    window: proven === 'up' && record.proven === 'degraded' ? emptyWindow(at) : window,
    trial,
    lastProof: at,
    ...(roundTrip === undefined ? {} : { roundTrip }),
  };
}

/** How the last samples have gone. */
type Row = Pick<TunnelRecord, 'answersInRow' | 'lossesInRow' | 'losingSince'>;

const afterAnswer = ({ answersInRow, losingSince }: Row): Row => ({
  answersInRow: answersInRow + 1,
  lossesInRow: 0,
  losingSince,
});

/** Losses that lie too far apart are not one failure: the row begins again. */
function afterLoss(record: Row, at: number, probe: Probe, states: TunnelStates): Row {
  const span = Math.max(states.fallWindowMs, probe.intervalMs * probe.fall + probe.timeoutMs);
  const goesOn = record.lossesInRow > 0 && (record.lossesInRow >= probe.fall || at - record.losingSince <= span);
  return {
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

/** `proven` is what was proven before. */
function stateOf(
  record: Row & Pick<TunnelRecord, 'proven' | 'window' | 'trial'>,
  probe: Probe,
  states: TunnelStates,
): TunnelHealth {
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
