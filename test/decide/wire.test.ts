import fc from 'fast-check';
import { gateOf } from '../../src/decide/gate.js';
import type { DrainVerdict } from '../../src/decide/drain.js';
import type { Verdict } from '../../src/decide/verdict.js';
import {
  adoptedSet,
  decideWire,
  goalWith,
  type PrefixDecision,
  redecideWire,
  speakerDesired,
} from '../../src/decide/wire.js';
import { type Prefix, prefix } from '../../src/model/address.js';
import { changedIn } from '../../src/model/changes.js';
import type { AgentState } from '../../src/model/lease.js';
import { LEVELS, type Level, weaker } from '../../src/model/level.js';
import type { List } from '../../src/model/list.js';
import type { Announcement } from '../../src/model/path.js';
import { SaidList } from '../../src/model/said-list.js';
import { amsS1 } from '../acme.js';
import { pathFor } from '../paths.js';

const view = amsS1();
const gate = gateOf(view);
const V4 = prefix('203.0.113.0/24');

const LEASED: Verdict<AgentState> = { state: 'leased', cap: 'full' };
const LAPSED: Verdict<AgentState> = { state: 'lapsed', cap: 'degraded', reason: { code: 'lease-lapsed' } };
const GONE: Verdict<AgentState> = { state: 'gone', cap: 'withdrawn', reason: { code: 'agent-gone' } };
const HANDED: Verdict<AgentState> = { state: 'handed-over', cap: 'full', reason: { code: 'agent-handover' } };
const SERVICE: DrainVerdict = { state: 'in-service', cap: 'full', leavesSite: false };
const DRAINING: DrainVerdict = { state: 'draining', cap: 'degraded', reason: { code: 'draining' }, leavesSite: false };
const DRAINED: DrainVerdict = { state: 'drained', cap: 'withdrawn', reason: { code: 'drained' }, leavesSite: false };

const ask = (
  level: Level,
  code: Announcement['reasons'][number]['code'] = 'healthy',
  asPath = [64512],
  p = V4,
): Announcement => ({
  prefix: p,
  level,
  asPath,
  reasons: [{ code }],
});

function decide(announcements: readonly Announcement[] | undefined, lease = LEASED, drain = SERVICE): PrefixDecision {
  const decisions = decideWire({ view, gate, announcements, lease, drain });
  return decisions.find((decision) => decision.prefix === (announcements?.[0]?.prefix ?? V4))!;
}

test.each<[string, readonly Announcement[] | undefined, Verdict<AgentState>, DrainVerdict, Level, string[]]>([
  ['no set ever', undefined, LEASED, SERVICE, 'withdrawn', ['no-desired-set']],
  ['an empty set', [], LEASED, SERVICE, 'withdrawn', ['no-desired-set']],
  ['as asked', [ask('full')], LEASED, SERVICE, 'full', ['healthy']],
  ['as asked, weaker', [ask('degraded', 'tunnels-down')], LEASED, SERVICE, 'degraded', ['tunnels-down']],
  ['lapsed', [ask('full')], LAPSED, SERVICE, 'degraded', ['lease-lapsed']],
  [
    'lapsed, and the agent had its own reason',
    [ask('degraded', 'tunnels-down')],
    LAPSED,
    SERVICE,
    'degraded',
    ['tunnels-down', 'lease-lapsed'],
  ],
  [
    'lapsed never raises',
    [ask('withdrawn', 'data-plane-fault')],
    LAPSED,
    SERVICE,
    'withdrawn',
    ['data-plane-fault', 'lease-lapsed'],
  ],
  ['gone', [ask('full')], GONE, SERVICE, 'withdrawn', ['agent-gone']],
  ['handed over', [ask('full')], HANDED, SERVICE, 'full', ['healthy', 'agent-handover']],
  ['draining', [ask('full')], LEASED, DRAINING, 'degraded', ['draining']],
  ['draining and lapsed', [ask('full')], LAPSED, DRAINING, 'degraded', ['draining', 'lease-lapsed']],
  ['drained', [ask('full')], LEASED, DRAINED, 'withdrawn', ['drained']],
  ['drained and silent', undefined, LEASED, DRAINED, 'withdrawn', ['no-desired-set', 'drained']],
  [
    'not allowed',
    [ask('full', 'healthy', [64512], prefix('198.51.100.0/24'))],
    LEASED,
    SERVICE,
    'withdrawn',
    ['not-allowed'],
  ],
  ['another origin', [ask('full', 'healthy', [1])], LEASED, SERVICE, 'withdrawn', ['not-allowed']],
  [
    'withdrawn needs no permission',
    [ask('withdrawn', 'not-advertised', [], prefix('198.51.100.0/24'))],
    LEASED,
    SERVICE,
    'withdrawn',
    ['not-advertised'],
  ],
])('%s', (_, announcements, lease, drain, level, codes) => {
  const decision = decide(announcements, lease, drain);
  expect([decision.level, decision.reasons.map(({ code }) => code)]).toEqual([level, codes]);
  expect(decision.path !== undefined).toBe(level !== 'withdrawn');
});

describe('for every set', () => {
  const prefixes = [
    '203.0.113.0/24',
    '2001:db8:acf::/48',
    '192.0.2.0/24',
    '198.51.100.0/24',
    '0.0.0.0/0',
    '203.0.113.0/25',
  ].map(prefix);
  const announcement = fc.record({
    prefix: fc.constantFrom(...prefixes),
    level: fc.constantFrom(...LEVELS),
    asPath: fc.constantFrom([64512], [], [1]),
    reasons: fc.constant([{ code: 'healthy' as const }]),
  });
  const set = fc.uniqueArray(announcement, { selector: ({ prefix: p }) => p });

  test('nothing passes the gate that may not, and nothing is stronger than asked or permitted', () => {
    fc.assert(
      fc.property(
        set,
        fc.constantFrom(LEASED, LAPSED, GONE, HANDED),
        fc.constantFrom(SERVICE, DRAINING, DRAINED),
        (announcements, lease, drain) => {
          const decisions = decideWire({ view, gate, announcements, lease, drain });
          const desired = speakerDesired(view, gate, decisions, 179);
          for (const path of desired.paths) {
            expect(desired.allow).toContain(path.prefix);
            const asked = announcements.find(({ prefix: p }) => p === path.prefix)!;
            const strongest = [lease.cap, drain.cap].reduce(weaker, asked.level);
            expect(path).toEqual(pathFor(view, strongest as 'full' | 'degraded', path.prefix, asked.asPath));
          }
          for (const { level, reasons } of decisions) if (level !== 'full') expect(reasons.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('changed announcements alone lead where the whole set does', () => {
    fc.assert(
      fc.property(
        set,
        fc.infiniteStream(announcement),
        fc.constantFrom(LEASED, LAPSED, GONE),
        fc.constantFrom(SERVICE, DRAINING),
        (before, news, lease, drain) => {
          const after = before.map((asked) => {
            const { level, asPath } = news.next().value as Announcement;
            return { ...asked, level, asPath };
          });
          const facts = { view, gate, lease, drain };
          const was = decideWire({ ...facts, announcements: before });
          const changed = changedIn(after, before)!;
          const now = redecideWire({ ...facts, announcements: after }, was, changed);
          expect(now).toEqual(decideWire({ ...facts, announcements: after }));
          expect(goalWith(speakerDesired(view, gate, was, 179), was, now)).toEqual(
            speakerDesired(view, gate, now, 179),
          );
          const named = new Set(changed.map(({ prefix: p }) => p));
          if (changed.some(({ prefix: p }) => !gate.allow.includes(p))) return;
          for (const [place, decided] of now.prefixes.entries())
            if (!named.has(decided)) expect(now.said.at(place)).toBe(was.said.at(place));
        },
      ),
    );
  });

  test('what stands on the wire, adopted, asks for exactly what stands there', () => {
    fc.assert(
      fc.property(set, (announcements) => {
        const { paths } = speakerDesired(
          view,
          gate,
          decideWire({ view, gate, announcements, lease: LEASED, drain: SERVICE }),
          179,
        );
        const adopted = adoptedSet(view, gate, paths);
        const again = decideWire({ view, gate, announcements: adopted, lease: LEASED, drain: SERVICE });
        expect(speakerDesired(view, gate, again, 179).paths).toEqual(paths);
      }),
    );
  });
});

test('what is not ours is not adopted', () => {
  const ours = pathFor(view, 'full', V4, [64512]);
  expect(adoptedSet(view, gate, [ours])).toHaveLength(1);
  expect(adoptedSet(view, gate, [{ ...ours, attributes: { ...ours.attributes, largeCommunities: [] } }])).toEqual([]);
  expect(adoptedSet(view, gate, [{ ...ours, prefix: prefix('198.51.100.0/24') }])).toEqual([]);
});

test('gate and faults are asked about every prefix, also where neighbours ask in one object', () => {
  const own = [64512];
  const [other, first, second, sixth, outside] = [
    ...['198.19.7.0/24', '203.0.113.0/24', '203.0.114.0/24', '2001:db8:acf::/48', '2001:db8:bad::/48'],
  ].map(prefix) as [Prefix, Prefix, Prefix, Prefix, Prefix];
  const narrow = { allow: [other, first, second, sixth], origins: [[64513], own, own, own], excluded: new Map() };
  const one = { level: 'full', asPath: own, reasons: [{ code: 'healthy' }] } as const;
  const prefixes = [...narrow.allow, outside];
  const alike = new SaidList<typeof one, Announcement>(
    prefixes,
    prefixes.map(() => one),
    (p, said) => ({ prefix: p, ...said }),
  );
  const announced = (broken: ReadonlyMap<Prefix, string>, announcements: List<Announcement>) =>
    decideWire({ view, gate: narrow, announcements, lease: LEASED, drain: SERVICE, broken })
      .filter(({ path }) => path !== undefined)
      .map(({ path }) => [path?.prefix, path?.attributes.nextHop]);
  const [hop4, hop6] = [view.server.v4, view.server.v6];
  const all = [
    [first, hop4],
    [second, hop4],
    [sixth, hop6],
  ];
  for (const announcements of [alike, [...alike]]) {
    expect(announced(new Map(), announcements)).toEqual(all);
    expect(announced(new Map([[second, 'its tunnel is gone']]), announcements)).toEqual([all[0], all[2]]);
  }
});
