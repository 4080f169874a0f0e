import { fnv1a } from '../../model/naming.js';

/**
 * So many probes leave together. To wake up costs more than to send one, which
 * takes some 40 µs; a thousand at once would hold up each other's answers.
 */
const TOGETHER = 8;

/**
 * When a probe beats for the first time, on a clock in milliseconds: less than
 * `intervalMs` after `now`. The interval is divided into as many slots as
 * `probes` need, a power of two, and a probe's text says which is its own:
 * those of one slot and interval beat together, whenever each of them started.
 */
export function firstBeat(
  text: string,
  { intervalMs, probes, now }: { readonly intervalMs: number; readonly probes: number; readonly now: number },
): number {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(1, probes / TOGETHER)));
  const phase = ((fnv1a(text) % slots) * intervalMs) / slots;
  const sinceBeat = (now - phase) % intervalMs;
  return now + (sinceBeat > 0 ? intervalMs - sinceBeat : -sinceBeat);
}
