import { Pulse } from '../../src/engine/pulse.js';
import type { Clock } from '../../src/ports/clock.js';
import { VirtualClock } from '../virtual-clock.js';

function beating(leaseMs: number, share?: number) {
  const clock = new VirtualClock();
  const missed: number[] = [];
  let armed = 0;
  const counted: Clock = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms, call) => {
      armed++;
      return clock.after(ms, call);
    },
  };
  const pulse = new Pulse(
    counted,
    () => leaseMs,
    (from, to) => missed.push(Math.round(to - from)),
    share,
  );
  pulse.start();
  return { clock, pulse, missed, beats: () => armed };
}

test.each([
  [1_000, 100, undefined],
  [3_000, 100, undefined],
  [6_000, 200, undefined],
  [6_000, 1_000, 1 / 6],
  [30_000, 1_000, undefined],
  [600_000, 1_000, undefined],
])('with a lease of %d ms it beats every %d ms', async (leaseMs, everyMs, share) => {
  const { clock, beats, missed } = beating(leaseMs, share);
  const before = beats();
  await clock.advance(10_000);
  expect(beats() - before).toBe(10_000 / everyMs);
  expect(missed).toEqual([]);
});

test.each([
  [1_000, 150, []],
  [1_000, 350, [250]],
  [30_000, 1_900, []],
  [30_000, 5_000, [4_000]],
])('with a lease of %d ms a pause of %d ms right after a beat is missed time: %j', async (leaseMs, pauseMs, told) => {
  const { clock, missed } = beating(leaseMs);
  await clock.freeze(pauseMs);
  await clock.advance(10_000);
  expect(missed).toEqual(told);
});

test('whoever asks first after a pause is told, and nobody twice', async () => {
  const { clock, pulse, missed } = beating(1_000);
  const frozen = clock.freeze(60_000);
  pulse.check();
  expect(missed).toEqual([59_900]);
  await frozen;
  pulse.check();
  expect(missed).toHaveLength(1);
});
