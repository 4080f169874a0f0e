/** Callers whose answer waits for a pass. */
import type { Clock } from '../ports/clock.js';

export class Waiters {
  private waiting: (() => void)[] = [];

  constructor(private readonly clock: Clock) {}

  /** Resolves once a pass that began after this call has ended, but no later than after `boundMs`. */
  wait(boundMs: number): Promise<void> {
    return new Promise((resolve) => {
      const bound = this.clock.after(boundMs, resolve);
      this.waiting.push(() => {
        bound.cancel();
        resolve();
      });
    });
  }

  /** A pass begins: whoever waits now is answered by calling the result. */
  served(): () => void {
    const served = this.waiting;
    this.waiting = [];
    return () => {
      for (const done of served) done();
    };
  }
}
