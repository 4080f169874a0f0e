import fc from 'fast-check';
import { damp, holdOf, type Damping } from '../../src/decide/damping.js';
import { LEVELS, type Level } from '../../src/model/level.js';

const holdDown = { firstMs: 1_000, mostMs: 16_000, decayMs: 60_000 };

/** Levels asked at times, and those that come out. */
function play(asked: readonly (readonly [at: number, level: Level])[]): readonly Level[] {
  let before: Damping | undefined;
  return asked.map(([at, level]) => {
    const damped = damp(before, level, at, holdDown, 's 203.0.113.0/24');
    before = damped.damping;
    return damped.level;
  });
}

test.each<[string, readonly (readonly [number, Level])[], readonly Level[]]>([
  ['the first announcement waits for nothing', [[0, 'full']], ['full']],
  [
    'neither does one that was pending',
    [
      [0, 'withdrawn'],
      [1, 'degraded'],
      [2, 'full'],
    ],
    ['withdrawn', 'degraded', 'full'],
  ],
  [
    'a flap holds full back, and nothing else',
    [
      [0, 'full'],
      [1, 'withdrawn'],
      [2, 'degraded'],
      [3, 'full'],
      [1_300, 'full'],
    ],
    ['full', 'withdrawn', 'degraded', 'degraded', 'full'],
  ],
  [
    'the wait begins with the recovery',
    [
      [0, 'full'],
      [1, 'withdrawn'],
      [50_000, 'full'],
      [50_900, 'full'],
      [51_300, 'full'],
    ],
    ['full', 'withdrawn', 'degraded', 'degraded', 'full'],
  ],
  [
    'a second flap waits twice as long',
    [
      [0, 'full'],
      [1, 'degraded'],
      [2, 'full'],
      [1_500, 'full'],
      [1_501, 'degraded'],
      [1_502, 'full'],
      [3_400, 'full'],
      [4_100, 'full'],
    ],
    ['full', 'degraded', 'degraded', 'full', 'degraded', 'degraded', 'degraded', 'full'],
  ],
  [
    'flaps are forgotten',
    [
      [0, 'full'],
      [1, 'degraded'],
      [60_002, 'full'],
    ],
    ['full', 'degraded', 'full'],
  ],
])('%s', (_, asked, expected) => expect(play(asked)).toEqual(expected));

test('the wait doubles up to a limit, a little different for each server and prefix', () => {
  const holds = [0, 1, 2, 3, 4, 5, 6, 9].map((flaps) => holdOf(flaps, holdDown, 'seed'));
  const bases = [0, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000];
  for (const [index, hold] of holds.entries()) {
    expect(hold).toBeGreaterThanOrEqual(bases[index] ?? 0);
    expect(hold).toBeLessThanOrEqual(1.25 * (bases[index] ?? 0));
  }
  const seeds = Array.from({ length: 20 }, (_, n) => holdOf(1, holdDown, `ams-s1 203.0.${n}.0/24`));
  expect(new Set(seeds).size).toBe(20);
  expect(holdOf(1, holdDown, 'a')).toBe(holdOf(1, holdDown, 'a'));
});

test('it can be turned off', () => {
  const off = { ...holdDown, firstMs: 0 };
  const [up, fell] = [
    damp(undefined, 'full', 0, off, 's'),
    damp({ flaps: 0, countedAt: 0, fullSince: 0 }, 'withdrawn', 1, off, 's'),
  ];
  expect([up.level, fell.level, damp(fell.damping, 'full', 2, off, 's').level]).toEqual(['full', 'withdrawn', 'full']);
});

const histories = fc.array(fc.tuple(fc.nat(5_000), fc.constantFrom<Level>(...LEVELS)), { minLength: 1, maxLength: 60 });

test('it delays no fall, raises nothing, and lets go in time', () => {
  fc.assert(
    fc.property(histories, (steps) => {
      let before: Damping | undefined;
      let now = 0;
      for (const [wait, asked] of steps) {
        now += wait;
        const damped = damp(before, asked, now, holdDown, 's p');
        expect(LEVELS.indexOf(damped.level)).toBeLessThanOrEqual(LEVELS.indexOf(asked));
        if (asked !== 'full') expect(damped.level).toBe(asked);
        if (damped.held) {
          expect(damped.level).toBe('degraded');
          expect(damped.held.until - now).toBeLessThanOrEqual(1.25 * holdDown.mostMs);
          expect(damp(damped.damping, 'full', damped.held.until, holdDown, 's p').level).toBe('full');
        }
        before = damped.damping;
      }
    }),
  );
});

test('what is full stays full for as long as it is asked for', () => {
  fc.assert(
    fc.property(histories, fc.array(fc.nat(100_000)), (steps, waits) => {
      let before: Damping | undefined;
      let now = 0;
      for (const [wait, asked] of steps) before = damp(before, asked, (now += wait), holdDown, 's p').damping;
      let wasFull = false;
      for (const wait of waits) {
        const { level, damping } = damp(before, 'full', (now += wait), holdDown, 's p');
        expect(wasFull && level !== 'full').toBe(false);
        wasFull = level === 'full';
        before = damping;
      }
    }),
  );
});

test('who waits is looked at again when a flap is forgotten, which may end the wait', () => {
  const flapped = damp({ flaps: 0, countedAt: 0, fullSince: 0 }, 'withdrawn', 100, holdDown, 's').damping;
  const back = damp(flapped, 'full', 60_000, holdDown, 's');
  expect([back.level, back.held?.until]).toEqual(['degraded', 60_100]);
  expect(damp(back.damping, 'full', 60_100, holdDown, 's').level).toBe('full');
});
