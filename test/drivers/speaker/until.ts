import { setTimeout as pause } from 'node:timers/promises';

/** Often at first; a wait of seconds is not worth a core. Milliseconds. */
const pauseAfter = (waitedMs: number): number => (waitedMs < 2_000 ? 10 : 50);

/**
 * Polls until `probe` yields something other than `undefined` or `false`;
 * throws what it last saw when `boundMs` is over.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  boundMs = 10_000,
): Promise<T> {
  const began = performance.now();
  let last: unknown;
  for (;;) {
    try {
      const seen = await probe();
      if (seen !== undefined && seen !== false) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    const waitedMs = performance.now() - began;
    if (waitedMs > boundMs) throw new Error(`${what}: not within ${boundMs} ms; last: ${String(last)}`);
    await pause(pauseAfter(waitedMs));
  }
}
