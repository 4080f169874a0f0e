import fc from 'fast-check';
import { climb, NO_MEMORY, type LadderMemory } from '../../src/decide/ladder.js';
import { CheckFacts } from '../../src/engine/agent-checks.js';
import { TunnelFacts } from '../../src/engine/agent-facts.js';
import { AgentLadder } from '../../src/engine/agent-ladder.js';
import type { Intents } from '../../src/decide/intents.js';
import { prefix, type Prefix } from '../../src/model/address.js';
import type { Check } from '../../src/model/check.js';
import type { Customer, Safety, ServerView } from '../../src/model/fleet.js';
import type { Intent } from '../../src/model/intent.js';
import type { WireState } from '../../src/model/lease.js';
import type { Level } from '../../src/model/level.js';
import type { DataPlaneVerdict, Verdict } from '../../src/model/verdict.js';
import { acme, acmeFleet, amsS1, globex } from '../acme.js';

const check = (name: string, more: Partial<Check> = {}): Check => ({
  name,
  probe: { kind: 'tcp', target: 'self', port: 21 },
  ...{ inside: false, remote: false, onDown: 'withdraw' },
  ...{ intervalMs: 200, timeoutMs: 200, rise: 1, fall: 1 },
  ...more,
});
const MANY = Array.from({ length: 6 }, (_, n) => prefix(`20.0.${n}.0/24`));
const ALL = [...acme.prefixes, ...MANY.map((own) => ({ prefix: own, advertise: true }))];

/** Prefixes of several kinds; without the last few, a fleet that follows. */
const viewWith = (prefixes: Customer['prefixes'], remoteFault: Safety['remoteFault']): ServerView =>
  amsS1({
    ...acmeFleet,
    provider: { ...acmeFleet.provider, checks: [check('scrubber')] },
    customers: [
      {
        ...acme,
        prefixes: prefixes.map((own, n) => (n === 3 ? { ...own, advertise: false, onDemand: true } : own)),
        routes: prefixes.map((own, n) => ({ prefix: own.prefix, tunnel: n < 5 ? 'us' : 'eu', priority: 1, weight: 1 })),
        checks: [check('ftp', { prefixes: MANY.slice(0, 2), remote: true }), check('web')],
      },
      globex,
    ],
    safety: {
      ...acmeFleet.safety,
      remoteFault,
      holdDown: { firstMs: 2_000, mostMs: 8_000, decayMs: 20_000 },
      suspicion: { remotes: 2, windowMs: 1_000 },
    },
  });
const views = [viewWith(ALL, 'withdraw'), viewWith(ALL.slice(0, -2), 'withdraw'), viewWith(ALL, 'degrade')] as const;
const [view] = views;

const VERDICTS: Readonly<Record<string, (now: number) => Verdict>> = {
  verified: () => ({ state: 'verified', notes: [] }),
  fault: () => ({ state: 'fault', details: ['veth missing'], kinds: ['veth'] }),
  unknown: (now) => ({ state: 'unknown', detail: 'dump cut short', since: now }),
};

const intentFor = (of: Prefix, want: Intent['want']): Intent => ({
  ...{ prefix: of, want, author: 'ann', reason: 'a test', at: '2026-01-01T00:00:00Z' },
});

/** Once in so many steps: what changes everything all the time leaves nothing to be kept. */
const seldom = <T>(steps: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: steps - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const step = fc.record({
  /** Milliseconds until it. */
  after: fc.constantFrom(0, 100, 1_000, 5_000, 19_000, 40_000),
  sample: seldom(
    2,
    fc.record({
      customer: fc.constantFrom('acme', 'globex'),
      tunnel: fc.constantFrom('us', 'eu'),
      outcome: fc.constantFrom('answered' as const, 'answered' as const, 'lost' as const),
    }),
  ),
  check: seldom(
    2,
    fc.record({
      check: fc.constantFrom('provider/scrubber', 'customers/acme/ftp', 'customers/acme/web'),
      outcome: fc.constantFrom('ok' as const, 'ok' as const, 'failed' as const),
    }),
  ),
  verdict: seldom(
    6,
    fc.tuple(fc.constantFrom('endpoint', 'acme', 'globex'), fc.constantFrom(...Object.keys(VERDICTS))),
  ),
  word: seldom(
    6,
    fc.tuple(
      fc.constantFrom(...MANY, acme.prefixes[0]!.prefix),
      fc.constantFrom<Intent['want']>('withdraw', 'advertise'),
    ),
  ),
  /** What a guard tells when a new epoch begins. */
  told: seldom(12, fc.tuple(fc.constantFrom(...MANY), fc.constantFrom<Level>('full', 'degraded', 'withdrawn'))),
  fleet: seldom(12, fc.nat(2)),
  ages: fc.boolean(),
});

/** Of everything that it was, what it has to remember: whoever has only this judges every prefix again. */
const forgetful = (memory: LadderMemory): LadderMemory => ({
  ...memory,
  standing: new Map([
    ...(memory.last?.announcements ?? []).map((own) => [own.prefix, own.level] as const),
    ...memory.standing,
  ]),
});

const wireOf = (told: Prefix, level: Level): WireState =>
  ({
    ...{ agent: 'none', speaker: 'ready', peers: [], generation: 'acme-test' },
    prefixes: [{ prefix: told, held: level, reasons: [], settled: false }],
  }) as unknown as WireState;

test('announces after any history what the ladder says to whoever judges every prefix anew', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), (history) => {
      let now = 0;
      const clock = { now: () => now, wall: () => '', after: () => ({ cancel: () => undefined }) };
      const [tunnels, checks] = [new TunnelFacts(), new CheckFacts()];
      let own: ServerView = view;
      tunnels.follow(own, now);
      checks.follow(own, now);
      let intents: Intents = new Map();
      const ladder = new AgentLadder({
        ...{ clock, tunnels, checks },
        intents: () => intents,
        intentsChangeAt: () => undefined,
      });
      let memory: LadderMemory = NO_MEMORY;
      let dataPlane: DataPlaneVerdict = {
        endpoint: { state: 'verified', notes: [] },
        customers: new Map(view.fleet.customers.map(({ name }) => [name, { state: 'verified', notes: [] }])),
      };
      for (const { after, sample, check: checked, verdict, word, told, fleet, ages } of history) {
        now += after;
        if (sample) for (let n = 0; n < 3; n++) tunnels.take({ ...sample, at: now + n / 10 });
        if (checked) checks.take({ ...checked, sentAt: now, took: 1 });
        if (ages) tunnels.age(now);
        if (word) intents = new Map([...intents, [word[0], intentFor(...word)]]);
        if (fleet !== null) {
          own = views[fleet] ?? view;
          tunnels.follow(own, now);
          checks.follow(own, now);
        }
        if (verdict) {
          const [subject, kind] = verdict;
          const found = VERDICTS[kind]?.(now) ?? dataPlane.endpoint;
          dataPlane =
            subject === 'endpoint'
              ? { ...dataPlane, endpoint: found }
              : { ...dataPlane, customers: new Map([...dataPlane.customers, [subject, found]]) };
        }
        if (told) {
          ladder.adopt(wireOf(...told));
          memory = { ...memory, standing: new Map([[told[0], told[1]]]) };
        }
        const facts = {
          ...{ now, dataPlane, intents },
          tunnel: (customer: string, tunnel: string) => tunnels.fact(customer, tunnel),
          checks: (of: Prefix, customer?: string) => checks.governing(of, customer),
        };
        const climbed = climb(own, facts, forgetful(memory));
        memory = climbed.memory;
        ladder.climb(own, dataPlane);
        expect(ladder.announcements).toEqual(climbed.announcements);
      }
    }),
    { numRuns: 500 },
  );
});

test('one customer’s change leaves the announcements of all others the same objects, and its own share what they say', () => {
  const clock = { now: () => 0, wall: () => '', after: () => ({ cancel: () => undefined }) };
  const [tunnels, checks, intents] = [new TunnelFacts(), new CheckFacts(), new Map()];
  tunnels.follow(view, 0);
  const ladder = new AgentLadder({ clock, tunnels, checks, intents: () => intents, intentsChangeAt: () => undefined });
  const dataPlane: DataPlaneVerdict = { endpoint: { state: 'verified', notes: [] }, customers: new Map() };
  const heard = (customer: string, tunnel: string, outcome: 'answered' | 'lost'): void => {
    for (let n = 0; n < 3; n++) tunnels.take({ customer, tunnel, outcome, at: n });
    for (let turn = 0; turn < 2; turn++) ladder.climb(view, dataPlane);
  };
  for (const [customer, tunnel] of [
    ['acme', 'us'],
    ['acme', 'eu'],
    ['globex', 'us'],
  ] as const)
    // prettier-ignore
    heard(customer, tunnel, 'answered');
  const before = ladder.announcements;
  expect(new Set(before.map(({ level }) => level))).toEqual(new Set(['full', 'withdrawn']));
  heard('acme', 'us', 'lost');
  const changed = ladder.announcements.filter((own, place) => own !== before[place]);
  expect(changed.map(({ level }) => level)).toEqual(Array(4).fill('withdrawn'));
  expect(new Set(changed.map(({ reasons }) => reasons)).size).toBe(1);
  expect(new Set(ladder.announcements.map(({ asPath }) => asPath)).size).toBe(3);
});

test('keeps its announcements while nothing has changed', () => {
  let now = 0;
  const clock = { now: () => now, wall: () => '', after: () => ({ cancel: () => undefined }) };
  const [tunnels, checks, intents] = [new TunnelFacts(), new CheckFacts(), new Map()];
  tunnels.follow(view, now);
  const ladder = new AgentLadder({
    ...{ clock, tunnels, checks },
    intents: () => intents,
    intentsChangeAt: () => undefined,
  });
  const dataPlane: DataPlaneVerdict = { endpoint: { state: 'verified', notes: [] }, customers: new Map() };
  for (let turn = 0; turn < 3; turn++) ladder.climb(view, dataPlane);
  const { announcements } = ladder;
  now += 60_000;
  ladder.climb(view, dataPlane);
  expect(ladder.announcements).toBe(announcements);
  tunnels.take({ customer: 'globex', tunnel: 'us', outcome: 'answered', at: now });
  ladder.climb(view, dataPlane);
  expect(ladder.announcements).toBe(announcements);
  for (let n = 0; n < 3; n++) tunnels.take({ customer: 'globex', tunnel: 'us', outcome: 'answered', at: now + n });
  ladder.climb(view, dataPlane);
  expect(ladder.announcements).not.toBe(announcements);
});

test('a check of some prefixes changes those, of an owner that has others', () => {
  const clock = { now: () => 0, wall: () => '', after: () => ({ cancel: () => undefined }) };
  const [tunnels, checks, intents] = [new TunnelFacts(), new CheckFacts(), new Map()];
  tunnels.follow(view, 0);
  checks.follow(view, 0);
  const ladder = new AgentLadder({ clock, tunnels, checks, intents: () => intents, intentsChangeAt: () => undefined });
  const dataPlane: DataPlaneVerdict = { endpoint: { state: 'verified', notes: [] }, customers: new Map() };
  const heard = (name: string, outcome: 'ok' | 'failed'): void => {
    checks.take({ check: name, outcome, sentAt: 0, took: 1 });
    for (let turn = 0; turn < 2; turn++) ladder.climb(view, dataPlane);
  };
  for (const tunnel of ['us', 'eu'])
    for (let n = 0; n < 3; n++) tunnels.take({ customer: 'acme', tunnel, outcome: 'answered', at: n });
  for (const name of ['provider/scrubber', 'customers/acme/ftp', 'customers/acme/web']) heard(name, 'ok');
  const before = ladder.announcements;
  heard('customers/acme/ftp', 'failed');
  const changed = ladder.announcements.filter((own, place) => own !== before[place]);
  // The fourth of the customer's prefixes is on demand, and off the wire.
  expect(changed.map(({ prefix: own, level }) => `${own} ${level}`)).toEqual(['20.0.0.0/24 withdrawn']);
});

test('what a guard tells counts where nothing else is known, although nothing else has changed', () => {
  const clock = { now: () => 0, wall: () => '', after: () => ({ cancel: () => undefined }) };
  const [tunnels, checks, intents] = [new TunnelFacts(), new CheckFacts(), new Map()];
  tunnels.follow(view, 0);
  checks.follow(view, 0);
  const ladder = new AgentLadder({ clock, tunnels, checks, intents: () => intents, intentsChangeAt: () => undefined });
  const dataPlane: DataPlaneVerdict = { endpoint: { state: 'verified', notes: [] }, customers: new Map() };
  const levelOf = (of: Prefix | undefined): Level | undefined => {
    ladder.climb(view, dataPlane);
    return ladder.announcements.find((own) => own.prefix === of)?.level;
  };
  expect([levelOf(MANY[0]), levelOf(MANY[0])]).toEqual(['withdrawn', 'withdrawn']);
  ladder.adopt(wireOf(prefix('20.0.0.0/24'), 'full'));
  expect([levelOf(MANY[0]), levelOf(MANY[2])]).toEqual(['full', 'withdrawn']);
});
