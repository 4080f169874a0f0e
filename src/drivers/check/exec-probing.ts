import type { CheckSpec, ExecProbe } from '../../model/check.js';
import { ExecError, type Exec, type ExecResult } from '../../ports/exec.js';
import type { Namespaces } from '../../ports/namespaces.js';
import { whyNotRun } from './exec-file.js';
import { failed, OK, unsent, type End, type Probing } from './probing.js';

/** Programs that run at once, those that have been killed and are not gone yet included. */
const MOST_PROGRAMS = 16;
/** A verdict is a line; who prints more than this is cut off, and has failed. */
const OUTPUT_LIMIT = 1024 * 1024;
/** Of the first line, in messages. */
const LONGEST_LINE = 200;
/** `CheckRun` ends a probe at its timeout; this is for the case that it could not. */
const SPARE_MS = 1_000;

/** How many programs run now, over all checks. */
export class ProgramCount {
  #running = 0;

  /** False when there are too many. */
  take(): boolean {
    if (this.#running >= MOST_PROGRAMS) return false;
    this.#running++;
    return true;
  }

  give(): void {
    this.#running--;
  }
}

export interface ExecParts {
  readonly exec: Exec;
  readonly namespaces: Namespaces;
  readonly programs: ProgramCount;
}

/** Runs the program with everything that it starts in a session of its own; at the end all of it is killed. */
export function execProbing(
  { exec, namespaces, programs }: ExecParts,
  { netns, timeoutMs }: CheckSpec,
  { command }: ExecProbe,
  ended: (end: End) => void,
): Probing {
  const path = namespaces.pathOf(netns);
  const argv: readonly [string, ...string[]] =
    path === undefined ? command : ['nsenter', `--net=${path}`, '--', ...command];
  let running: AbortController | undefined;

  function abandon(): void {
    running?.abort();
    running = undefined;
  }

  return {
    silence: 'no end',
    begin: () => {
      const objection = whyNotRun(command[0]);
      if (objection !== undefined) return unsent(objection);
      if (!programs.take()) return unsent(`${MOST_PROGRAMS} programs of checks are running already`);
      const mine = new AbortController();
      running = mine;
      const end = (what: End): void => {
        programs.give();
        if (running !== mine) return;
        running = undefined;
        ended(what);
      };
      const options = {
        timeoutMs: timeoutMs + SPARE_MS,
        outputLimit: OUTPUT_LIMIT,
        withChildren: true,
        signal: mine.signal,
      };
      exec.run(argv, options).then(
        (result) => end(endOfExit(result)),
        (error: unknown) => end(endOfFailure(error)),
      );
      return undefined;
    },
    look: () => undefined,
    abandon,
    close: abandon,
  };
}

function endOfExit({ code, stdout, stderr }: ExecResult): End {
  if (code === 0) return OK;
  const line = (stdout.trim() || stderr.trim()).split('\n', 1)[0]?.slice(0, LONGEST_LINE) ?? '';
  return failed(`exit status ${code}${line === '' ? '' : `: ${line}`}`);
}

/** What could not be started proves nothing; what was and did not end well has failed. */
function endOfFailure(error: unknown): End {
  if (!(error instanceof ExecError)) return unsent(String(error));
  const isOurs = error.reason === 'not-found' || error.reason === 'not-permitted' || error.reason === 'not-started';
  return isOurs ? unsent(error.message) : failed(error.message);
}
