/**
 * The state of a check from its samples: `rise` successes in a row and it is
 * up, `fall` failures in a row and it is down. One that could not be made
 * proves nothing and counts for neither.
 */
import type { CheckSample, CheckTiming } from '../model/check.js';
import type { CheckHealth } from '../model/health.js';

/** Times are CLOCK_MONOTONIC, milliseconds. */
export interface CheckRecord {
  /** What is known now: `unknown` before the first verdict, and again when the last proof is too old. */
  readonly health: CheckHealth;
  /** What was proven last; outlives the proof. */
  readonly proven: CheckHealth;
  /** Since when `health`. */
  readonly since: number;
  readonly successes: number;
  readonly failures: number;
  /** When the last sample ended that proved anything. */
  readonly lastProof?: number;
  /** Milliseconds from question to answer, of the last success. */
  readonly took?: number;
  /** Why the last sample was no success. */
  readonly detail?: string;
}

export const unchecked = (now: number): CheckRecord => ({
  health: 'unknown',
  proven: 'unknown',
  since: now,
  successes: 0,
  failures: 0,
});

/** The record after one more sample. */
export function afterCheck(record: CheckRecord, sample: CheckSample, timing: CheckTiming): CheckRecord {
  const detail = sample.detail === undefined ? {} : { detail: sample.detail };
  if (sample.outcome === 'unsent') {
    const { detail: _old, ...kept } = record;
    return { ...kept, ...detail };
  }
  const at = sample.sentAt + sample.took;
  const isSuccess = sample.outcome === 'ok';
  const successes = isSuccess ? record.successes + 1 : 0;
  const failures = isSuccess ? 0 : record.failures + 1;
  const verdict = successes >= timing.rise ? 'up' : failures >= timing.fall ? 'down' : undefined;
  const health = verdict ?? record.health;
  const took = isSuccess ? sample.took : record.took;
  return {
    health,
    proven: verdict ?? record.proven,
    since: health === record.health ? record.since : at,
    ...{ successes, failures, lastProof: at },
    ...(took === undefined ? {} : { took }),
    ...detail,
  };
}

/** Nothing is known any more when nothing was proven for as long as it takes to find a check down, twice over. */
export function agedCheck(record: CheckRecord, now: number, timing: CheckTiming): CheckRecord {
  const shelfLife = 2 * (timing.intervalMs * timing.fall + timing.timeoutMs);
  const proof = record.lastProof ?? record.since;
  if (record.health === 'unknown' || now - proof <= shelfLife) return record;
  return { ...record, health: 'unknown', since: now, successes: 0, failures: 0 };
}
