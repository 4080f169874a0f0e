/** This machine for lab tests, and a look at what a lab may not change on it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClock } from '../../src/drivers/clock/clock.js';
import { createExec } from '../../src/drivers/exec/exec.js';
import { createFiles } from '../../src/drivers/files/files.js';
import type { Machine } from '../../src/lab/machine.js';

export interface TestMachine extends Machine {
  /** What was said so far. */
  readonly said: string[];
  /** A private folder for topologies; also where this machine's labs are remembered. */
  readonly folder: string;
  readonly root: string;
  /** Writes a topology and answers its path. */
  topology(name: string, text: string): string;
  close(): void;
}

/** The real machine, with a state folder of its own. */
export function testMachine(overrides: Partial<Machine> = {}): TestMachine {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-lab-test-'));
  const said: string[] = [];
  return {
    exec: createExec(),
    files: createFiles(),
    clock: createClock(),
    say: (line) => said.push(line),
    pid: process.pid,
    uid: process.getuid!(),
    environment: process.env,
    home: resolve('.'),
    culvert: [process.execPath, resolve('dist/main/cli.js')],
    ...overrides,
    said,
    folder,
    root: join(folder, 'state'),
    topology(name, text) {
      const path = join(folder, `${name}.clab.yml`);
      writeFileSync(path, text);
      return path;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const printed = (program: string, ...args: string[]): string => {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
};

/** The machine's own network and mounts, as text. */
export const ownState = (): string =>
  [
    printed('ip', 'netns', 'list'),
    printed('ip', '-o', 'link'),
    printed('ip', 'route', 'show', 'table', 'all'),
    printed('nft', 'list', 'ruleset'),
    readFileSync('/proc/self/mountinfo', 'utf8'),
  ].join('\n----\n');

/** Command lines of all processes that mention `text`, as the machine sees them. */
export const processesWith = (text: string): readonly string[] =>
  printed('ps', '-eo', 'pid,args')
    .split('\n')
    .filter((line) => line.includes(text) && !line.includes(' ps -eo'));

/** Root with namespaces, or the reason why a test that needs them is skipped. */
export function namespacesMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  return printed('unshare', '--net', '--mount', '--pid', '--fork', 'echo', 'yes') === 'yes\n'
    ? undefined
    : 'no namespaces';
}
