/**
 * The state of a tunnel from its probes: `fall` consecutive losses and it is
 * down, `rise` consecutive answers and it is up. A probe that could not be
 * sent proves nothing about the remote and counts for neither.
 */
import type { TunnelProbe } from '../model/fleet.js';
import type { ProbeSample, TunnelHealth } from '../model/health.js';

export interface TunnelRecord {
  readonly health: TunnelHealth;
  /** Since when, in the samples' own clock. */
  readonly since: number;
  readonly answersInRow: number;
  readonly lossesInRow: number;
  /** Time of the last sample that proved anything. */
  readonly lastProof?: number;
  /** Milliseconds, of the last answer. */
  readonly roundTrip?: number;
  /** Why the last probe could not be sent. */
  readonly unsent?: string;
}

export const unprobed = (now: number): TunnelRecord => ({
  health: 'unknown',
  since: now,
  answersInRow: 0,
  lossesInRow: 0,
});

type Thresholds = Pick<TunnelProbe, 'rise' | 'fall' | 'intervalMs' | 'timeoutMs'>;

/** The record after one more sample. */
export function afterSample(record: TunnelRecord, sample: ProbeSample, probe: Thresholds): TunnelRecord {
  if (sample.outcome === 'unsent') {
    return { ...record, unsent: sample.detail ?? 'could not be sent' };
  }
  const answered = sample.outcome === 'answered';
  const { unsent: _solved, ...kept } = record;
  const next: TunnelRecord = {
    ...kept,
    answersInRow: answered ? record.answersInRow + 1 : 0,
    lossesInRow: answered ? 0 : record.lossesInRow + 1,
    lastProof: sample.at,
    ...(sample.roundTrip === undefined ? {} : { roundTrip: sample.roundTrip }),
  };
  const health = next.answersInRow >= probe.rise ? 'up' : next.lossesInRow >= probe.fall ? 'down' : record.health;
  return health === record.health ? next : { ...next, health, since: sample.at };
}

/**
 * Knowledge has a shelf life: without proof for as long as it takes to find a
 * tunnel down, twice over, nothing is known about it any more.
 */
export function aged(record: TunnelRecord, now: number, probe: Thresholds): TunnelRecord {
  const shelfLife = 2 * (probe.intervalMs * probe.fall + probe.timeoutMs);
  const proof = record.lastProof ?? record.since;
  if (record.health === 'unknown' || now - proof <= shelfLife) return record;
  return { ...record, health: 'unknown', since: now, answersInRow: 0, lossesInRow: 0 };
}
