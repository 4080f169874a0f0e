import { setTimeout as pause } from 'node:timers/promises';

/**
 * Polls until `probe` yields something other than `undefined` or `false`;
 * throws what it last saw when `boundMs` is over.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  boundMs = 10_000,
): Promise<T> {
  const end = performance.now() + boundMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await probe();
      if (seen !== undefined && seen !== false) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${boundMs} ms; last: ${String(last)}`);
    await pause(10);
  }
}
