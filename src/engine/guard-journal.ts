/** What the guard noticed and did, for `status` and for the log. Bounded: the log keeps the rest. */
import type { WireState } from '../model/lease.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';

const KEPT = 50;

export class Journal {
  private entries: WireState['reports'] = [];
  private readonly standing = new Map<string, string>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  note(text: string): void {
    this.log.info(text);
    this.keep(text);
  }

  warn(text: string): void {
    this.log.warn(text);
    this.keep(text);
  }

  /** A condition that lasts is told once, until it changes or ends (`undefined`). */
  condition(subject: string, text: string | undefined): void {
    if (this.standing.get(subject) === text) return;
    if (text === undefined) {
      this.standing.delete(subject);
    } else {
      this.standing.set(subject, text);
      this.warn(text);
    }
  }

  /** Newest last. */
  get reports(): WireState['reports'] {
    return this.entries;
  }

  private keep(text: string): void {
    this.entries = [...this.entries, { at: this.clock.wall(), text }].slice(-KEPT);
  }
}
