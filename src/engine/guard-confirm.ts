/**
 * Whether prefixes that have gone from the RIB have gone from the peers too:
 * their Adj-RIB-Out is asked, beside the guard's loop. GoBGP reckons a peer's
 * Adj-RIB-Out anew for every question, however few prefixes it names, and
 * stands still for it: a second or two among 100,000. No change may wait for
 * that, so the loop goes on, and questions keep their distance, from each other
 * and from changes.
 *
 * Invariant: an answer confirms only what has been gone without a break since
 * the question.
 */
import type { Address, Prefix } from '../model/address.js';
import type { SpeakerObserved, SpeakerOp } from '../model/path.js';
import type { Clock } from '../ports/clock.js';
import type { Speaker } from '../ports/speaker.js';
import type { GuardChronicle } from './guard-chronicle.js';
import type { Journal } from './guard-journal.js';
import type { Settling } from './guard-settle.js';

/** Peers that still have a withdrawn path are asked again after this. */
const AGAIN_MS = 50;
/** Questions may take this share of the speaker's time, a twentieth; but none is put off for longer than that for it. */
const SHARE = 20;
const LONGEST_GAP_MS = 10_000;
/** Changes often follow each other: a question waits until none has come for as long as it will take, but no longer than this. */
const LONGEST_WAIT_MS = 60_000;
/** After a question that nobody answered. */
const RETRY_MS = 1_000;
const IDLE = Number.POSITIVE_INFINITY;

export interface ConfirmationParts {
  readonly speaker: Speaker;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly chronicle: GuardChronicle;
  readonly settling: Settling;
  /** A question has been answered, or has failed. */
  readonly answered: () => void;
}

export class Confirmation {
  /** Asked about, and gone ever since. */
  private asked: Set<Prefix> | undefined;
  private readyAt = Number.NEGATIVE_INFINITY;
  private took = 0;
  private changedAt = Number.NEGATIVE_INFINITY;
  /** Since when there is something to ask about. */
  private openSince: number | undefined;
  private stopped = false;

  constructor(private readonly parts: ConfirmationParts) {}

  /**
   * After a look that has shown these prefixes as gone, and no others. In a
   * hurry questions follow each other at once. Milliseconds until it has to be
   * called again; infinity while nothing is open or an answer is awaited.
   */
  attend(absent: ReadonlySet<Prefix>, observed: SpeakerObserved, inHurry: boolean): number {
    const { settling, clock } = this.parts;
    const open = settling.open(absent);
    if (this.asked) {
      for (const prefix of this.asked) if (!absent.has(prefix)) this.asked.delete(prefix);
      return IDLE;
    }
    if (open.length === 0) {
      this.openSince = undefined;
      return IDLE;
    }
    const peers = observed.state === 'started' ? observed.peers : [];
    const established = peers.flatMap(({ address, state }) => (state === 'established' ? [address] : []));
    if (established.length === 0) {
      this.confirm(open);
      return IDLE;
    }
    const now = clock.now();
    this.openSince ??= now;
    const wait = (inHurry ? this.readyAt : this.dueAt(this.openSince)) - now;
    if (wait > 0) return wait;
    this.openSince = undefined;
    void this.ask(open, established);
    return IDLE;
  }

  /** About to be applied: about what is announced, nothing that was asked before is answered. */
  changing(ops: readonly SpeakerOp[]): void {
    this.changedAt = this.parts.clock.now();
    if (!this.asked) return;
    for (const op of ops) if (op.kind === 'announce') for (const { prefix } of op.paths) this.asked.delete(prefix);
  }

  stop(): void {
    this.stopped = true;
  }

  private dueAt(openSince: number): number {
    const gap = Math.min(LONGEST_GAP_MS, SHARE * this.took);
    const calm = this.changedAt + Math.min(LONGEST_GAP_MS, this.took);
    return Math.max(this.readyAt + gap, Math.min(calm, openSince + LONGEST_WAIT_MS));
  }

  private async ask(open: readonly Prefix[], peers: readonly Address[]): Promise<void> {
    const { speaker, clock, journal, answered } = this.parts;
    const asked = new Set(open);
    this.asked = asked;
    const began = clock.now();
    try {
      const still = new Set(await speaker.stillSent(open, peers));
      this.readyAt = clock.now() + (still.size > 0 ? AGAIN_MS : 0);
      this.took = clock.now() - began;
      this.confirm([...asked].filter((prefix) => !still.has(prefix)));
      journal.condition('confirm', undefined);
    } catch (error) {
      if (this.stopped) return;
      this.readyAt = clock.now() + RETRY_MS;
      const why = error instanceof Error ? error.message : String(error);
      journal.condition('confirm', `cannot see whether withdrawn prefixes have left the peers: ${why}`);
    } finally {
      this.asked = undefined;
    }
    if (!this.stopped) answered();
  }

  private confirm(gone: readonly Prefix[]): void {
    this.parts.settling.confirm(gone, this.parts.clock.now());
    this.parts.chronicle.gone(gone);
  }
}
