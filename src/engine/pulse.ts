/**
 * Notices that this process did not run: a stopped process, a paused machine,
 * a starved CPU. A guard could not hear its agent meanwhile, and an agent knows
 * nothing of what happened.
 *
 * Invariant: every moment is reported as missed at most once.
 */
import type { Clock, Timer } from '../ports/clock.js';

const INTERVAL_MS = 100;
/** Ordinary scheduling and garbage collection stay below; a lapse promises to come within 100 ms. */
const THRESHOLD_MS = 100;

export class Pulse {
  private due = Number.POSITIVE_INFINITY;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly missed: (from: number, to: number) => void,
  ) {}

  start(): void {
    this.arm();
  }

  stop(): void {
    this.timer?.cancel();
    this.due = Number.POSITIVE_INFINITY;
  }

  /** To be called before any decision that looks at the clock: after a pause other timers may fire before ours. */
  check(): void {
    const now = this.clock.now();
    if (now <= this.due + THRESHOLD_MS) return;
    const from = this.due;
    this.arm();
    this.missed(from, now);
  }

  private arm(): void {
    this.timer?.cancel();
    this.due = this.clock.now() + INTERVAL_MS;
    this.timer = this.clock.after(INTERVAL_MS, () => {
      this.check();
      this.arm();
    });
  }
}
