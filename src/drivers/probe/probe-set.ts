import { randomBytes } from 'node:crypto';
import { familyOf, type Family } from '../../model/address.js';
import type { ProbeSpec } from '../../ports/prober.js';
import type { Syscalls } from '../../ports/syscall.js';
import { NONCE_BYTES } from './echo.js';
import { Listener } from './listener.js';
import { firstBeat } from './phase.js';
import { ProbeRun, type TakeSample } from './probe-run.js';
import { createSender } from './sender.js';
import { Timetable } from './timetable.js';

export interface ProbeSetOptions {
  readonly syscalls: Syscalls;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  readonly sample: TakeSample;
}

/** All probes of this process. A nonce of our own tells our answers from those of every other ping on the machine. */
export class ProbeSet {
  readonly #options: ProbeSetOptions;
  readonly #nonce = randomBytes(NONCE_BYTES);
  readonly #runs = new Map<number, ProbeRun>();
  readonly #numbers = new Map<string, number>();
  readonly #listeners = new Map<Family, Listener>();
  readonly #timetable: Timetable;
  #last = 0;

  constructor(options: ProbeSetOptions) {
    this.#options = options;
    this.#timetable = new Timetable(options.now);
  }

  /** Replaces the list; probes that stay the same go on undisturbed. Throws `SyscallError` when answers cannot be received. */
  configure(probes: readonly ProbeSpec[]): void {
    const wanted = new Map(probes.map((spec) => [JSON.stringify(spec), spec]));
    for (const [text, number] of this.#numbers) if (!wanted.has(text)) this.#stop(text, number);
    for (const [text, spec] of wanted) if (!this.#numbers.has(text)) this.#start(text, spec, wanted.size);
  }

  close(): void {
    this.configure([]);
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
  }

  #start(text: string, spec: ProbeSpec, probes: number): void {
    const { syscalls, now, sample } = this.#options;
    const listener = this.#listenerFor(familyOf(spec.target));
    const number = ++this.#last;
    const sender = createSender(syscalls, spec, this.#nonce, number);
    this.#numbers.set(text, number);
    const beat = firstBeat(text, { intervalMs: spec.intervalMs, probes, now: now() });
    const run = new ProbeRun({ spec, sender, now, sample, drain: () => listener.drain(), firstBeat: beat });
    this.#runs.set(number, run);
    this.#timetable.add(run);
  }

  #stop(text: string, number: number): void {
    // What is still in flight proves nothing any more.
    const run = this.#runs.get(number);
    if (run) this.#timetable.remove(run);
    this.#runs.delete(number);
    this.#numbers.delete(text);
  }

  #listenerFor(family: Family): Listener {
    const open = this.#listeners.get(family);
    if (open !== undefined) return open;
    const arrived = (probe: number, sequence: number): void => {
      const run = this.#runs.get(probe);
      run?.answered(sequence);
      if (run) this.#timetable.moved(run);
    };
    const listener = new Listener(this.#options.syscalls, family, this.#nonce, arrived);
    this.#listeners.set(family, listener);
    return listener;
  }
}
