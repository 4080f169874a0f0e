import fc from 'fast-check';
import { climb, NO_MEMORY, type LadderMemory } from '../../src/decide/ladder.js';
import { CheckFacts } from '../../src/engine/agent-checks.js';
import { TunnelFacts } from '../../src/engine/agent-facts.js';
import { AgentLadder } from '../../src/engine/agent-ladder.js';
import type { DataPlaneVerdict, Verdict } from '../../src/model/verdict.js';
import { acmeFleet, amsS1 } from '../acme.js';

const view = amsS1({
  ...acmeFleet,
  safety: { ...acmeFleet.safety, holdDown: { firstMs: 2_000, mostMs: 8_000, decayMs: 20_000 } },
});

const VERDICTS: Readonly<Record<string, (now: number) => Verdict>> = {
  verified: () => ({ state: 'verified', notes: [] }),
  fault: () => ({ state: 'fault', details: ['veth missing'], kinds: ['veth'] }),
  unknown: (now) => ({ state: 'unknown', detail: 'dump cut short', since: now }),
};

const step = fc.record({
  /** Milliseconds until it. */
  after: fc.constantFrom(0, 100, 1_000, 5_000, 40_000),
  sample: fc.option(
    fc.record({
      customer: fc.constantFrom('acme', 'globex'),
      tunnel: fc.constantFrom('us', 'eu'),
      outcome: fc.constantFrom('answered' as const, 'lost' as const),
    }),
  ),
  verdict: fc.option(
    fc.tuple(fc.constantFrom('endpoint', 'acme', 'globex'), fc.constantFrom(...Object.keys(VERDICTS))),
  ),
  ages: fc.boolean(),
});

test('announces after any history what the ladder says without keeping anything but its memory', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (history) => {
      let now = 0;
      const clock = { now: () => now, wall: () => '', after: () => ({ cancel: () => undefined }) };
      const [tunnels, checks] = [new TunnelFacts(), new CheckFacts()];
      tunnels.follow(view, now);
      checks.follow(view, now);
      const intents = new Map();
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
      for (const { after, sample, verdict, ages } of history) {
        now += after;
        if (sample) for (let n = 0; n < 3; n++) tunnels.take({ ...sample, at: now + n / 10 });
        if (ages) tunnels.age(now);
        if (verdict) {
          const [subject, kind] = verdict;
          const found = VERDICTS[kind]?.(now) ?? dataPlane.endpoint;
          dataPlane =
            subject === 'endpoint'
              ? { ...dataPlane, endpoint: found }
              : { ...dataPlane, customers: new Map([...dataPlane.customers, [subject, found]]) };
        }
        const facts = {
          ...{ now, dataPlane, intents },
          tunnel: (customer: string, tunnel: string) => tunnels.fact(customer, tunnel),
          checks: () => [],
        };
        const climbed = climb(view, facts, memory);
        memory = climbed.memory;
        ladder.climb(view, dataPlane);
        expect(ladder.announcements).toEqual(climbed.announcements);
      }
    }),
  );
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
