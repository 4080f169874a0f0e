/** What was freed below something that stays goes back to the kernel, and only malloc_trim(3) sees to it. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { keepThrifty } from '../../../src/drivers/syscall/thrift.js';
import { VirtualClock } from '../../virtual-clock.js';

const residentMiB = (): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** 32 KiB each: below what glibc maps by itself. One of 64 stays, and holds the rest in its place. */
function hole(): readonly Buffer[] {
  return Array.from({ length: 8_192 }, () => Buffer.alloc(32_768, 1)).filter((_, n) => n % 64 === 63);
}

test('freed memory goes back, again and again, until it is stopped', async () => {
  const clock = new VirtualClock();
  const thrift = keepThrifty(clock);
  for (let times = 0; times < 2; times++) {
    const stays = hole();
    collect();
    await clock.settle();
    const before = residentMiB();
    await clock.advance(30_000);
    expect(before - residentMiB()).toBeGreaterThan(100);
    expect(stays).toHaveLength(128);
  }
  thrift.stop();
  expect(clock.timers).toBe(0);
}, 30_000);
