import { fnv1a } from '../../model/naming.js';
import type { ProbeSample } from '../../model/health.js';
import type { ProbeSpec } from '../../ports/prober.js';
import type { Sender } from './sender.js';

/** Probes of one tunnel that may be unanswered at once; the next ones are not sent. */
const MAX_IN_FLIGHT = 64;

export interface ProbeRunOptions {
  readonly spec: ProbeSpec;
  readonly sender: Sender;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  /** Takes in whatever has arrived. */
  readonly drain: () => void;
  readonly sample: (sample: ProbeSample) => void;
}

interface InFlight {
  readonly sentAt: number;
  readonly timeout: NodeJS.Timeout;
}

/**
 * One probe, sent at a fixed beat. Its phase follows from its own text, so
 * that a thousand probes that start together are spread over the interval.
 * Beats that a busy machine missed are left out, not caught up.
 */
export class ProbeRun {
  readonly #options: ProbeRunOptions;
  readonly #inFlight = new Map<number, InFlight>();
  #sequence = 0;
  #due: number;
  #beat: NodeJS.Timeout;

  constructor(options: ProbeRunOptions) {
    const { spec, now } = options;
    this.#options = options;
    this.#due = now() + (fnv1a(JSON.stringify(spec)) % Math.ceil(spec.intervalMs));
    this.#beat = this.#schedule();
  }

  /** An answer came; late ones, and those of nobody, are ignored. */
  answered(sequence: number): void {
    const probe = this.#inFlight.get(sequence);
    if (probe === undefined) return;
    this.#settle(sequence, probe);
    const at = this.#options.now();
    this.#report({ outcome: 'answered', at, roundTrip: at - probe.sentAt });
  }

  /** What is still in flight proves nothing any more. */
  stop(): void {
    clearTimeout(this.#beat);
    for (const [sequence, probe] of this.#inFlight) this.#settle(sequence, probe);
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => this.#onBeat(), Math.max(0, this.#due - this.#options.now()));
  }

  #onBeat(): void {
    const { spec, now } = this.#options;
    this.#sendOne();
    this.#due += spec.intervalMs * Math.max(1, Math.ceil((now() - this.#due) / spec.intervalMs));
    this.#beat = this.#schedule();
  }

  #sendOne(): void {
    const { spec, sender, now } = this.#options;
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      return this.#report({ outcome: 'unsent', at: now(), detail: `${MAX_IN_FLIGHT} probes are unanswered already` });
    }
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    const sentAt = now();
    const refusal = sender.send(sequence);
    if (refusal !== undefined) return this.#report({ outcome: 'unsent', at: now(), detail: refusal });
    this.#inFlight.set(sequence, { sentAt, timeout: setTimeout(() => this.#onTimeout(sequence), spec.timeoutMs) });
  }

  #onTimeout(sequence: number): void {
    this.#options.drain();
    const probe = this.#inFlight.get(sequence);
    if (probe === undefined) return;
    this.#settle(sequence, probe);
    this.#report({ outcome: 'lost', at: this.#options.now() });
  }

  #settle(sequence: number, probe: InFlight): void {
    clearTimeout(probe.timeout);
    this.#inFlight.delete(sequence);
  }

  #report(end: Omit<ProbeSample, 'customer' | 'tunnel'>): void {
    const { customer, tunnel } = this.#options.spec;
    this.#options.sample({ customer, tunnel, ...end });
  }
}
