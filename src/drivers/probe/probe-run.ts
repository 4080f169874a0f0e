import type { ProbeSample } from '../../model/health.js';
import type { ProbeSpec } from '../../ports/prober.js';
import type { Sender } from './sender.js';
import type { Task } from './timetable.js';

/** Probes of one tunnel that may be unanswered at once; the next ones are not sent. */
const MAX_IN_FLIGHT = 64;

export interface ProbeRunOptions {
  readonly spec: ProbeSpec;
  readonly sender: Sender;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  /** Takes in whatever has arrived. */
  readonly drain: () => void;
  readonly sample: TakeSample;
  /** When the first one is sent. */
  readonly firstBeat: number;
}

/** `mayWaitMs`: one more answer after many says little, and may travel with others. */
export type TakeSample = (sample: ProbeSample, mayWaitMs: number) => void;

/** As many answers in a row as change nothing, whatever `rise` is sensible. */
const ROUTINE = 10;
/** Knowledge of a tunnel lasts for two intervals at least, so that one that arrives an interval late is not too late. */
const LONGEST_WAIT_MS = 500;

/** One probe, sent at a fixed beat. Beats that a busy machine missed are left out, not caught up. */
export class ProbeRun implements Task {
  readonly #options: ProbeRunOptions;
  /** When each unanswered one was sent, the oldest first. */
  readonly #inFlight = new Map<number, number>();
  #sequence = 0;
  #answersInRow = 0;
  #beat: number;
  /** The next beat, or the end of the oldest unanswered one's time. */
  at: number;

  constructor(options: ProbeRunOptions) {
    this.#options = options;
    this.#beat = options.firstBeat;
    this.at = this.#beat;
  }

  run(now: number): void {
    if (this.#oldestEndsAt() <= now) {
      this.#options.drain();
      this.#endOverdue(now);
    }
    if (this.#beat <= now) {
      this.#sendOne();
      const { intervalMs } = this.#options.spec;
      this.#beat += intervalMs * Math.max(1, Math.ceil((this.#options.now() - this.#beat) / intervalMs));
    }
    this.at = Math.min(this.#beat, this.#oldestEndsAt());
  }

  /** An answer came; late ones, and those of nobody, are ignored. */
  answered(sequence: number): void {
    const sentAt = this.#inFlight.get(sequence);
    if (sentAt === undefined) return;
    this.#inFlight.delete(sequence);
    this.at = Math.min(this.#beat, this.#oldestEndsAt());
    const at = this.#options.now();
    this.#report({ outcome: 'answered', at, roundTrip: at - sentAt });
  }

  #oldestEndsAt(): number {
    for (const sentAt of this.#inFlight.values()) return sentAt + this.#options.spec.timeoutMs;
    return Number.POSITIVE_INFINITY;
  }

  #endOverdue(now: number): void {
    for (const [sequence, sentAt] of this.#inFlight) {
      if (sentAt + this.#options.spec.timeoutMs > now) return;
      this.#inFlight.delete(sequence);
      this.#report({ outcome: 'lost', at: this.#options.now() });
    }
  }

  #sendOne(): void {
    const { sender, now } = this.#options;
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      return this.#report({ outcome: 'unsent', at: now(), detail: `${MAX_IN_FLIGHT} probes are unanswered already` });
    }
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sentAt = now();
    const refusal = sender.send(this.#sequence);
    if (refusal !== undefined) return this.#report({ outcome: 'unsent', at: now(), detail: refusal });
    this.#inFlight.set(this.#sequence, sentAt);
  }

  #report(end: Omit<ProbeSample, 'customer' | 'tunnel'>): void {
    const { customer, tunnel, intervalMs } = this.#options.spec;
    this.#answersInRow = end.outcome === 'answered' ? this.#answersInRow + 1 : 0;
    const mayWaitMs = this.#answersInRow > ROUTINE ? Math.min(intervalMs, LONGEST_WAIT_MS) : 0;
    this.#options.sample({ customer, tunnel, ...end }, mayWaitMs);
  }
}
