/** What a process does not need goes back to the kernel. */
import { readFileSync } from 'node:fs';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import koffi from 'koffi';
import { keepThrifty, returnLargeBlocks } from '../../../src/drivers/syscall/thrift.js';
import { VirtualClock } from '../../virtual-clock.js';

const residentMiB = (): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** 32 KiB each: below what glibc maps by itself. One of 64 stays, and holds the rest in its place. */
function hole(): readonly Buffer[] {
  return Array.from({ length: 8_192 }, () => Buffer.alloc(32_768, 1)).filter((_, n) => n % 64 === 63);
}

/** Before the others, after which there is room to be had without asking the kernel. */
test('large blocks go back as soon as they are free, whatever was freed before', () => {
  const libc = koffi.load('libc.so.6');
  const malloc = libc.func('uintptr_t malloc(size_t size)') as (size: number) => number;
  const memset = libc.func('uintptr_t memset(uintptr_t block, int to, size_t size)') as (...of: number[]) => number;
  const free = libc.func('void free(uintptr_t block)') as (block: number) => void;
  const use = (mebibytes: number, blocks: number): void => {
    const size = mebibytes * 2 ** 20;
    const used = Array.from({ length: blocks }, () => memset(malloc(size), 1, size));
    for (const block of used) free(block);
  };
  returnLargeBlocks();
  // This one makes glibc keep blocks of its size.
  use(24, 1);
  const before = residentMiB();
  use(8, 5);
  expect(residentMiB() - before).toBeLessThan(8);
});

/** Only malloc_trim(3) sees to it: what was freed lies below something that stays. */
test('freed memory goes back, again and again, until it is stopped', async () => {
  const clock = new VirtualClock();
  const thrift = keepThrifty(clock);
  for (let times = 0; times < 2; times++) {
    const stays = hole();
    // The second finds what the first left to a thread of its own.
    collect();
    collect();
    await clock.settle();
    const before = residentMiB();
    await clock.advance(10_000);
    expect(before - residentMiB()).toBeGreaterThan(100);
    expect(stays).toHaveLength(128);
  }
  thrift.stop();
  expect(clock.timers).toBe(0);
}, 30_000);

/** Until V8 holds half as much again: this process may have run other tests, and hold what they left. */
function litter(): void {
  const heldMiB = (): number => getHeapStatistics().total_physical_size / 2 ** 20;
  const enough = 1.5 * heldMiB() + 32;
  const litter: object[] = [];
  while (heldMiB() < enough) for (let n = 0; n < 100_000; n++) litter.push({ n, text: `number ${n}` });
}

test('what V8 has not collected by itself is collected', async () => {
  const clock = new VirtualClock();
  const thrift = keepThrifty(clock);
  await clock.advance(10_000);
  const usedMiB = (): number => getHeapStatistics().used_heap_size / 2 ** 20;
  const before = usedMiB();
  litter();
  expect(usedMiB() - before).toBeGreaterThan(16);
  await clock.advance(10_000);
  expect(usedMiB() - before).toBeLessThan(8);
  thrift.stop();
}, 30_000);
