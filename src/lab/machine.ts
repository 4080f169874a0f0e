/** What the lab stands on. */
import type { Clock } from '../ports/clock.js';
import type { Exec } from '../ports/exec.js';
import type { Files } from '../ports/files.js';
import type { Words } from './topology.js';

export interface Machine {
  readonly exec: Exec;
  readonly files: Files;
  readonly clock: Clock;
  /** One line for people. */
  say(line: string): void;
  /** This process. */
  readonly pid: number;
  /** Effective user id: 0 does without a user namespace. */
  readonly uid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Culvert's own folder: package.json is in it. */
  readonly home: string;
  /** The command line that is `culvert` inside nodes. */
  readonly culvert: Words;
}

/** Asks again every 5 ms until it is so; `false` after `timeoutMs`. */
export async function until(clock: Clock, timeoutMs: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const deadline = clock.now() + timeoutMs;
  while (!(await isSo())) {
    if (clock.now() >= deadline) return false;
    await new Promise<void>((resolve) => clock.after(5, resolve));
  }
  return true;
}
