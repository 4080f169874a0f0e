/**
 * A level-triggered loop around one asynchronous pass.
 *
 * Invariants: passes never overlap; a wake during a pass causes exactly one
 * more; wakes carry no facts and coalesce; a pass that throws is reported and
 * the next one comes after `retryMs`; without wakes a pass runs every
 * `periodMs`; after `stop` has resolved none runs and no timer is left.
 */
import type { Clock, Timer } from '../ports/clock.js';

export interface LoopOptions {
  readonly clock: Clock;
  readonly periodMs: number;
  readonly retryMs: number;
  readonly pass: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

export class Loop {
  private running: Promise<void> | undefined;
  private pending = false;
  private stopped = false;
  private timer: Timer | undefined;
  private soonest = Number.POSITIVE_INFINITY;

  constructor(private readonly options: LoopOptions) {}

  wake(): void {
    if (this.stopped) return;
    if (this.running) {
      this.pending = true;
      return;
    }
    this.timer?.cancel();
    this.running = this.once().finally(() => {
      this.running = undefined;
      if (this.pending) {
        this.pending = false;
        this.wake();
      }
    });
  }

  /** Called within a pass: the next one comes after `ms` at the latest. */
  wakeAfter(ms: number): void {
    this.soonest = Math.min(this.soonest, ms);
  }

  /** Resolves when the pass under way, if any, has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.pending = false;
    this.timer?.cancel();
    await this.running;
  }

  private async once(): Promise<void> {
    const { clock, periodMs, retryMs, pass, failed } = this.options;
    let next = periodMs;
    try {
      await pass();
    } catch (error) {
      failed(error);
      next = retryMs;
    }
    const wait = Math.min(next, this.soonest);
    this.soonest = Number.POSITIVE_INFINITY;
    if (!this.stopped) this.timer = clock.after(wait, () => this.wake());
  }
}
