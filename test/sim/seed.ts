/** One seed: its world, its faults, its verdict. */
import type { Tally } from './coverage.js';
import { schedule } from './faults/schedule.js';
import { watchEverything } from './invariants/all.js';
import { Violation } from './violation.js';
import { World } from './world.js';

/** Ten minutes; the last two of them without a fault. */
const LASTS_MS = 600_000;

export interface SeedResult {
  readonly seed: number;
  /** Equal for two runs of the same seed. */
  readonly hash: string;
  readonly events: number;
  readonly coverage: Tally;
  readonly violation?: {
    readonly invariant: string;
    readonly message: string;
    readonly at: number;
    readonly trace: readonly string[];
  };
}

/** One seed in so many lives through its quiet time as well. */
const WHOLE_EVERY = 500;
const KEPT_LINES = 60;

/** Rejects with nothing: what goes wrong is in the result. `say` hears every line of the trace. */
export async function runSeed(seed: number, say?: (line: string) => void): Promise<SeedResult> {
  const world = new World({ seed, ...(say ? { say } : {}) });
  const { trace, coverage, timeline } = world;
  let violation: SeedResult['violation'];
  // A promise that nobody waits for and that fails is a mistake of the engine too.
  const floating: unknown[] = [];
  const note = (reason: unknown): void => void floating.push(reason);
  process.on('unhandledRejection', note);
  try {
    watchEverything(world, LASTS_MS, seed % WHOLE_EVERY !== 0);
    schedule(world);
    world.start();
    await world.run(LASTS_MS);
    world.end();
    await new Promise((resolve) => setImmediate(resolve));
    if (floating.length > 0) throw new Violation('no promise fails unheard', String(floating[0]));
  } catch (error) {
    violation = {
      invariant: error instanceof Violation ? error.invariant : 'the simulation itself runs',
      message: error instanceof Violation ? error.message : String((error as Error).stack ?? error),
      at: timeline.now,
      trace: trace.last(KEPT_LINES),
    };
  } finally {
    process.off('unhandledRejection', note);
  }
  return {
    ...{ seed, hash: trace.hash, events: timeline.happened, coverage: coverage.tally },
    ...(violation ? { violation } : {}),
  };
}
