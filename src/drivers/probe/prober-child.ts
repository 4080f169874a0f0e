import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Syscalls } from '../../ports/syscall.js';
import { Outbox } from './outbox.js';
import { ProbeSet } from './probe-set.js';
import { HEARTBEAT_MS, probesOf, type Report } from './wire.js';

export interface ProberChild {
  readonly syscalls: Syscalls;
  readonly input: Readable;
  readonly output: Writable;
}

/** Probes as the lines on `input` say, until it ends. Resolves to the process's exit status. */
export function runProberChild({ syscalls, input, output }: ProberChild): Promise<number> {
  return new Promise((resolve) => {
    const now = (): number => Number(process.hrtime.bigint()) / 1e6;
    const write = (report: Report): void => void output.write(`${JSON.stringify(report)}\n`);
    const outbox = new Outbox(now, (samples) => write({ samples }));
    const probes = new ProbeSet({ syscalls, now, sample: (sample, mayWaitMs) => outbox.put(sample, mayWaitMs) });
    const heartbeat = setInterval(() => write({ samples: [] }), HEARTBEAT_MS);
    const lines = createInterface({ input });
    const end = (status: number): void => {
      resolve(status);
      clearInterval(heartbeat);
      outbox.close();
      probes.close();
      lines.close();
    };
    lines.on('line', (line) => {
      try {
        probes.configure(probesOf(line));
      } catch (error) {
        write({ broken: error instanceof Error ? error.message : String(error) });
        end(1);
      }
    });
    lines.once('close', () => end(0));
    output.on('error', () => end(1));
  });
}
