/** What the agent notes about its own work, so that each renewal of the lease can ask whether it still pays attention. */
import { type Vigilance, type VigilanceBounds, whyNotRenew } from '../decide/essential-pass.js';
import type { Clock } from '../ports/clock.js';
import { Pulse } from './pulse.js';

/** Of a pause as long as the lease, the pulse reports as much at least … */
const ALMOST = 0.9;
/** … while it beats this often: shorter pauses are nothing to an agent, and each beat wakes it. */
const SHARE_OF_LEASE = 1 / 12;

export class Vigil {
  private seen: Vigilance = {};
  /** When the last look began, until something follows from it. */
  private readAt: number | undefined;
  private readonly pulse: Pulse;

  constructor(
    private readonly clock: Clock,
    private readonly bounds: () => VigilanceBounds,
    /** Milliseconds. Whoever stands still for longer may have lost the lease, and knows nothing of what happened. */
    leaseMs: () => number,
    /** A look is due now: until it has been taken nothing is renewed. */
    resumed: () => void,
  ) {
    const missed = (from: number, to: number): void => {
      if (to - from < ALMOST * leaseMs()) return;
      this.seen = { ...this.seen, resumedAt: to };
      resumed();
    };
    this.pulse = new Pulse(clock, leaseMs, missed, SHARE_OF_LEASE);
  }

  start(): void {
    this.pulse.start();
  }

  stop(): void {
    this.pulse.stop();
  }

  /** Runs a pass; its length counts. */
  async during<T>(pass: () => Promise<T>): Promise<T> {
    this.seen = { ...this.seen, passSince: this.clock.now() };
    try {
      return await pass();
    } finally {
      const { passSince: _, ...rest } = this.seen;
      this.seen = rest;
    }
  }

  /** Runs a full read-back. What it shows is as old as its beginning. */
  async looking<T>(look: () => Promise<T>): Promise<T> {
    const began = this.clock.now();
    this.readAt = undefined;
    try {
      const found = await look();
      this.readAt = began;
      return found;
    } catch (error) {
      this.seen = { ...this.seen, blind: error instanceof Error ? error.message : String(error) };
      throw error;
    }
  }

  /** What is announced from here on follows from the last look. */
  concluded(): void {
    if (this.readAt === undefined) return;
    const { blind: _, ...rest } = this.seen;
    this.seen = { ...rest, readAt: this.readAt };
  }

  /** Milliseconds; `undefined` before the first one. */
  get readAge(): number | undefined {
    const { readAt } = this.seen;
    return readAt === undefined ? undefined : this.clock.now() - readAt;
  }

  whyNotRenew(): string | undefined {
    this.pulse.check();
    return whyNotRenew(this.seen, this.bounds(), this.clock.now());
  }
}
