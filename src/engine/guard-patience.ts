/** How long a speaker that declined is left alone: our own attempts raise events, which would wake the loop at once. */
import type { Clock } from '../ports/clock.js';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 1_000;

export class Patience {
  private retryMs = FIRST_RETRY_MS;
  private until = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  /** Milliseconds until it may be asked again; not above 0 when it may. */
  left(): number {
    return this.until - this.clock.now();
  }

  succeeded(): void {
    this.retryMs = FIRST_RETRY_MS;
  }

  /** Answers after how long to try again; doubles with each failure in a row. Who only did not answer may be asked earlier. */
  failed(declined: boolean): number {
    const { retryMs } = this;
    if (declined) this.until = this.clock.now() + retryMs;
    this.retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    return retryMs;
  }
}
