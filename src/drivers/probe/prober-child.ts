import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ProbeSample } from '../../model/health.js';
import type { Syscalls } from '../../ports/syscall.js';
import { ProbeSet } from './probe-set.js';
import { HEARTBEAT_MS, probeList, type Report } from './wire.js';

/** Samples that end within this time travel in one line. */
const BATCH_MS = 5;

export interface ProberChild {
  readonly syscalls: Syscalls;
  readonly input: Readable;
  readonly output: Writable;
}

/** Probes as the lines on `input` say, until it ends. Resolves to the process's exit status. */
export function runProberChild({ syscalls, input, output }: ProberChild): Promise<number> {
  return new Promise((resolve) => {
    let batch: ProbeSample[] = [];
    let flushing: NodeJS.Timeout | undefined;
    const write = (report: Report): void => void output.write(`${JSON.stringify(report)}\n`);
    const flush = (): void => {
      flushing = undefined;
      write({ samples: batch });
      batch = [];
    };
    const probes = new ProbeSet({
      syscalls,
      now: () => Number(process.hrtime.bigint()) / 1e6,
      sample: (sample) => {
        batch.push(sample);
        flushing ??= setTimeout(flush, BATCH_MS);
      },
    });
    const heartbeat = setInterval(() => write({ samples: [] }), HEARTBEAT_MS);
    const lines = createInterface({ input });
    const end = (status: number): void => {
      resolve(status);
      clearInterval(heartbeat);
      clearTimeout(flushing);
      probes.close();
      lines.close();
    };
    lines.on('line', (line) => {
      try {
        probes.configure(probeList.parse(JSON.parse(line)).probes);
      } catch (error) {
        write({ broken: error instanceof Error ? error.message : String(error) });
        end(1);
      }
    });
    lines.once('close', () => end(0));
    output.on('error', () => end(1));
  });
}
