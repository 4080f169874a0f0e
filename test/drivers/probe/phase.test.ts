import { firstBeat } from '../../../src/drivers/probe/phase.js';

const texts = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `probe ${n}`);

test.each([
  [1, 1],
  [8, 1],
  [9, 2],
  [17, 4],
  [1_000, 128],
])('%d probes that start at different times beat at %d different ones', (probes, slots) => {
  const phases = texts(probes).map((text, n) => {
    const beat = firstBeat(text, { intervalMs: 1_000, probes, now: 50_000.25 + 7 * n });
    return Math.round(1_000 * (beat % 1_000)) % 1_000_000;
  });
  expect(new Set(phases).size).toBe(slots);
});

test('the first beat is not past, and less than an interval away', () => {
  for (const text of texts(500)) {
    for (const now of [0, 1, 999.9, 1_000, 123_456.78]) {
      const wait = firstBeat(text, { intervalMs: 250, probes: 500, now }) - now;
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThan(250.001);
    }
  }
});

test('many probes are spread over the interval: no slot has three times its share', () => {
  const probes = 1_000;
  const slots = new Map<number, number>();
  for (const text of texts(probes)) {
    const slot = Math.round(firstBeat(text, { intervalMs: 1_000, probes, now: 0 }) / 7.8125);
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
  }
  expect(Math.max(...slots.values())).toBeLessThan(24);
});
