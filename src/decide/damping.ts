/**
 * Hold-down: a prefix that has flapped stays degraded for a while after its
 * recovery. Only the step from degraded to full is delayed; a fall never is,
 * and neither is the way back onto the wire.
 */
import type { Level } from '../model/level.js';
import { fnv1a } from '../model/naming.js';
import type { Reason } from '../model/reason.js';
import type { HoldDown } from '../model/safety.js';

/** CLOCK_MONOTONIC, milliseconds. */
export interface Damping {
  /** Falls from full that are not forgotten yet. */
  readonly flaps: number;
  /** When the last flap was counted, or one was forgotten. */
  readonly countedAt: number;
  /** Since when full has been asked for without a break. */
  readonly fullSince?: number;
}

export interface Damped {
  readonly damping: Damping;
  /** Never above what was asked. */
  readonly level: Level;
  /** Present while full is held back, with the time at which it is not any more, or for a shorter time than it seemed. */
  readonly held?: { readonly reason: Reason; readonly until: number };
}

/** Servers and prefixes that fell together do not return in one burst: up to this share is added. */
const JITTER = 0.25;
const HASHES = 2 ** 32;

/** Milliseconds of degraded after `flaps` flaps; `seed` names server and prefix. */
export function holdOf(flaps: number, { firstMs, mostMs }: HoldDown, seed: string): number {
  if (flaps === 0) return 0;
  const base = Math.min(mostMs, firstMs * 2 ** (flaps - 1));
  return base * (1 + (JITTER * fnv1a(`${seed} ${flaps}`)) / HASHES);
}

/** The level in force when `asked` is what facts and budgets permit. `before` is absent for a prefix seen for the first time, which owes nothing. */
export function damp(before: Damping | undefined, asked: Level, now: number, holdDown: HoldDown, seed: string): Damped {
  const { flaps, countedAt, fullSince } = decayed(before ?? { flaps: 0, countedAt: now }, now, holdDown.decayMs);
  if (asked !== 'full') {
    const damping =
      fullSince === undefined
        ? { flaps, countedAt }
        : { flaps: Math.min(flaps + 1, mostFlaps(holdDown)), countedAt: now };
    return { damping, level: asked };
  }
  const since = fullSince ?? now;
  const damping = { flaps, countedAt, fullSince: since };
  const hold = holdOf(flaps, holdDown, seed);
  if (now >= since + hold) return { damping, level: 'full' };
  const times = flaps === 1 ? 'one flap' : `${flaps} flaps`;
  const reason: Reason = {
    code: 'hold-down',
    detail: `${times}: full after ${(hold / 1000).toFixed(1)} s without another`,
  };
  return { damping, level: 'degraded', held: { reason, until: Math.min(since + hold, countedAt + holdDown.decayMs) } };
}

function decayed(damping: Damping, now: number, decayMs: number): Damping {
  const forgotten = Math.min(damping.flaps, Math.floor((now - damping.countedAt) / decayMs));
  return forgotten <= 0
    ? damping
    : { ...damping, flaps: damping.flaps - forgotten, countedAt: damping.countedAt + forgotten * decayMs };
}

/** More of them would change no delay and only take longer to forget. */
const mostFlaps = ({ firstMs, mostMs }: HoldDown): number =>
  firstMs === 0 ? 1 : Math.max(1, Math.ceil(Math.log2(mostMs / firstMs)) + 1);
