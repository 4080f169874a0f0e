import { createClock } from '../../../src/drivers/clock/clock.js';

const clock = createClock();

test('now counts milliseconds since boot', () => {
  const first = clock.now();
  expect(clock.now()).toBeGreaterThanOrEqual(first);
  expect(Math.abs(first - Number(process.hrtime.bigint()) / 1e6)).toBeLessThan(1_000);
});

test('wall is ISO 8601 in UTC', () => {
  expect(clock.wall()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('after calls once, not before its time', async () => {
  const started = clock.now();
  await new Promise<void>((resolve) => clock.after(20, resolve));
  expect(clock.now() - started).toBeGreaterThanOrEqual(19);
});

test('a cancelled timer stays silent; a delay longer than setTimeout can count does not fire at once', async () => {
  let calls = 0;
  const count = (): void => void calls++;
  const timers = [clock.after(5, count), clock.after(2 ** 40, count)];
  timers[0]?.cancel();
  await new Promise<void>((resolve) => clock.after(30, resolve));
  timers[1]?.cancel();
  expect(calls).toBe(0);
});
