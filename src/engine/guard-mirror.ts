/**
 * What the speaker holds, as it was read back last.
 *
 * Invariants: nothing is believed that was not read; every change is followed
 * by a read-back of what it changed; `observed` is absent while the speaker
 * cannot be read.
 */
import type { Prefix } from '../model/address.js';
import type { Path, SpeakerObserved, SpeakerOp } from '../model/path.js';
import { same } from '../model/same.js';
import type { Clock } from '../ports/clock.js';
import type { Doubt, Since, Speaker } from '../ports/speaker.js';
import type { List } from '../model/list.js';

/** What raises no event, the policy above all, is read this often; seldomer where that takes long. */
const PERIOD_MS = 2_000;
const LONGEST_PERIOD_MS = 20_000;
/** Reading back may take this share of the time at most: by age, where paths are only counted and where they are listed; and under events. */
const SHARE_BY_AGE = { counted: 200, listed: 3_000 } as const;
const LONGEST_UNLISTED_MS = 600_000;
const SHARE_BY_EVENT = 4;
const SHORTEST_GAP_MS = 20;
const LONGEST_GAP_MS = 10_000;
/** More are as quickly read with the whole table. */
const MOST_DOUBTED = 500;

/** How much is read: what an event or a change of ours named, that and the barrier, or everything. */
type Depth = 'named' | 'counted' | 'listed';

/** Looks that show all that one of this depth does. */
const AS_DEEP: Readonly<Record<Depth, readonly Depth[]>> = {
  named: ['named', 'counted', 'listed'],
  counted: ['counted', 'listed'],
  listed: ['listed'],
};

export class SpeakerMirror {
  observed: SpeakerObserved | undefined;
  /** What an event or a change of ours has put in doubt since the last look. */
  private doubted: Set<Prefix> | 'everything' | undefined = 'everything';
  private readAt = Number.NEGATIVE_INFINITY;
  private barrierReadAt = Number.NEGATIVE_INFINITY;
  private listedAt = Number.NEGATIVE_INFINITY;
  /** How long the last two looks of each depth took, in milliseconds; latest first. */
  private readonly lasted: Record<Depth, readonly number[]> = { named: [], counted: [], listed: [] };

  constructor(
    private readonly speaker: Speaker,
    private readonly clock: Clock,
  ) {}

  /** Something happened at the speaker; what, is to be read. */
  doubt(doubt: Doubt): void {
    if (doubt === 'everything' || this.doubted === 'everything') {
      this.doubted = 'everything';
      return;
    }
    this.doubted ??= new Set();
    for (const prefix of doubt.prefixes) this.doubted.add(prefix);
    if (this.doubted.size > MOST_DOUBTED) this.doubted = 'everything';
  }

  /** What was read stands but for single paths: a change may be made before the next look, which then shows both. */
  get isSound(): boolean {
    return this.observed?.state === 'started' && this.doubted !== 'everything';
  }

  /** Milliseconds until the mirror has to be read again; 0 or less when it is due. */
  dueIn(): number {
    if (!this.observed) return 0;
    const byAge = Math.min(this.barrierDueIn(), this.listDueIn());
    if (this.doubted === undefined) return byAge;
    const took = this.took(this.doubted === 'everything' ? 'listed' : 'named');
    const gap = Math.min(LONGEST_GAP_MS, Math.max(SHORTEST_GAP_MS, SHARE_BY_EVENT * took));
    return this.readAt + gap - this.clock.now();
  }

  async read(): Promise<SpeakerObserved> {
    const began = this.clock.now();
    const since = this.since();
    const read = await this.look(since).catch((error: unknown) => {
      this.observed = undefined;
      throw error;
    });
    // One object for as long as nothing changes: what was derived from it stands.
    if (this.observed === undefined || !same(this.observed, read.observed)) this.observed = read.observed;
    this.readAt = this.clock.now();
    if (read.depth !== 'named') this.barrierReadAt = this.readAt;
    if (read.depth === 'listed') this.listedAt = this.readAt;
    this.lasted[read.depth] = [this.readAt - began, ...this.lasted[read.depth]].slice(0, 2);
    return this.observed;
  }

  /**
   * What a look of this depth takes: the shorter of the last two, because one
   * that was held up is not the measure of the next; and no more than a deeper
   * one, which holds all that it does. 0 before the first.
   */
  private took(depth: Depth): number {
    if (this.lasted[depth].length === 0) return 0;
    return Math.min(...AS_DEEP[depth].flatMap((each) => this.lasted[each]));
  }

  /** The paths that were read are equal to these: from now on they are these, so that they are compared by identity. */
  recognise(observed: SpeakerObserved, paths: List<Path>): SpeakerObserved {
    if (observed.state !== 'started' || observed.paths === paths || this.observed !== observed) return observed;
    this.observed = { ...observed, paths };
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
    for (const op of ops) this.doubt(doubtOf(op));
    if (ops.some(({ kind }) => kind === 'allow' || kind === 'disallow')) this.barrierReadAt = Number.NEGATIVE_INFINITY;
    return this.read();
  }

  private barrierDueIn(): number {
    const gap = Math.min(LONGEST_PERIOD_MS, Math.max(PERIOD_MS, SHARE_BY_AGE.counted * this.took('counted')));
    return this.barrierReadAt + gap - this.clock.now();
  }

  private listDueIn(): number {
    const gap = Math.min(LONGEST_UNLISTED_MS, Math.max(PERIOD_MS, SHARE_BY_AGE.listed * this.took('listed')));
    return this.listedAt + gap - this.clock.now();
  }

  /** Empties the doubt: whatever happens from here on is news. */
  private since(): Since | undefined {
    const { observed, doubted } = this;
    this.doubted = undefined;
    if (observed?.state !== 'started' || doubted === 'everything' || this.listDueIn() <= 0) return undefined;
    return { observed, doubted: [...(doubted ?? [])], barrier: this.barrierDueIn() <= 0 };
  }

  private async look(since: Since | undefined): Promise<{ readonly observed: SpeakerObserved; readonly depth: Depth }> {
    const observed = since && (await this.speaker.recheck(since));
    if (since && observed) return { observed, depth: since.barrier ? 'counted' : 'named' };
    return { observed: await this.speaker.observe(), depth: 'listed' };
  }
}

/** What an operation of ours has changed. */
function doubtOf(op: SpeakerOp): Doubt {
  switch (op.kind) {
    case 'announce':
      return { prefixes: op.paths.map(({ prefix }) => prefix) };
    case 'withdraw':
      return { prefixes: op.prefixes };
    case 'allow':
    case 'disallow':
    case 'add-peer':
    case 'delete-peer':
      return { prefixes: [] };
    case 'start':
    case 'install-barrier':
    case 'delete-foreign':
      return 'everything';
  }
}
