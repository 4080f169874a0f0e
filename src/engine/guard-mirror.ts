/**
 * What the speaker holds, as it was read back last.
 *
 * Invariants: nothing is believed that was not read; every change is followed
 * by a read-back; `observed` is absent while the speaker cannot be read.
 */
import type { SpeakerObserved, SpeakerOp } from '../model/path.js';
import { same } from '../model/same.js';
import type { Clock } from '../ports/clock.js';
import type { Speaker } from '../ports/speaker.js';

/** Paths and peers raise events; what raises none, the policy above all, is found changed within this time. */
const PERIOD_MS = 2_000;
/** Reading a large table back may take this share of the time at most: a hundredth by age, a quarter under events. */
const SHARE_BY_AGE = 100;
const SHARE_BY_EVENT = 4;
const SHORTEST_GAP_MS = 20;

export class SpeakerMirror {
  observed: SpeakerObserved | undefined;
  private stale = true;
  private readAt = Number.NEGATIVE_INFINITY;
  private readTook = 0;

  constructor(
    private readonly speaker: Speaker,
    private readonly clock: Clock,
  ) {}

  /** Something happened at the speaker; what, is to be read. */
  doubt(): void {
    this.stale = true;
  }

  /** Milliseconds until the mirror has to be read again; 0 or less when it is due. */
  dueIn(): number {
    if (!this.observed) return 0;
    const gap = this.stale
      ? Math.max(SHORTEST_GAP_MS, SHARE_BY_EVENT * this.readTook)
      : Math.max(PERIOD_MS, SHARE_BY_AGE * this.readTook);
    return this.readAt + gap - this.clock.now();
  }

  async read(): Promise<SpeakerObserved> {
    const began = this.clock.now();
    this.stale = false;
    let read: SpeakerObserved;
    try {
      read = await this.speaker.observe();
    } catch (error) {
      this.observed = undefined;
      throw error;
    }
    this.readAt = this.clock.now();
    this.readTook = this.readAt - began;
    // One object for as long as nothing changes: what was derived from it stands.
    if (this.observed === undefined || !same(this.observed, read)) this.observed = read;
    return this.observed;
  }

  async apply(ops: readonly SpeakerOp[]): Promise<SpeakerObserved> {
    try {
      await this.speaker.apply(ops);
    } catch (error) {
      // Part of it may have had its effect.
      this.observed = undefined;
      throw error;
    }
    return this.read();
  }
}
