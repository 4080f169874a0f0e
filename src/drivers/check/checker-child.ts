import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../ports/clock.js';
import type { Exec } from '../../ports/exec.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Syscalls } from '../../ports/syscall.js';
import { SampleBatch } from './batch.js';
import { CheckSet } from './check-set.js';
import { checkList, HEARTBEAT_MS, type Report } from './lines.js';

export interface CheckerChild {
  readonly syscalls: Syscalls;
  readonly namespaces: Namespaces;
  readonly exec: Exec;
  readonly clock: Clock;
  readonly input: Readable;
  readonly output: Writable;
}

/** Samples that nobody reads are dropped beyond this: they are old by the time somebody does. */
const UNREAD_LIMIT = 4 * 1024 * 1024;

/** Checks as the lines on `input` say, until it ends. Resolves to the process's exit status. */
export function runCheckerChild({ input, output, ...parts }: CheckerChild): Promise<number> {
  return new Promise((resolve) => {
    const write = (report: Report): void => {
      if (output.writableLength < UNREAD_LIMIT) output.write(`${JSON.stringify(report)}\n`);
    };
    const batch = new SampleBatch((list, rows) => write({ list, rows }));
    const checks = new CheckSet({ ...parts, sample: (sample) => batch.add(sample) });
    const heartbeat = setInterval(() => write({ list: 0, rows: [] }), HEARTBEAT_MS);
    const lines = createInterface({ input });
    const end = (status: number): void => {
      resolve(status);
      clearInterval(heartbeat);
      checks.close();
      batch.close();
      lines.close();
    };
    lines.on('line', (line) => {
      try {
        const wanted = checkList.parse(JSON.parse(line));
        batch.follow(wanted.list, wanted.checks);
        checks.configure(wanted.checks);
      } catch (error) {
        write({ broken: error instanceof Error ? error.message : String(error) });
        end(1);
      }
    });
    lines.once('close', () => end(0));
    output.on('error', () => end(1));
  });
}
