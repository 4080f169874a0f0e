import type { Exec, StreamHandle } from '../../ports/exec.js';
import type { Prober, ProbeSpec } from '../../ports/prober.js';
import { reportOf } from './report.js';
import { HEARTBEAT_MS } from './wire.js';

export interface ProberOptions {
  readonly exec: Exec;
  /** How the child is started: `node dist/main/prober.js`. */
  readonly argv: readonly [string, ...string[]];
}

type Handlers = Parameters<Prober['start']>[0];

/** The child is started again after so long; doubles with each death up to the limit. */
const FIRST_RESTART_MS = 200;
const LAST_RESTART_MS = 10_000;

/** Heartbeats that may be missing. Counted by our own ticks, so that a pause of ours blames nobody. */
const SILENT_BEATS = 4;

/** The same before its first word: a machine that is busy or emulated takes long to load a program. */
const STARTING_BEATS = 30;

/** A prober whose child does the work; see `Prober`. */
export function createProber(options: ProberOptions): Prober {
  return new ChildProber(options);
}

class ChildProber implements Prober {
  #probes: readonly ProbeSpec[] = [];
  #handlers: Handlers | undefined;
  #child: StreamHandle | undefined;
  #restart: NodeJS.Timeout | undefined;
  #tick: NodeJS.Timeout | undefined;
  #silent = 0;
  #patience = STARTING_BEATS;
  #restartMs = FIRST_RESTART_MS;

  constructor(private readonly options: ProberOptions) {}

  configure(probes: readonly ProbeSpec[]): void {
    this.#probes = probes;
    this.#sendList();
  }

  start(handlers: Handlers): void {
    if (this.#handlers !== undefined) throw new Error('the prober is running already');
    this.#handlers = handlers;
    this.#tick = setInterval(() => this.#onTick(), HEARTBEAT_MS);
    this.#spawn();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#handlers = undefined;
    this.#child = undefined;
    clearTimeout(this.#restart);
    clearInterval(this.#tick);
    await child?.stop();
  }

  #spawn(): void {
    this.#silent = 0;
    this.#patience = STARTING_BEATS;
    const child: StreamHandle = this.options.exec.stream(this.options.argv, {
      line: (text) => {
        if (child === this.#child) this.#onLine(text);
      },
      ended: (reason) => {
        if (child === this.#child) this.#onDeath(`the prober ended: ${reason}`);
      },
    });
    this.#child = child;
    this.#sendList();
  }

  #sendList(): void {
    this.#child?.write(JSON.stringify({ probes: this.#probes }));
  }

  #onLine(text: string): void {
    this.#silent = 0;
    this.#patience = SILENT_BEATS;
    const said = reportOf(text);
    if (said === undefined) return this.#onDeath('the prober said something that is not understood');
    if ('broken' in said) return this.#onDeath(`the prober cannot work: ${said.broken}`);
    if (said.samples.length > 0) this.#restartMs = FIRST_RESTART_MS;
    for (const sample of said.samples) this.#handlers?.sample(sample);
  }

  #onTick(): void {
    if (this.#child === undefined) return;
    this.#silent++;
    if (this.#silent > this.#patience) this.#onDeath(`the prober has been silent for ${this.#silent} s`);
  }

  #onDeath(reason: string): void {
    const child = this.#child;
    this.#child = undefined;
    this.#restart = setTimeout(() => this.#spawn(), this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS);
    void child?.stop();
    this.#handlers?.broken(reason);
  }
}
