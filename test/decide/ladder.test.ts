import fc from 'fast-check';
import type { CheckFact, TunnelFact } from '../../src/decide/footing.js';
import type { Intents } from '../../src/decide/intents.js';
import { climb, NO_MEMORY, type Climbed, type LadderFacts, type LadderMemory } from '../../src/decide/ladder.js';
import { prefix, type Prefix } from '../../src/model/address.js';
import type { Customer, Fleet, Safety } from '../../src/model/fleet.js';
import type { TunnelHealth } from '../../src/model/health.js';
import type { Intent } from '../../src/model/intent.js';
import { LEVELS, type Level } from '../../src/model/level.js';
import type { Verdict } from '../../src/model/verdict.js';
import { acme, acmeFleet, amsS1, globex } from '../acme.js';

const ACME = prefix('203.0.113.0/24');
const COVERING = prefix('192.0.2.0/24');
const NOW = 1_000_000;
const verified: Verdict = { state: 'verified', notes: [] };
const fault: Verdict = { state: 'fault', details: ['gre-us missing in cv-acme'], kinds: ['carriage'] };
const unknown: Verdict = { state: 'unknown', detail: 'dump failed', since: NOW };
const stale: Verdict = { ...unknown, since: NOW - 30_000 };

interface World {
  endpoint?: Verdict;
  own?: Verdict;
  us?: TunnelHealth;
  eu?: TunnelHealth;
  /** What `us` and `eu` were proven to be last. */
  proven?: TunnelHealth;
  /** For how long they have been what they are. */
  forMs?: number;
  checks?: readonly Partial<CheckFact>[];
  intents?: Intents;
  standing?: Level;
  fleet?: Fleet;
  now?: number;
}

const checkFact = (given: Partial<CheckFact>): CheckFact => ({
  key: 'customers/acme/web',
  customer: 'acme',
  health: 'up',
  proven: 'unknown',
  since: NOW,
  onDown: 'withdraw',
  remote: false,
  ...given,
});

const factsOf = (world: World): LadderFacts => ({
  now: world.now ?? NOW,
  dataPlane: {
    endpoint: world.endpoint ?? verified,
    customers: new Map([
      ['acme', world.own ?? verified],
      ['globex', verified],
    ]),
  },
  tunnel: (customer, tunnel): TunnelFact => {
    const health = customer === 'acme' ? ((tunnel === 'us' ? world.us : world.eu) ?? 'up') : 'up';
    return { tunnel, health, proven: world.proven ?? health, since: NOW - (world.forMs ?? 0) };
  },
  checks: (target) => (target === ACME ? (world.checks ?? []).map(checkFact) : []),
  intents: world.intents ?? new Map(),
});

const rung = ({ announcements }: Climbed, target: Prefix): string | undefined => {
  const announcement = announcements.find((entry) => entry.prefix === target);
  return announcement && `${announcement.level} ${announcement.reasons.map(({ code }) => code).join()}`;
};

const standingAt = (target: Prefix, standing: Level | undefined): LadderMemory => ({
  ...NO_MEMORY,
  standing: new Map(standing === undefined ? [] : [[target, standing]]),
});

const levelOf = (target: Prefix, world: World) =>
  rung(climb(amsS1(world.fleet), factsOf(world), standingAt(target, world.standing)), target);

const withSafety = (safety: Partial<Safety>, customers = acmeFleet.customers): Fleet => ({
  ...acmeFleet,
  customers,
  safety: { ...acmeFleet.safety, ...safety },
});
const acmeWith = (change: Partial<Customer>): Fleet => ({ ...acmeFleet, customers: [{ ...acme, ...change }, globex] });
const unadvertised = acme.prefixes.map((entry) => ({ ...entry, advertise: false }));
const cautious = withSafety({ remoteFault: 'degrade' });
const silent = acmeWith({ prefixes: unadvertised });
const onDemand = acmeWith({ prefixes: unadvertised.map((entry) => ({ ...entry, onDemand: true })) });
const word = (want: Intent['want']): Intents =>
  new Map([[ACME, { prefix: ACME, want, author: 'ann', reason: 'a test', at: '2026-01-01T00:00:00Z' }]]);
const down: World = { us: 'down', eu: 'down' };
const blind: World = { us: 'unknown', eu: 'unknown' };

test.each<[string, World, string]>([
  ['all well', {}, 'full healthy'],
  ['one tunnel down', { us: 'down' }, 'full healthy'],
  ['one tunnel unknown', { us: 'unknown' }, 'full healthy'],
  ['all tunnels degraded', { us: 'degraded', eu: 'degraded' }, 'full healthy'],
  ['all tunnels down, withdraw permitted', down, 'withdrawn tunnels-down'],
  ['all tunnels down, standing alone', { ...down, fleet: cautious }, 'degraded tunnels-down,remote-fault-kept'],
  ['not probed yet', blind, 'withdrawn tunnels-pending'],
  ['prober broken while announced', { ...blind, standing: 'full' }, 'full tunnels-unknown'],
  ['prober broken for long', { ...blind, forMs: 30_000, standing: 'full' }, 'degraded tunnels-stale'],
  ['prober broken while degraded', { us: 'unknown', eu: 'down', standing: 'degraded' }, 'degraded tunnels-unknown'],
  ['prober broken while withdrawn', { us: 'unknown', eu: 'down', standing: 'withdrawn' }, 'withdrawn tunnels-pending'],
  [
    'prober broken while withdrawn, tunnels seen up before',
    { ...blind, proven: 'up', standing: 'withdrawn' },
    'degraded tunnels-unknown',
  ],
  ['local fault', { own: fault, standing: 'full' }, 'withdrawn data-plane-fault'],
  ['local fault beside a remote one', { ...down, own: fault }, 'withdrawn data-plane-fault,tunnels-down'],
  ['local unknown', { own: unknown, standing: 'full' }, 'full data-plane-unknown'],
  ['local unknown for long', { own: stale, standing: 'full' }, 'degraded data-plane-stale'],
  ['local unknown for long while withdrawn', { own: stale, standing: 'withdrawn' }, 'withdrawn data-plane-stale'],
  ['local unknown from the start', { own: unknown }, 'withdrawn data-plane-pending'],
  ['endpoint fault', { endpoint: fault, standing: 'full' }, 'withdrawn endpoint-fault'],
  ['endpoint unknown', { endpoint: unknown, standing: 'full' }, 'full data-plane-unknown'],
  [
    'own fault beside an unknown endpoint',
    { endpoint: unknown, own: fault, standing: 'full' },
    'withdrawn data-plane-fault',
  ],
  ['not advertised', { fleet: silent }, 'withdrawn not-advertised'],
  ['no route', { fleet: acmeWith({ routes: [] }) }, 'withdrawn no-route'],
])('customer prefix, %s', (_name, world, expected) => expect(levelOf(ACME, world)).toBe(expected));

test.each<[string, World, string]>([
  ['up', { checks: [{}] }, 'full healthy'],
  ['down', { checks: [{ health: 'down' }] }, 'withdrawn check-down'],
  ['down, degrade', { checks: [{ health: 'down', onDown: 'degrade' }] }, 'degraded check-down'],
  ['down, ignore', { checks: [{ health: 'down', onDown: 'ignore' }] }, 'full healthy'],
  ['far and down', { checks: [{ health: 'down', remote: true }] }, 'withdrawn check-down'],
  [
    'far and down, standing alone',
    { checks: [{ health: 'down', remote: true }], fleet: cautious },
    'degraded check-down,remote-fault-kept',
  ],
  ['near and down, standing alone', { checks: [{ health: 'down' }], fleet: cautious }, 'withdrawn check-down'],
  [
    "the provider's, far and down",
    { checks: [{ health: 'down', remote: true, customer: undefined as never }] },
    'degraded check-down,remote-fault-kept',
  ],
  ['pending', { checks: [{ health: 'unknown' }] }, 'withdrawn checks-pending'],
  ['pending, degrade', { checks: [{ health: 'unknown', onDown: 'degrade' }] }, 'degraded checks-pending'],
  ['unknown', { checks: [{ health: 'unknown' }], standing: 'full' }, 'full checks-unknown'],
  [
    'unknown for long',
    { checks: [{ health: 'unknown', since: NOW - 30_000 }], standing: 'full' },
    'degraded checks-stale',
  ],
  [
    'unknown after a withdrawal, seen up before',
    { checks: [{ health: 'unknown', proven: 'up' }], standing: 'withdrawn' },
    'degraded checks-unknown',
  ],
  ['down beside one that is up', { checks: [{}, { health: 'down' }] }, 'withdrawn check-down'],
])('a check that is %s', (_name, world, expected) => expect(levelOf(ACME, world)).toBe(expected));

test.each<[string, World, string]>([
  ['withdraw', { intents: word('withdraw') }, 'withdrawn operator-withdraw'],
  ['withdraw of what is not advertised', { intents: word('withdraw'), fleet: silent }, 'withdrawn operator-withdraw'],
  ['advertise what is advertised', { intents: word('advertise') }, 'full healthy'],
  ['nothing about an on-demand prefix', { fleet: onDemand }, 'withdrawn on-demand'],
  ['advertise on demand', { intents: word('advertise'), fleet: onDemand }, 'full healthy,operator-advertise'],
  ['advertise outside the gate', { intents: word('advertise'), fleet: silent }, 'withdrawn not-advertised'],
  [
    'advertise in spite of a fault',
    { intents: word('advertise'), fleet: onDemand, own: fault },
    'withdrawn data-plane-fault,operator-advertise',
  ],
  ['nobody knows what, while withdrawn', { intents: 'unreadable', standing: 'withdrawn' }, 'withdrawn intents-unknown'],
  ['nobody knows what, while announced', { intents: 'unreadable', standing: 'full' }, 'full healthy,intents-unknown'],
  ['nobody knows what, from the start', { intents: 'unreadable' }, 'withdrawn intents-unknown'],
])('operators say: %s', (_name, world, expected) => expect(levelOf(ACME, world)).toBe(expected));

test.each<[string, World, string]>([
  ['verified', {}, 'full healthy'],
  ['a customer is broken', { own: fault, us: 'down', eu: 'down' }, 'full healthy'],
  ['endpoint fault', { endpoint: fault }, 'withdrawn endpoint-fault'],
  ['unknown', { endpoint: unknown, standing: 'full' }, 'full data-plane-unknown'],
  ['unknown from the start', { endpoint: unknown }, 'withdrawn data-plane-pending'],
])('covering prefix, %s', (_name, world, expected) => expect(levelOf(COVERING, world)).toBe(expected));

test('paths: the covering prefix is ours, a customer keeps its own origin', () => {
  const { announcements } = climb(amsS1(), factsOf({}), NO_MEMORY);
  expect(announcements.map(({ prefix: p, asPath }) => `${p} ${asPath.join()}`)).toEqual([
    '192.0.2.0/24 ',
    '198.19.7.0/24 64513',
    '203.0.113.0/24 64512',
    '2001:db8:e::/48 ',
    '2001:db8:acf::/48 64512',
  ]);
});

describe('over time', () => {
  const story = (worlds: readonly World[]): readonly Climbed[] => {
    let memory = NO_MEMORY;
    return worlds.map((world) => {
      const climbed = climb(amsS1(world.fleet), factsOf(world), memory);
      memory = climbed.memory;
      return climbed;
    });
  };

  test('a recovery is degraded at once and full after the hold-down, which is when it says so', () => {
    const [, fell, back] = story([{}, { own: fault, now: NOW + 1 }, { now: NOW + 2 }]);
    expect([fell, back].map((climbed) => climbed && rung(climbed, ACME))).toEqual([
      'withdrawn data-plane-fault',
      'degraded hold-down,healthy',
    ]);
    const until = back?.changesAt ?? 0;
    expect(until - NOW).toBeGreaterThanOrEqual(acmeFleet.safety.holdDown.firstMs);
    const [, , , later] = story([{}, { own: fault, now: NOW + 1 }, { now: NOW + 2 }, { now: NOW + 700 }]);
    expect([later && rung(later, ACME), later?.changesAt]).toEqual(['full healthy', undefined]);
  });

  test('missing knowledge says when it will be too old', () => {
    expect(story([{}, { ...blind, now: NOW + 1 }]).at(-1)?.changesAt).toBe(NOW + 30_000);
    expect(story([{}, { own: unknown }]).at(-1)?.changesAt).toBe(NOW + 30_000);
  });
});

const verdicts = fc.constantFrom<Verdict>(unknown, stale, verified);
const healths = fc.constantFrom<TunnelHealth>('up', 'degraded', 'down', 'unknown');
const checks = fc.array(
  fc.record({
    health: fc.constantFrom('up' as const, 'down' as const, 'unknown' as const),
    onDown: fc.constantFrom('withdraw' as const, 'degrade' as const, 'ignore' as const),
    remote: fc.boolean(),
  }),
  { maxLength: 3 },
);
const standings = fc.constantFrom<Level | undefined>(...LEVELS, undefined);
const bare = (world: World): Level => levelOf(ACME, world)?.split(' ')[0] as Level;
const rank = (level: Level): number => LEVELS.indexOf(level);

test('missing knowledge, however old, never withdraws', () => {
  const ignorant = checks.map((all) => all.map((check) => ({ ...check, health: 'unknown' as const })));
  fc.assert(
    fc.property(
      fc.constantFrom<Level>('full', 'degraded'),
      verdicts,
      verdicts,
      fc.nat(100_000),
      ignorant,
      (standing, endpoint, own, forMs, unasked) => {
        const level = bare({ endpoint, own, ...blind, forMs, checks: unasked, standing });
        expect(rank(level)).toBeGreaterThanOrEqual(rank('degraded'));
        expect(rank(level)).toBeLessThanOrEqual(rank(standing));
      },
    ),
  );
});

test('what gets better never lowers a level', () => {
  fc.assert(
    fc.property(
      fc.oneof(verdicts, fc.constant(fault)),
      fc.oneof(verdicts, fc.constant(fault)),
      healths,
      healths,
      checks,
      standings,
      fc.constantFrom(acmeFleet, cautious),
      (endpoint, own, us, eu, all, standing, fleet) => {
        const world = { endpoint, own, us, eu, checks: all, fleet, ...(standing === undefined ? {} : { standing }) };
        const better: readonly Partial<World>[] = [
          { endpoint: verified },
          { own: verified },
          { us: 'up' },
          { eu: 'up' },
          { checks: all.map((check, index) => (index === 0 ? { ...check, health: 'up' } : check)) },
        ];
        for (const change of better)
          expect(rank(bare({ ...world, ...change }))).toBeGreaterThanOrEqual(rank(bare(world)));
      },
    ),
  );
});

test('a proven local fault withdraws, whatever else is known or wanted', () => {
  fc.assert(
    fc.property(
      healths,
      healths,
      checks,
      standings,
      fc.constantFrom(...(['advertise', 'withdraw'] as const)),
      (us, eu, all, standing, want) => {
        const rest = standing === undefined ? {} : { standing };
        expect(bare({ own: fault, us, eu, checks: all, intents: word(want), ...rest })).toBe('withdrawn');
      },
    ),
  );
});
