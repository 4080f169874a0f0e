import fc from 'fast-check';
import { eventsText } from '../../src/cli/render-events.js';
import { address, prefix } from '../../src/model/address.js';
import type { Happening, RecordedEvent, Recorder } from '../../src/model/event.js';
import { eventsReport } from '../../src/status/events.js';
import { incidentsOf } from '../../src/status/incidents.js';
import { readRecorded } from '../../src/status/recorded.js';

const ACME = prefix('203.0.113.0/24');
const ACME6 = prefix('2001:db8:acf::/48');
const GLOBEX = prefix('198.19.7.0/24');
const EPOCH = Date.parse('2026-01-01T00:00:00Z');

const event = (ms: number, by: Recorder, happening: Happening, boot = 'b1'): RecordedEvent => ({
  at: new Date(EPOCH + ms).toISOString(),
  ms,
  boot,
  by,
  ...happening,
});

const fault = (ms: number, sign: number): RecordedEvent =>
  event(ms, 'agent', {
    kind: 'fact',
    about: 'data-plane',
    subject: 'acme',
    state: 'fault',
    detail: 'veth cv1 missing',
    prefixes: [ACME, ACME6],
    sign,
  });
const fell = (ms: number, by: Recorder, prefixes = [ACME, ACME6]): RecordedEvent =>
  event(ms, by, { kind: 'level', prefixes, from: 'full', to: 'withdrawn', reasons: [{ code: 'data-plane-fault' }] });
const held = (ms: number, level: 'full' | 'withdrawn' | 'degraded', prefixes = [ACME, ACME6]): RecordedEvent =>
  event(ms, 'guard', { kind: 'held', prefixes, level });
const handed = (ms: number, level: 'full' | 'withdrawn'): RecordedEvent =>
  event(ms, 'guard', { kind: 'handed', prefixes: [ACME, ACME6], level });

/** A veth vanishes and comes back. */
const STORY: readonly RecordedEvent[] = [
  fault(1_012, 1_000),
  fell(1_012.4, 'agent'),
  fell(1_013, 'guard'),
  handed(1_013.2, 'withdrawn'),
  held(1_015.9, 'withdrawn'),
  event(1_016, 'guard', { kind: 'gone', prefixes: [ACME, ACME6] }),
  event(1_700, 'agent', {
    kind: 'fact',
    about: 'data-plane',
    subject: 'acme',
    state: 'verified',
    prefixes: [ACME, ACME6],
  }),
  event(1_701, 'agent', {
    kind: 'level',
    prefixes: [ACME, ACME6],
    from: 'withdrawn',
    to: 'full',
    reasons: [{ code: 'healthy' }],
  }),
  handed(1_703, 'full'),
  held(1_706.4, 'full'),
];

describe('incidents', () => {
  test('a fault: one incident with all of its times', () => {
    expect(incidentsOf(STORY)).toEqual([
      {
        at: '2026-01-01T00:00:01.012Z',
        by: 'agent',
        cause: 'data plane of acme: veth cv1 missing',
        prefixes: [ACME, ACME6],
        to: 'withdrawn',
        reasons: [{ code: 'data-plane-fault' }],
        detectMs: 12,
        decideMs: 0.4,
        handedMs: 0.8,
        wireMs: 3.5,
        backMs: 694,
      },
    ]);
  });

  test('what has not come has no time: one of two prefixes is still there', () => {
    const [incident] = incidentsOf([fault(1_012, 1_000), fell(1_013, 'agent'), held(1_020, 'withdrawn', [ACME])]);
    expect(incident).toMatchObject({ detectMs: 12, decideMs: 1, prefixes: [ACME, ACME6] });
    expect(Object.keys(incident ?? {})).not.toEqual(expect.arrayContaining(['wireMs']));
    expect(incident?.backMs).toBeUndefined();
  });

  test("the guard's own: a lease that lapses has a reason and no fact", () => {
    const lapsed = event(2_000, 'guard', {
      kind: 'level',
      prefixes: [ACME],
      from: 'full',
      to: 'degraded',
      reasons: [{ code: 'lease-lapsed' }],
    });
    const [incident, ...more] = incidentsOf([fault(1, 0), lapsed, held(2_004, 'degraded', [ACME])]);
    expect(more).toEqual([]);
    expect(incident).toMatchObject({ by: 'guard', cause: 'lease-lapsed', to: 'degraded', wireMs: 4 });
    expect([incident?.detectMs, incident?.decideMs]).toEqual([undefined, undefined]);
  });

  test('an operator is a cause, and so is the last of several tunnels', () => {
    const tunnel = (ms: number, name: string): RecordedEvent =>
      event(ms, 'agent', {
        kind: 'fact',
        about: 'tunnel',
        subject: `acme/${name}`,
        state: 'down',
        prefixes: [ACME],
        sign: ms - 400,
      });
    const lost = event(6_000, 'agent', {
      kind: 'level',
      prefixes: [ACME],
      from: 'full',
      to: 'withdrawn',
      reasons: [{ code: 'tunnels-down', detail: 'us, eu' }],
    });
    const word = { prefix: GLOBEX, want: 'withdraw', author: 'ann', reason: 'moved' } as const;
    const obeyed = event(7_001, 'agent', {
      kind: 'level',
      prefixes: [GLOBEX],
      from: 'full',
      to: 'withdrawn',
      reasons: [{ code: 'operator-withdraw' }],
    });
    const incidents = incidentsOf([
      tunnel(1_000, 'us'),
      tunnel(5_999, 'eu'),
      lost,
      event(7_000, 'agent', { kind: 'intent', ...word }),
      obeyed,
    ]);
    expect(incidents.map(({ cause, detectMs, decideMs }) => [cause, detectMs, decideMs])).toEqual([
      ['tunnel acme/eu: down', 400, 1],
      ['operator ann: moved', undefined, 1],
    ]);
  });

  test('a fact of another customer, or one that has ended, is no cause', () => {
    const other = event(10, 'agent', {
      kind: 'fact',
      about: 'data-plane',
      subject: 'globex',
      state: 'fault',
      prefixes: [GLOBEX],
    });
    const ended = event(900, 'agent', { kind: 'fact', about: 'data-plane', subject: 'acme', state: 'verified' });
    expect(incidentsOf([fault(1, 0), ended, other, fell(1_000, 'agent')])[0]?.cause).toBe('data-plane-fault');
  });

  test('nothing is subtracted across boots', () => {
    const rebooted = { ...fell(5, 'agent'), boot: 'b2' };
    const [incident] = incidentsOf([fault(1_000, 900), rebooted, held(2_000, 'withdrawn')]);
    expect([incident?.cause, incident?.wireMs]).toEqual(['data-plane-fault', undefined]);
  });
});

describe('the record', () => {
  const lines = (events: readonly RecordedEvent[]): string => events.map((own) => `${JSON.stringify(own)}\n`).join('');

  test('two processes and two generations become one sequence; a line read twice counts once', () => {
    const agent = STORY.filter(({ by }) => by === 'agent');
    const guard = STORY.filter(({ by }) => by === 'guard');
    const read = readRecorded([lines(guard), lines(agent.slice(2)), lines(agent.slice(0, 3))]);
    expect(read).toEqual({ events: STORY, unread: 0 });
  });

  test.each([
    ['a line that was cut off', '{"at":"2026-01-01T00:00:00Z","ms":1,"bo'],
    ['something else', 'hello'],
    ['JSON of somebody else', '{"a":1}\n[]\nnull\n7'],
    [
      'a kind that nobody knows',
      JSON.stringify({ ...event(1, 'agent', { kind: 'note', text: '' }), kind: 'toString' }),
    ],
    ['a level that is none', lines([held(1, 'up' as never)])],
  ])('%s is skipped and counted', (_name, text) => {
    const read = readRecorded([`${lines(STORY)}${text}`]);
    expect([read.events.length, read.unread]).toEqual([STORY.length, text.trim().split('\n').length]);
  });

  const happening: fc.Arbitrary<RecordedEvent> = fc
    .record({
      ms: fc.integer({ min: 0, max: 5_000 }),
      boot: fc.constantFrom('b1', 'b2'),
      by: fc.constantFrom('agent' as const, 'guard' as const),
      prefixes: fc.subarray([ACME, ACME6, GLOBEX]),
      level: fc.constantFrom('full' as const, 'degraded' as const, 'withdrawn' as const),
      from: fc.constantFrom('full' as const, 'degraded' as const, 'withdrawn' as const, undefined),
      kind: fc.constantFrom('level', 'held', 'handed', 'fact', 'gone', 'session', 'note'),
      state: fc.constantFrom('fault' as const, 'verified' as const, 'unknown' as const),
    })
    .map(({ ms, boot, by, prefixes, level, from, kind, state }): RecordedEvent => {
      const of: Readonly<Record<string, Happening>> = {
        level: { kind: 'level', prefixes, ...(from && { from }), to: level, reasons: [{ code: 'data-plane-fault' }] },
        held: { kind: 'held', prefixes, level },
        handed: { kind: 'handed', prefixes, level },
        fact: { kind: 'fact', about: 'data-plane', subject: 'acme', state, sign: Math.max(0, ms - 3) },
        gone: { kind: 'gone', prefixes },
        session: { kind: 'session', peer: address('198.18.1.1'), state: 'established' },
      };
      return event(ms, by, of[kind] ?? { kind: 'note', text: 'x' }, boot);
    });

  test('any events in any order, cut anywhere, with anything between: never a throw, never a negative time', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), fc.nat(), fc.string(), (events, cut, garbage) => {
        const text = lines(events);
        const at = cut % (text.length + 1);
        const read = readRecorded([`${text.slice(0, at)}${garbage}${text.slice(at)}`, text.slice(at)]);
        const report = eventsReport(read, {});
        if (report === 'unknown-prefix') throw new Error('nobody asked for a prefix');
        expect(eventsText(report).length).toBeLessThanOrEqual(2 * events.length + 8 + garbage.length);
        for (const { detectMs, decideMs, handedMs, wireMs, backMs } of report.incidents) {
          for (const ms of [detectMs, decideMs, handedMs, wireMs, backMs]) expect(ms ?? 0).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('culvert events', () => {
  const report = (question: Parameters<typeof eventsReport>[1]) => {
    const found = eventsReport({ events: STORY, unread: 0 }, question);
    if (found === 'unknown-prefix') throw new Error(found);
    return found;
  };

  test('as text', () => {
    expect(eventsText({ ...report({}), unread: 2 }).join('\n')).toBe(
      `2026-01-01T00:00:01.012Z  agent  data-plane acme: fault (veth cv1 missing), 12 ms after the first sign
2026-01-01T00:00:01.012Z  agent  203.0.113.0/24, 2001:db8:acf::/48: full -> withdrawn, data-plane-fault
2026-01-01T00:00:01.013Z  guard  203.0.113.0/24, 2001:db8:acf::/48: full -> withdrawn, data-plane-fault
2026-01-01T00:00:01.013Z  guard  203.0.113.0/24, 2001:db8:acf::/48: withdrawn given to the speaker
2026-01-01T00:00:01.015Z  guard  203.0.113.0/24, 2001:db8:acf::/48: withdrawn read back from the speaker
2026-01-01T00:00:01.016Z  guard  203.0.113.0/24, 2001:db8:acf::/48: sent to no peer any more
2026-01-01T00:00:01.700Z  agent  data-plane acme: verified
2026-01-01T00:00:01.701Z  agent  203.0.113.0/24, 2001:db8:acf::/48: withdrawn -> full, healthy
2026-01-01T00:00:01.703Z  guard  203.0.113.0/24, 2001:db8:acf::/48: full given to the speaker
2026-01-01T00:00:01.706Z  guard  203.0.113.0/24, 2001:db8:acf::/48: full read back from the speaker

2 lines of the record could not be read

INCIDENT                  PREFIXES                           LEVEL      DETECT  DECIDE   HANDED   WIRE     BACK    CAUSE
2026-01-01T00:00:01.012Z  203.0.113.0/24, 2001:db8:acf::/48  withdrawn  12 ms   0.40 ms  0.80 ms  3.50 ms  694 ms  data plane of acme: veth cv1 missing`,
    );
  });

  test('one prefix, by an address inside it; what is about the whole server belongs to it', () => {
    const note = event(1_500, 'guard', { kind: 'note', text: 'agent lapsed' });
    const other = held(1_500, 'full', [GLOBEX]);
    const found = eventsReport({ events: [...STORY, note, other], unread: 0 }, { prefix: '203.0.113.7' });
    expect(found).toMatchObject({ events: [...STORY, note], incidents: [{ prefixes: [ACME, ACME6] }] });
    expect(eventsReport({ events: STORY, unread: 0 }, { prefix: '192.0.2.1' })).toBe('unknown-prefix');
  });

  test('since: what came before is left out, and causes are known all the same', () => {
    const found = report({ after: EPOCH + 1_012.3 });
    expect(found.events).toHaveLength(8);
    expect(report({ after: EPOCH + 2_000 })).toMatchObject({ events: [], incidents: [] });
  });
});
