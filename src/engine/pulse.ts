/**
 * Notices that this process did not run: a stopped process, a paused machine,
 * a starved CPU. A guard could not hear its agent meanwhile, and an agent knows
 * nothing of what happened.
 *
 * Invariant: every moment is reported as missed at most once.
 */
import type { Clock, Timer } from '../ports/clock.js';

/**
 * Between two beats, and how late one may be before that counts: a pause of
 * less than two of them may go unnoticed, which is a fifteenth of a lease
 * where nothing else is asked for.
 * Ordinary scheduling and garbage collection stay below the shortest, and a
 * lapse promises to come within it; each beat wakes the process.
 */
const SHORTEST_MS = 100;
const LONGEST_MS = 1_000;
const FINE = 1 / 30;

export class Pulse {
  private due = Number.POSITIVE_INFINITY;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    /** In milliseconds; may change. */
    private readonly leaseMs: () => number,
    private readonly missed: (from: number, to: number) => void,
    /** Of a lease, between two beats. */
    private readonly share = FINE,
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
    if (now <= this.due + this.intervalMs) return;
    const from = this.due;
    this.arm();
    this.missed(from, now);
  }

  private readonly beat = (): void => {
    this.check();
    this.arm();
  };

  private arm(): void {
    const { intervalMs } = this;
    this.timer?.cancel();
    this.due = this.clock.now() + intervalMs;
    this.timer = this.clock.after(intervalMs, this.beat);
  }

  private get intervalMs(): number {
    return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, this.share * this.leaseMs()));
  }
}
