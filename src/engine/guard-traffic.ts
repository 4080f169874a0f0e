/**
 * Counts customers' packets while a drain waits for them to go elsewhere.
 *
 * Invariant: once they have left, they have left for the rest of this drain: a
 * stray packet does not bring a withdrawn path back.
 */
import type { Clock, Timer } from '../ports/clock.js';
import type { CarriedTraffic } from '../ports/traffic.js';

const COUNT_MS = 250;
/** A rate is taken over this time. */
const WINDOW_MS = 1_000;
/** Strays of a router that is slow, and scanners that know the old way, are no reason to stay. */
const STRAY_SHARE = 0.001;

interface Sample {
  readonly at: number;
  readonly packets: number;
}

export interface Flow {
  readonly packetsPerSecond: number;
  readonly hasLeft: boolean;
}

export class TrafficWatch {
  /** `undefined` while nothing is watched or nobody can tell. */
  flow: Flow | undefined;
  private subject: { readonly leastUntil: number } | undefined;
  private samples: readonly Sample[] = [];
  private highest = 0;
  private timer: Timer | undefined;

  constructor(
    private readonly parts: {
      readonly traffic: CarriedTraffic;
      readonly clock: Clock;
      /** The packets have left, or nobody can tell any more. */
      changed(): void;
    },
  ) {}

  /** Watches a drain that began, and forgets the one before. `leastUntil`: until then nothing counts as left. */
  begin(leastUntil: number): void {
    this.end();
    this.subject = { leastUntil };
    this.count();
  }

  end(): void {
    this.timer?.cancel();
    this.subject = undefined;
    this.flow = undefined;
    this.samples = [];
    this.highest = 0;
  }

  private count(): void {
    const before = this.carries;
    this.take();
    if (!this.flow?.hasLeft) this.timer = this.parts.clock.after(COUNT_MS, () => this.count());
    if (before !== this.carries) this.parts.changed();
  }

  private get carries(): boolean {
    return this.flow !== undefined && !this.flow.hasLeft;
  }

  private take(): void {
    const now = this.parts.clock.now();
    const packets = this.parts.traffic.packets();
    const last = this.samples.at(-1);
    // A counter that cannot be read, or that began anew.
    if (packets === undefined || packets < (last?.packets ?? 0)) {
      this.samples = packets === undefined ? [] : [{ at: now, packets }];
      this.flow = undefined;
      return;
    }
    const from = this.samples.findLastIndex(({ at }) => now - at >= WINDOW_MS);
    this.samples = [...this.samples.slice(Math.max(0, from)), { at: now, packets }];
    const [first] = this.samples;
    if (!first || now - first.at < WINDOW_MS) return;
    const packetsPerSecond = (1_000 * (packets - first.packets)) / (now - first.at);
    this.highest = Math.max(this.highest, packetsPerSecond);
    const isQuiet = packetsPerSecond <= STRAY_SHARE * this.highest;
    this.flow = { packetsPerSecond, hasLeft: isQuiet && now >= (this.subject?.leastUntil ?? 0) };
  }
}
