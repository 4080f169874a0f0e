/**
 * Gives freed memory back to the kernel, malloc_trim(3). glibc keeps what lies
 * below something that is still in use; after a start with very many prefixes
 * that is as much as the process needs to run.
 */
import type { Clock, Timer } from '../../ports/clock.js';
import { loadLibc } from './libc.js';

/** It takes a few milliseconds at most, and most often there is nothing to do. */
const EVERY_MS = 30_000;

export function keepThrifty(clock: Clock): { stop(): void } {
  const { mallocTrim } = loadLibc();
  let timer: Timer;
  const later = (): Timer =>
    clock.after(EVERY_MS, () => {
      mallocTrim(0);
      timer = later();
    });
  timer = later();
  return { stop: () => timer.cancel() };
}
