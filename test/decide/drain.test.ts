import fc from 'fast-check';
import { type DrainIntent, judgeDrain } from '../../src/decide/drain.js';
import { LEVELS } from '../../src/model/level.js';

const SAFETY = { drainMs: 2_000, drainMostMs: 30_000, settleMs: 500 };
const out = (since: number): DrainIntent => ({ want: 'out', scope: 'server', since });
const back: DrainIntent = { want: 'back', scope: 'site', since: 0 };

test.each([
  ['no intent', undefined, false, 5, 'in-service', 'full', undefined],
  ['degraded', out(0), false, 1_999, 'draining', 'degraded', 2_000],
  ['nothing arrives any more', out(0), false, 2_000, 'drained', 'withdrawn', undefined],
  ['packets still arrive', out(0), true, 2_000, 'draining', 'degraded', 30_000],
  ['they never end', out(0), true, 30_000, 'drained', 'withdrawn', undefined],
  ['out since before', out(Number.NEGATIVE_INFINITY), true, 0, 'drained', 'withdrawn', undefined],
  ['on the way back', back, true, 499, 'returning', 'degraded', 500],
  ['back', back, true, 500, 'in-service', 'full', undefined],
] as const)('%s', (_, intent, carries, now, state, cap, changesAt) => {
  const verdict = judgeDrain(intent, SAFETY, carries, now);
  expect([verdict.state, verdict.cap, verdict.changesAt]).toEqual([state, cap, changesAt]);
});

test('only a whole site turns upstreams away, on its way out and on its way back', () => {
  const leaves = (intent: DrainIntent, now: number): boolean => judgeDrain(intent, SAFETY, false, now).leavesSite;
  expect(leaves(out(0), 1)).toBe(false);
  expect(leaves({ ...out(0), scope: 'site' }, 1)).toBe(true);
  expect(leaves(back, 1)).toBe(true);
  expect(leaves(back, 500)).toBe(false);
});

test('a longest time below the shortest has no effect', () => {
  expect(judgeDrain(out(0), { ...SAFETY, drainMostMs: 100 }, true, 1_999).state).toBe('draining');
  expect(judgeDrain(out(0), { ...SAFETY, drainMostMs: 100 }, true, 2_000).state).toBe('drained');
});

test('a drain only ever weakens, ends in any case, and changes when it said', () => {
  const moment = fc.integer({ min: 0, max: 100_000 });
  const safety = fc.record({ drainMs: moment, drainMostMs: moment, settleMs: moment });
  fc.assert(
    fc.property(safety, fc.boolean(), fc.array(moment, { minLength: 2 }), (own, carries, times) => {
      const sorted = [...times].sort((a, b) => a - b);
      for (const [index, now] of sorted.entries()) {
        const verdict = judgeDrain(out(0), own, carries, now);
        const next = sorted[index + 1];
        if (next === undefined) continue;
        const later = judgeDrain(out(0), own, carries, next);
        expect(LEVELS.indexOf(later.cap)).toBeLessThanOrEqual(LEVELS.indexOf(verdict.cap));
        if (verdict.changesAt === undefined || next < verdict.changesAt) expect(later).toEqual(verdict);
      }
      expect(judgeDrain(out(0), own, carries, Math.max(own.drainMs, own.drainMostMs)).state).toBe('drained');
    }),
  );
});
