import { Loop } from '../../src/engine/loop.js';
import { VirtualClock } from '../virtual-clock.js';

function loop(pass: () => Promise<void>) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const made = new Loop({ clock, periodMs: 1000, retryMs: 100, pass, failed: (error) => errors.push(error) });
  return { clock, errors, loop: made };
}

test('wakes during a pass cause exactly one more, and passes never overlap', async () => {
  let [passes, inside, overlapped] = [0, 0, false];
  let release = (): void => undefined;
  const { clock, loop: made } = loop(async () => {
    overlapped ||= ++inside > 1;
    passes++;
    await new Promise<void>((resolve) => (release = resolve));
    inside--;
  });
  made.wake();
  for (let i = 0; i < 5; i++) made.wake();
  await clock.settle();
  expect(passes).toBe(1);
  release();
  await clock.settle();
  expect(passes).toBe(2);
  release();
  await clock.settle();
  expect([passes, overlapped]).toEqual([2, false]);
});

test('without wakes a pass comes every period; after a failure sooner', async () => {
  let passes = 0;
  const {
    clock,
    errors,
    loop: made,
  } = loop(() => (++passes === 2 ? Promise.reject(new Error('no')) : Promise.resolve()));
  made.wake();
  await clock.advance(999);
  expect(passes).toBe(1);
  await clock.advance(1);
  expect([passes, errors.length]).toEqual([2, 1]);
  await clock.advance(100);
  expect(passes).toBe(3);
});

test('wakeAfter shortens one wait only', async () => {
  let passes = 0;
  const { clock, loop: made } = loop(() => {
    if (++passes === 1) made.wakeAfter(50);
    return Promise.resolve();
  });
  made.wake();
  await clock.advance(50);
  expect(passes).toBe(2);
  await clock.advance(999);
  expect(passes).toBe(2);
});

test('stop waits for the pass under way and leaves no timer', async () => {
  let [passes, ended] = [0, false];
  let release = (): void => undefined;
  const { clock, loop: made } = loop(async () => {
    passes++;
    await new Promise<void>((resolve) => (release = resolve));
    ended = true;
  });
  made.wake();
  made.wake();
  const stopped = made.stop();
  await clock.settle();
  release();
  await stopped;
  made.wake();
  await clock.advance(10_000);
  expect([passes, ended, clock.timers]).toEqual([1, true, 0]);
});
