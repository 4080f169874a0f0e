import type { Clock, Timer } from '../src/ports/clock.js';

interface Armed {
  readonly at: number;
  readonly call: () => void;
}

/**
 * Time that passes when the test says so. Timers fire in order, each followed
 * by whatever it set off, before time moves on.
 */
export class VirtualClock implements Clock {
  private readonly armed = new Set<Armed>();
  private epoch = Date.parse('2026-01-01T00:00:00Z');

  constructor(private time = 1_000_000) {}

  now(): number {
    return this.time;
  }

  wall(): string {
    return new Date(this.epoch + this.time).toISOString();
  }

  /** Somebody sets the wall clock; no other notices. */
  setWall(byMs: number): void {
    this.epoch += byMs;
  }

  after(ms: number, call: () => void): Timer {
    const timer: Armed = { at: this.time + Math.max(0, ms), call };
    this.armed.add(timer);
    return { cancel: () => this.armed.delete(timer) };
  }

  get timers(): number {
    return this.armed.size;
  }

  /** Everything that is ready to run, runs. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await this.settle();
    for (let next = this.next(); next && next.at <= end; next = this.next()) {
      this.time = Math.max(this.time, next.at);
      this.fire(next);
      await this.settle();
    }
    this.time = end;
  }

  /** The process stands still: time passes and no timer fires until afterwards. */
  async freeze(ms: number): Promise<void> {
    this.time += ms;
    await this.advance(0);
  }

  private fire(timer: Armed): void {
    this.armed.delete(timer);
    timer.call();
  }

  private next(): Armed | undefined {
    return [...this.armed].reduce<Armed | undefined>(
      (first, timer) => (!first || timer.at < first.at ? timer : first),
      undefined,
    );
  }
}
