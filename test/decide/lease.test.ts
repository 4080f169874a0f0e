import fc from 'fast-check';
import {
  adoptedLease,
  extended,
  handedOver,
  isLive,
  judgeLease,
  renewedLease,
  type Lease,
} from '../../src/decide/lease.js';
import type { Safety } from '../../src/model/fleet.js';
import { LEVELS } from '../../src/model/level.js';
import { acmeFleet } from '../acme.js';

const drain: Safety = acmeFleet.safety;
const degrade: Safety = { ...drain, lostAgent: 'degrade' };
const first = (ttlMs: number, now: number): Lease => renewedLease(undefined, ttlMs, now);

describe('the lease: 1 s, stopGrace 20 s, drain 2 s', () => {
  const leased = first(1_000, 0);
  const kept = handedOver(leased, 'keep', 500);
  const drained = handedOver(leased, 'drain', 500);
  const late = handedOver(leased, 'keep', 5_000);

  test.each<[string, Lease | undefined, Safety, number, string, string, string | undefined, number | undefined]>([
    ['nobody ever', undefined, drain, 1e9, 'never-seen', 'full', undefined, undefined],
    ['adopted', adoptedLease(drain, 0), drain, 999, 'never-seen', 'full', undefined, 1_000],
    ['adopted, nobody came', adoptedLease(drain, 0), drain, 1_000, 'lapsed', 'degraded', 'lease-lapsed', 21_000],
    ['running', leased, drain, 999.9, 'leased', 'full', undefined, 1_000],
    ['lapsed', leased, drain, 1_000, 'lapsed', 'degraded', 'lease-lapsed', 21_000],
    ['gone, drain', leased, drain, 21_000, 'gone', 'withdrawn', 'agent-gone', undefined],
    ['gone, degrade', leased, degrade, 1e9, 'gone', 'degraded', 'lease-lapsed', undefined],
    [
      'a drain longer than stopGrace',
      leased,
      { ...drain, stopGraceMs: 100 },
      2_999,
      'lapsed',
      'degraded',
      'lease-lapsed',
      3_000,
    ],
    ['handed over', kept, drain, 20_499, 'handed-over', 'full', 'agent-handover', 20_500],
    ['handed over, nobody came', kept, drain, 20_500, 'gone', 'degraded', 'agent-gone', 22_500],
    ['handed over, drained', kept, degrade, 22_500, 'gone', 'withdrawn', 'agent-gone', undefined],
    ['drained on exit', drained, drain, 500, 'gone', 'degraded', 'agent-gone', 2_500],
    ['drained on exit, over', drained, drain, 2_500, 'gone', 'withdrawn', 'agent-gone', undefined],
    ['handed over after the lapse', late, drain, 24_999, 'lapsed', 'degraded', 'lease-lapsed', 25_000],
    ['handed over after the lapse, over', late, drain, 25_000, 'gone', 'withdrawn', 'agent-gone', undefined],
  ])('%s', (_, lease, safety, now, state, cap, code, changesAt) => {
    const verdict = judgeLease(lease, safety, now);
    expect([verdict.state, verdict.cap, verdict.reason?.code, verdict.changesAt]).toEqual([
      state,
      cap,
      code,
      changesAt,
    ]);
  });

  test('only a running lease of an agent that has not left keeps others away', () => {
    expect(isLive(leased, 999)).toBe(true);
    expect(isLive(leased, 1_000)).toBe(false);
    expect(isLive(kept, 600)).toBe(false);
    expect(isLive(adoptedLease(drain, 0), 1)).toBe(false);
    expect(isLive(undefined, 1)).toBe(false);
  });

  test('a second hand-over does not begin anew', () => {
    expect(handedOver(kept, 'drain', 900)).toBe(kept);
  });
});

describe('after a lapse', () => {
  /** Renewed every `gap` ms, the first time at `from`. */
  const renewed = (lease: Lease, from: number, times: number, gap: number): Lease =>
    Array.from({ length: times }, (_, index) => from + index * gap).reduce(
      (before, now) => renewedLease(before, 1_000, now),
      lease,
    );
  const lapsed = first(1_000, 0);

  test.each<[string, Lease, number, string]>([
    ['the first renewal', renewed(lapsed, 1_000, 1, 250), 1_000, 'degraded'],
    ['the ninth', renewed(lapsed, 1_000, 9, 250), 3_000, 'degraded'],
    ['the tenth', renewed(lapsed, 1_000, 10, 250), 3_250, 'full'],
    ['a hundred at once', renewed(lapsed, 1_000, 100, 1), 1_100, 'degraded'],
    ['ten, and another lapse between them', renewed(renewed(lapsed, 1_000, 5, 250), 3_500, 5, 250), 4_500, 'degraded'],
    ['after that, ten more', renewed(renewed(lapsed, 1_000, 5, 250), 3_500, 10, 250), 5_750, 'full'],
    ['nobody came to an adopted wire in time', renewed(adoptedLease(drain, 0), 1_000, 1, 250), 1_000, 'degraded'],
    ['an adopted wire in time', renewed(adoptedLease(drain, 0), 999, 1, 250), 999, 'full'],
    ['a hand-over in order', renewed(handedOver(lapsed, 'keep', 500), 99_000, 1, 250), 99_000, 'full'],
    ['a hand-over after the lapse', renewed(handedOver(lapsed, 'keep', 1_000), 1_100, 1, 250), 1_100, 'degraded'],
  ])('%s: %#', (_, lease, now, cap) => {
    expect(judgeLease(lease, drain, now)).toMatchObject({ state: 'leased', cap });
  });

  test('a hand-over on probation raises nothing, and the next agent goes on counting', () => {
    const left = handedOver(renewed(lapsed, 1_000, 9, 250), 'keep', 3_100);
    expect(judgeLease(left, drain, 3_200)).toMatchObject({ state: 'handed-over', cap: 'degraded' });
    expect(judgeLease(renewed(left, 4_000, 1, 250), drain, 4_000).cap).toBe('full');
  });
});

describe('standing still', () => {
  test.each([
    ['all of it', 0, 700, 60_700, 61_000],
    ['from the receipt on', 1_000, 700, 60_700, 61_700],
    ['not at all before the receipt', 60_700, 700, 60_700, 61_700],
  ])('a lease gains %s', (_, received, from, to, until) => {
    expect(extended(first(1_000, received), from, to).until).toBe(until);
  });

  test('stopGrace gains as well', () => {
    const left = handedOver(first(1_000, 0), 'keep', 500);
    expect(extended(left, 700, 60_700).handover?.at).toBe(60_500);
    expect(judgeLease(extended(left, 700, 60_700), drain, 60_701).state).toBe('handed-over');
  });
});

describe('for every history', () => {
  const moment = fc.integer({ min: 0, max: 60_000 });
  const history = fc.record({
    received: moment,
    ttl: fc.integer({ min: 1, max: 30_000 }),
    handover: fc.option(fc.record({ after: moment, mode: fc.constantFrom('keep' as const, 'drain' as const) })),
    safety: fc.record({
      lostAgent: fc.constantFrom('degrade' as const, 'drain' as const),
      stopGraceMs: moment,
      drainMs: moment,
    }),
    times: fc.array(moment, { minLength: 2, maxLength: 10 }),
  });
  const lease = ({
    received,
    ttl,
    handover,
  }: {
    received: number;
    ttl: number;
    handover: { after: number; mode: 'keep' | 'drain' } | null;
  }): Lease => {
    const renewed = first(ttl, received);
    return handover ? handedOver(renewed, handover.mode, received + handover.after) : renewed;
  };

  test('without news the wire only ever weakens, and changes exactly when announced', () => {
    fc.assert(
      fc.property(history, (h) => {
        const safety = { ...drain, ...h.safety };
        const subject = lease(h);
        const times = h.times.map((t) => h.received + (h.handover?.after ?? 0) + t).sort((a, b) => a - b);
        for (const [index, now] of times.entries()) {
          const verdict = judgeLease(subject, safety, now);
          const next = times[index + 1];
          if (next === undefined) continue;
          const later = judgeLease(subject, safety, next);
          expect(LEVELS.indexOf(later.cap)).toBeLessThanOrEqual(LEVELS.indexOf(verdict.cap));
          if (verdict.changesAt === undefined || next < verdict.changesAt) expect(later).toEqual(verdict);
          if (verdict.cap !== 'full') expect(verdict.reason).toBeDefined();
        }
      }),
    );
  });

  test('nothing is withdrawn without having been degraded for drainMs, to the day', () => {
    fc.assert(
      fc.property(history, (h) => {
        const safety = { ...drain, ...h.safety };
        const subject = lease(h);
        const start = h.received + (h.handover?.after ?? 0);
        let [now, degradedAt] = [start, undefined as number | undefined];
        for (;;) {
          const verdict = judgeLease(subject, safety, now);
          if (verdict.cap === 'degraded') degradedAt ??= Math.min(now, Math.max(h.received + h.ttl, 0));
          if (verdict.cap === 'withdrawn' && safety.drainMs > 0 && degradedAt !== undefined) {
            expect(now - degradedAt).toBeGreaterThanOrEqual(safety.drainMs);
          }
          if (verdict.changesAt === undefined) break;
          expect(verdict.changesAt).toBeGreaterThan(now);
          now = verdict.changesAt;
        }
      }),
    );
  });
});
