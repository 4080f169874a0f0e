/**
 * What the agent asks for, and what another set would change in it: nearly
 * always little, of very many. Whoever judges a set, accepts it and decides
 * about it asks for the same difference, which is taken once.
 */
import { changedIn } from '../model/changes.js';
import type { List } from '../model/list.js';
import type { Announcement } from '../model/path.js';

type Announcements = List<Announcement>;

interface Difference {
  readonly next: Announcements;
  readonly before: Announcements | undefined;
  readonly changed: Announcements | undefined;
}

export class AskedFor {
  /** The same list as before while a set says the same. */
  announcements: Announcements | undefined;
  /** As accepted last: equal to `announcements`, and often the very same. */
  private accepted: Announcements | undefined;
  private difference: Difference | undefined;

  /** Of a speaker that was found. */
  adopt(standing: Announcements): void {
    this.announcements = standing;
  }

  /** Most sets only renew: what was decided then still holds. */
  accept(next: Announcements): void {
    if (this.changedBy(next)?.length !== 0) this.announcements = next;
    this.accepted = next;
  }

  /** What a set says differently; `undefined` where it names other prefixes. */
  changedBy(next: Announcements): Announcements | undefined {
    return next === this.accepted ? [] : this.between(next, this.announcements);
  }

  /** What is asked for now and was not then. */
  changedSince(before: Announcements | undefined): Announcements | undefined {
    const { announcements } = this;
    return announcements && this.between(announcements, before);
  }

  /** Everything has been decided: nobody asks for the difference again. */
  settle(): void {
    this.difference = undefined;
  }

  private between(next: Announcements, before: Announcements | undefined): Announcements | undefined {
    const { difference } = this;
    if (difference?.next === next && difference.before === before) return difference.changed;
    this.difference = { next, before, changed: changedIn(next, before) };
    return this.difference.changed;
  }
}
