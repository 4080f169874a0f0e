/** What the guard noticed and did, for `status`, for the log and for the record. Bounded: they keep the rest. */
import type { WireState } from '../model/lease.js';
import type { Chronicle } from '../ports/chronicle.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import { clipped } from './recorded-levels.js';

const KEPT = 50;

export class Journal {
  private entries: WireState['reports'] = [];
  private readonly standing = new Map<string, string>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly chronicle: Chronicle,
  ) {}

  note(text: string): void {
    this.log.info(text);
    this.keep(text);
    this.chronicle.record({ kind: 'note', text: clipped(text) });
  }

  /** What is recorded in another form. */
  report(text: string): void {
    this.log.info(text);
    this.keep(text);
  }

  warn(text: string): void {
    this.log.warn(text);
    this.keep(text);
    this.chronicle.record({ kind: 'note', text: clipped(text) });
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
