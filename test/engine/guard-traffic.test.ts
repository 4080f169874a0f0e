import { TrafficWatch } from '../../src/engine/guard-traffic.js';
import { VirtualClock } from '../virtual-clock.js';

let clock: VirtualClock;
let arrived: number | undefined;
let told: number;
let watch: TrafficWatch;
beforeEach(() => {
  clock = new VirtualClock();
  [arrived, told] = [0, 0];
  watch = new TrafficWatch({ clock, traffic: { packets: () => arrived }, changed: () => told++ });
});
afterEach(() => {
  watch.end();
  expect(clock.timers).toBe(0);
});

/** `perSecond` packets for `ms`. */
async function arriving(perSecond: number, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    arrived = (arrived ?? 0) + perSecond / 20;
    await clock.advance(50);
  }
}

test('packets are told, and that they have left', async () => {
  watch.begin(clock.now() + 2_000);
  await arriving(1_000, 3_000);
  expect(watch.flow).toEqual({ packetsPerSecond: 1_000, hasLeft: false });
  expect(told).toBe(1);
  await arriving(0, 1_500);
  expect(watch.flow).toEqual({ packetsPerSecond: 0, hasLeft: true });
  expect(told).toBe(2);
});

test('strays are no reason to stay, and do not bring anything back', async () => {
  watch.begin(clock.now());
  await arriving(10_000, 2_000);
  await arriving(5, 2_000);
  expect(watch.flow?.hasLeft).toBe(true);
  await arriving(10_000, 2_000);
  expect(watch.flow?.hasLeft).toBe(true);
});

test('nothing counts as left before its time, nor before a whole second was counted', async () => {
  watch.begin(clock.now() + 2_000);
  await arriving(0, 900);
  expect(watch.flow).toBeUndefined();
  await arriving(0, 600);
  expect(watch.flow?.hasLeft).toBe(false);
  await arriving(0, 1_000);
  expect(watch.flow?.hasLeft).toBe(true);
});

test('a counter that begins anew is counted anew; one that cannot be read says nothing', async () => {
  watch.begin(clock.now());
  await arriving(1_000, 2_000);
  arrived = 3;
  await clock.advance(250);
  expect(watch.flow).toBeUndefined();
  await arriving(1_000, 1_500);
  expect(watch.flow?.hasLeft).toBe(false);
  arrived = undefined;
  await clock.advance(250);
  expect(watch.flow).toBeUndefined();
  expect(told).toBe(4);
});

test('an ended watch counts nothing', async () => {
  watch.begin(clock.now());
  watch.end();
  await clock.advance(10_000);
  expect(watch.flow).toBeUndefined();
});
