/**
 * Gives memory back to the kernel that is not needed any more. V8 collects when
 * something is allocated, so that a process at rest keeps what a burst has
 * left; and glibc keeps what lies below something that is still in use,
 * malloc_trim(3). After a start with very many prefixes both are as much again
 * as the process needs to run.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Timer } from '../../ports/clock.js';
import { loadLibc } from './libc.js';

/** Trimming takes a few milliseconds at most, and most often there is nothing to do. */
const EVERY_MS = 10_000;
/** A collection stands everything still, about a millisecond for each megabyte that is in use: at once only for what is worth it … */
const GROWN = 1.3;
const WORTH_BYTES = 16 * 2 ** 20;
/** … and else ever more seldom, up to every ten minutes: what was in use at the last one may not be any more. */
const LONGEST_GAP = 60;

/** M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h, and the bytes from which on a free block goes back. */
const TRIM_THRESHOLD = -1;
const MMAP_THRESHOLD = -3;
const LARGE_BYTES = 2 ** 20;

/**
 * Whatever large is freed goes back to the kernel at once, in every thread:
 * mallopt(3). Left alone, glibc raises both thresholds with each large block
 * that is freed, up to 32 MiB, and a thread that has ended keeps that much.
 */
export function returnLargeBlocks(): void {
  const { mallopt } = loadLibc();
  for (const threshold of [TRIM_THRESHOLD, MMAP_THRESHOLD]) mallopt(threshold, LARGE_BYTES);
}

/** Collects where there may be something to be had, and trims. */
export function keepThrifty(clock: Clock): { stop(): void } {
  const { mallocTrim } = loadLibc();
  const collect = collector();
  let kept = 0;
  /** Of rounds between two collections, and what is left of it. */
  let gap = 1;
  let left = 1;
  let timer: Timer;
  const later = (): Timer =>
    clock.after(EVERY_MS, () => {
      const before = held();
      if (--left <= 0 || before > kept * GROWN + WORTH_BYTES) {
        collect();
        kept = held();
        gap = before - kept > WORTH_BYTES ? 1 : Math.min(2 * gap, LONGEST_GAP);
        left = gap;
      }
      mallocTrim(0);
      timer = later();
    });
  timer = later();
  return { stop: () => timer.cancel() };
}

/** Bytes that V8's heap takes, in use or not. */
const held = (): number => getHeapStatistics().total_physical_size;

/** V8's own function, which a context has when it is made while the flag is set. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
