/**
 * Who may hand over desired sets.
 *
 * Invariants: at most one epoch is valid at a time; epochs and, within one,
 * sequences only rise, also over a restart of the guard unless the clock was
 * set back; an epoch whose lease has lapsed is over. What is refused is whatever
 * is not the current epoch, older or newer.
 */
import type { DesiredSet, OfferRefusal } from '../model/lease.js';
import { prefixesIn } from '../model/said-list.js';
import type { Caller } from '../ports/guard.js';

interface Holder {
  readonly caller: Caller;
  readonly pid: number;
  readonly since: number;
}

export type Refusal = { readonly refusal: OfferRefusal; readonly detail: string };

/** A set that claims a longer right than this is a mistake: it would keep a dead agent's wire up for as long. */
const LONGEST_TTL_MS = 600_000;

type Announcements = DesiredSet['announcements'];

/** The same prefixes in the same places. */
function namesTheSame(a: Announcements, b: Announcements = []): boolean {
  const [named, before] = [prefixesIn(a), prefixesIn(b)];
  if (named === before) return true;
  return named.length === before.length && named.every((prefix, place) => prefix === before[place]);
}

const namesEachOnce = (announcements: Announcements): boolean =>
  new Set(prefixesIn(announcements)).size === announcements.length;

export class Seat {
  private holder: Holder | undefined;
  private epoch = 0;
  private sequence = 0;
  private open = false;
  /** Announcements that name no prefix twice: most sets name those of the set before. */
  private sound: Announcements | undefined;

  /**
   * Gives the seat away with a new epoch, or answers the pid of the agent that
   * holds it. A new holder has `helloMs` for its first set before it counts as absent.
   */
  take(
    claim: { readonly caller: Caller; readonly pid: number },
    at: { readonly now: number; readonly wallMs: number; readonly leaseLive: boolean; readonly helloMs: number },
  ): { readonly epoch: number } | { readonly heldBy: number } {
    const { holder } = this;
    const another = holder && holder.caller !== claim.caller && holder.pid !== claim.pid;
    if (another && (at.leaseLive || at.now < holder.since + at.helloMs)) return { heldBy: holder.pid };
    this.holder = { ...claim, since: at.now };
    // Wall clock, so that an epoch of an earlier guard is older than any of ours.
    this.epoch = Math.max(this.epoch + 1, Math.floor(at.wallMs));
    this.sequence = 0;
    this.open = true;
    return { epoch: this.epoch };
  }

  /** The connection is gone: its agent died, or will say hello again. */
  left(caller: Caller): void {
    if (this.holder?.caller === caller) this.holder = undefined;
  }

  /** Ends an epoch; false when it is not the current one. */
  leave(epoch: number): boolean {
    if (!this.isCurrent(epoch)) return false;
    this.open = false;
    this.holder = undefined;
    return true;
  }

  /**
   * The lease of the sets received so far has run out: their agent may have
   * stood still, and what it says next would be of the time before. An epoch
   * that has not had a set yet goes on; its agent is still looking around.
   */
  lapse(): void {
    if (this.sequence > 0) this.open = false;
  }

  /** Counts the set as received unless it is refused. */
  refuse(set: DesiredSet): Refusal | undefined {
    if (!this.isCurrent(set.epoch)) {
      const current = this.open ? `the current one is ${this.epoch}` : 'none is open';
      return { refusal: 'stale-epoch', detail: `epoch ${set.epoch} has ended, ${current}; say hello again` };
    }
    if (set.sequence <= this.sequence) {
      return { refusal: 'stale-sequence', detail: `sequence ${set.sequence} is not newer than ${this.sequence}` };
    }
    if (!(set.ttlMs > 0 && set.ttlMs <= LONGEST_TTL_MS)) {
      return { refusal: 'invalid', detail: `ttlMs is ${set.ttlMs}, must be above 0 and at most ${LONGEST_TTL_MS}` };
    }
    const { announcements } = set;
    if (!namesTheSame(announcements, this.sound) && !namesEachOnce(announcements)) {
      return { refusal: 'invalid', detail: 'a prefix is named twice' };
    }
    this.sound = announcements;
    this.sequence = set.sequence;
    return undefined;
  }

  private isCurrent(epoch: number): boolean {
    return this.open && epoch === this.epoch;
  }
}
