/** Runs many seeds in worker threads, or one of them with its trace. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Coverage } from './coverage.js';
import { FAULT_NAMES } from './faults/kinds.js';
import { runSeed, type SeedResult } from './seed.js';

/** A seed that takes this much longer than any other hangs: a loop of promises that never waits. */
const LONGEST_SEED_MS = 60_000;
/** Fewer cannot be expected to meet everything. */
const ENOUGH_FOR_COVERAGE = 2_000;
const PROGRESS_EVERY = 1_000;

interface Options {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  /** No seed begins later than this. Milliseconds. */
  readonly boundMs: number;
  /** Ends with the first violation. */
  readonly first: boolean;
}

function report({ seed, violation }: SeedResult): string {
  if (!violation) return '';
  return [
    `seed ${seed} fails`,
    `  invariant: ${violation.invariant}`,
    `  at ${violation.at.toFixed(1)} ms: ${violation.message}`,
    ...violation.trace.map((line) => `    ${line}`),
    `  replay: npm run sim -- --seed ${seed} --trace`,
    '',
  ].join('\n');
}

/** Hands seeds out to workers, one at a time each, until all are done. */
async function runMany(options: Options, done: (result: SeedResult) => void): Promise<void> {
  const last = options.from + options.seeds;
  const until = performance.now() + options.boundMs;
  let next = options.from;
  let over = false;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 64 } });
      let watchdog: NodeJS.Timeout | undefined;
      let current = 0;
      const hand = (): void => {
        clearTimeout(watchdog);
        if (over || next >= last || performance.now() >= until) {
          void worker.terminate().then(() => resolve());
          return;
        }
        current = next++;
        worker.postMessage(current);
        watchdog = setTimeout(() => {
          void worker.terminate();
          reject(new Error(`seed ${current} has not ended within ${LONGEST_SEED_MS} ms`));
        }, LONGEST_SEED_MS);
      };
      worker.on('message', (result: SeedResult) => {
        done(result);
        if (result.violation && options.first) over = true;
        hand();
      });
      worker.once('error', reject);
      hand();
    });
  await Promise.all(Array.from({ length: options.workers }, work));
}

async function runAll(options: Options): Promise<number> {
  const coverage = new Coverage();
  const began = performance.now();
  let count = 0;
  let failures = 0;
  let events = 0;
  await runMany(options, (result) => {
    count++;
    events += result.events;
    coverage.add(result.coverage);
    if (result.violation) {
      failures++;
      if (failures <= 5) process.stdout.write(report(result));
      else process.stdout.write(`seed ${result.seed} fails: ${result.violation.invariant}\n`);
    }
    if (count % PROGRESS_EVERY === 0) process.stderr.write(`${count} seeds, ${failures} failures\n`);
  });
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(`${coverage.render()}\n`);
  const missing = count >= ENOUGH_FOR_COVERAGE && !options.first ? coverage.missing(FAULT_NAMES) : [];
  for (const what of missing) process.stdout.write(`never seen: ${what}\n`);
  if (count < options.seeds && !options.first)
    process.stdout.write(`${options.seeds - count} of ${options.seeds} seeds had no time\n`);
  process.stdout.write(
    `${count} seeds, ${failures} failures, ${missing.length} never seen, ${events} events, ${seconds.toFixed(1)} s\n`,
  );
  return failures > 0 || missing.length > 0 ? 1 : 0;
}

async function runOne(seed: number, traced: boolean): Promise<number> {
  const result = await runSeed(seed, traced ? (line) => process.stdout.write(`${line}\n`) : undefined);
  process.stdout.write(result.violation ? report(result) : `seed ${seed} holds, trace ${result.hash}\n`);
  return result.violation ? 1 : 0;
}

function serve(port: NonNullable<typeof parentPort>): void {
  // Refusals are made by the thousand, and nobody reads where.
  Error.stackTraceLimit = 0;
  port.on('message', (seed: number) => void runSeed(seed).then((result) => port.postMessage(result)));
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(availableParallelism()) },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      minutes: { type: 'string', default: 'Infinity' },
      first: { type: 'boolean', default: false },
    },
  });
  if (values.seed !== undefined) return runOne(Number(values.seed), values.trace);
  const { seeds, from, workers, minutes, first } = values;
  return runAll({
    ...{ seeds: Number(seeds), from: Number(from), workers: Number(workers), first },
    boundMs: 60_000 * Number(minutes),
  });
}

if (isMainThread) process.exitCode = await main();
else if (parentPort) serve(parentPort);
