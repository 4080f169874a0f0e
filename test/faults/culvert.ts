/** The command line as an operator runs it: real processes, what they say, how they end. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Exec, ExecResult } from '../../src/ports/exec.js';

export const CLI = resolve('dist/main/cli.js');
export const FLEET = resolve('lab/acme/fleet.yaml');

/** Why the processes cannot be started here; `undefined` when they can. */
export const whyNoProcesses = (): string | undefined =>
  existsSync(CLI) ? undefined : `${CLI} is not there; npm run build makes it`;

export const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] as const;

export interface Ended extends ExecResult {
  /** Standard error without the log's JSON. */
  readonly said: readonly string[];
  /** Messages of the log. */
  readonly logged: readonly string[];
}

export type Words = readonly [string, ...string[]];

export class Culvert {
  constructor(
    private readonly exec: Exec,
    /** In front of the command line: another user, another environment. */
    private readonly before: readonly string[] = [],
  ) {}

  as(...before: readonly string[]): Culvert {
    return new Culvert(this.exec, [...this.before, ...before]);
  }

  /** Runs to the end; one that lives on is killed after 20 s. */
  async run(...words: readonly string[]): Promise<Ended> {
    const argv = [...this.before, process.execPath, CLI, ...words] as unknown as Words;
    const ended = await this.exec.run(argv, { timeoutMs: 20_000 });
    const lines = ended.stderr.split('\n').filter((line) => line !== '');
    const isLog = (line: string): boolean => line.startsWith('{');
    return {
      ...ended,
      said: lines.filter((line) => !isLog(line)),
      logged: lines.filter(isLog).map(messageOf),
    };
  }
}

function messageOf(line: string): string {
  const { msg, problem = '' } = JSON.parse(line) as { msg: string; problem?: string };
  return problem === '' ? msg : `${msg}: ${problem}`;
}

/** Ended with 1 and these lines, in the words of an operator: no stack, no JSON. */
export function expectRefusal(ended: Ended, ...lines: readonly (string | RegExp)[]): void {
  expect(ended.said).toEqual(
    lines.map((line) => (typeof line === 'string' ? line : (expect.stringMatching(line) as string))),
  );
  expect(ended.code).toBe(1);
  expect(ended.stdout).toMatch(/^( .*\n)*$/); // progress is indented; there are no results
  expect(ended.stderr).not.toMatch(/^\s+at /m);
}
