/**
 * Whether a server that comes up with nothing announced may go by the fleet
 * that lies on its disk. Its age is how long ago this server last ran with it,
 * not the file's: a fleet that nobody had to change for months is as good as
 * new, and one that a server slept over may name customers who have left.
 */
import type { Reason } from '../model/reason.js';

/** What a guard wrote down while it ran. Wall-clock milliseconds: no other clock survives a reboot. */
export interface LastRun {
  readonly at: number;
  readonly generation: string;
}

/** `none`: this server has never run. `unreadable`: it has, and when is not known. */
export type LastRunRecord = LastRun | 'none' | 'unreadable';

/** Two readings of one machine's clock may differ by this without its having been wrong. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Why nothing may be announced until an operator has confirmed; `undefined` when it may. */
export function staleBoot(record: LastRunRecord, wallMs: number, bootMaxAgeMs: number): Reason | undefined {
  if (record === 'none') return undefined;
  if (record === 'unreadable') return { code: 'boot-stale', detail: 'its record of the last run cannot be understood' };
  const age = wallMs - record.at;
  if (age < -CLOCK_TOLERANCE_MS) {
    return { code: 'boot-stale', detail: `this clock is behind the last run, ${hours(-age)} h: set the clock` };
  }
  if (age <= bootMaxAgeMs) return undefined;
  const detail = `it last ran ${hours(age)} h ago, with fleet ${record.generation}; bootMaxAge is ${hours(bootMaxAgeMs)} h`;
  return { code: 'boot-stale', detail };
}

const hours = (ms: number): string => (ms / 3_600_000).toFixed(1);
