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

/** What raises no event, the policy above all, is read this often; seldomer where that takes long. */
const PERIOD_MS = 2_000;
const LONGEST_PERIOD_MS = 20_000;
/** Reading back may take this share of the time at most: by age, where paths are only counted and where they are listed; and under events. */
const SHARE_BY_AGE = { counted: 200, listed: 3_000 } as const;
const LONGEST_UNLISTED_MS = 600_000;
const SHARE_BY_EVENT = 4;
const SHORTEST_GAP_MS = 20;
const LONGEST_GAP_MS = 10_000;

export class SpeakerMirror {
  observed: SpeakerObserved | undefined;
  private stale = true;
  private readAt = Number.NEGATIVE_INFINITY;
  private listedAt = Number.NEGATIVE_INFINITY;
  /** The last of each kind, in milliseconds. */
  private readonly took = { counted: 0, listed: 0 };

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
      ? Math.min(LONGEST_GAP_MS, Math.max(SHORTEST_GAP_MS, SHARE_BY_EVENT * this.took.listed))
      : Math.min(LONGEST_PERIOD_MS, Math.max(PERIOD_MS, SHARE_BY_AGE.counted * this.took.counted));
    const readDueIn = this.readAt + gap - this.clock.now();
    return this.stale ? readDueIn : Math.min(readDueIn, this.listDueIn());
  }

  private listDueIn(): number {
    const gap = Math.min(LONGEST_UNLISTED_MS, Math.max(PERIOD_MS, SHARE_BY_AGE.listed * this.took.listed));
    return this.listedAt + gap - this.clock.now();
  }

  async read(): Promise<SpeakerObserved> {
    const began = this.clock.now();
    const before = this.stale || this.listDueIn() <= 0 ? undefined : this.observed;
    this.stale = false;
    let read: SpeakerObserved;
    try {
      read = await this.speaker.observe(before);
    } catch (error) {
      this.observed = undefined;
      throw error;
    }
    this.readAt = this.clock.now();
    const kind = before && hasSameTable(before, read) ? 'counted' : 'listed';
    this.took[kind] = this.readAt - began;
    if (kind === 'listed') {
      this.listedAt = this.readAt;
      // A listing holds all that a count does: one count that was held up is not the measure of the next.
      this.took.counted = Math.min(this.took.counted, this.took.listed);
    }
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
    this.stale = true;
    return this.read();
  }
}

/** The very table: it was not listed again. */
const hasSameTable = (before: SpeakerObserved, read: SpeakerObserved): boolean =>
  before.state === 'started' && read.state === 'started' && before.paths === read.paths;
