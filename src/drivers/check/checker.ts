import type { CheckKey, CheckSpec } from '../../model/check.js';
import type { Checker } from '../../ports/checker.js';
import type { Exec, StreamHandle } from '../../ports/exec.js';
import { HEARTBEAT_MS, listText, parseReport, sampleOf } from './lines.js';

export interface CheckerOptions {
  readonly exec: Exec;
  /** How the child is started: `node dist/main/checker.js`. */
  readonly argv: readonly [string, ...string[]];
}

type Handlers = Parameters<Checker['start']>[0];

/** The child is started again after so long; doubles with each death up to the limit. */
const FIRST_RESTART_MS = 200;
const LAST_RESTART_MS = 10_000;

/** Heartbeats that may be missing. Counted by our own ticks, so that a pause of ours blames nobody. */
const SILENT_BEATS = 4;

/** The same before its first word: a machine that is busy or emulated takes long to load a program. */
const STARTING_BEATS = 30;

/** A checker whose child does the work, so that no check can delay its owner; without checks there is no child. See `Checker`. */
export function createChecker(options: CheckerOptions): Checker {
  return new ChildChecker(options);
}

class ChildChecker implements Checker {
  #checks: readonly CheckSpec[] = [];
  #list = 0;
  /** Keys by place, of every list of which samples may still come. */
  readonly #keys = new Map<number, readonly CheckKey[]>();
  #handlers: Handlers | undefined;
  #child: StreamHandle | undefined;
  #restart: NodeJS.Timeout | undefined;
  #tick: NodeJS.Timeout | undefined;
  #silent = 0;
  #patience = STARTING_BEATS;
  #restartMs = FIRST_RESTART_MS;

  constructor(private readonly options: CheckerOptions) {}

  configure(checks: readonly CheckSpec[]): void {
    this.#checks = checks;
    if (this.#child !== undefined) this.#sendList();
    else if (this.#handlers !== undefined && this.#restart === undefined) this.#spawn();
  }

  start(handlers: Handlers): void {
    if (this.#handlers !== undefined) throw new Error('the checker is running already');
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
    this.#restart = undefined;
    if (this.#checks.length === 0) return;
    this.#silent = 0;
    this.#patience = STARTING_BEATS;
    const child: StreamHandle = this.options.exec.stream(this.options.argv, {
      line: (text) => {
        if (child === this.#child) this.#onLine(text);
      },
      ended: (reason) => {
        if (child === this.#child) this.#onDeath(`the checker ended: ${reason}`);
      },
    });
    this.#child = child;
    this.#keys.clear();
    this.#sendList();
  }

  #sendList(): void {
    this.#list++;
    const keys = this.#checks.map(({ key }) => key);
    this.#keys.set(this.#list, keys);
    this.#child?.write(listText(this.#list, this.#checks));
  }

  #onLine(text: string): void {
    this.#silent = 0;
    this.#patience = SILENT_BEATS;
    const said = parseReport(text);
    if (said === undefined) return this.#onDeath('the checker said something that is not understood');
    if ('broken' in said) return this.#onDeath(`the checker cannot work: ${said.broken}`);
    if (said.rows.length === 0) return;
    this.#restartMs = FIRST_RESTART_MS;
    for (const older of this.#keys.keys()) if (older < said.list) this.#keys.delete(older);
    const keys = this.#keys.get(said.list);
    for (const row of said.rows) {
      const key = keys?.[row[0]];
      if (key !== undefined) this.#handlers?.sample(sampleOf(key, row));
    }
  }

  #onTick(): void {
    if (this.#child === undefined) return;
    this.#silent++;
    if (this.#silent > this.#patience) this.#onDeath(`the checker has been silent for ${this.#silent} s`);
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
