import type { Clock } from '../../ports/clock.js';

/** setTimeout(3) in Node counts in a signed 32-bit integer; a longer delay would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

const NANOSECONDS_PER_MS = 1e6;

/** The machine's clocks. `now` agrees between processes of one boot, as CLOCK_MONOTONIC does. */
export function createClock(): Clock {
  return {
    now: () => Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS,
    wall: () => new Date().toISOString(),
    after: (ms, call) => {
      let handle: NodeJS.Timeout;
      const arm = (remaining: number): void => {
        handle =
          remaining > LONGEST_DELAY_MS
            ? setTimeout(() => arm(remaining - LONGEST_DELAY_MS), LONGEST_DELAY_MS)
            : setTimeout(call, Math.max(0, remaining));
      };
      arm(ms);
      return { cancel: () => clearTimeout(handle) };
    },
  };
}
