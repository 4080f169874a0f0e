import { prefix } from '../../src/model/address.js';
import { incidentsOf } from '../../src/status/incidents.js';
import { AgentWorld } from './agent-world.js';
import { asking, GuardWorld, V4, V6 } from './guard-world.js';

const ACME = '203.0.113.0/24';

describe("the agent's record", () => {
  let world: AgentWorld;
  beforeEach(async () => {
    world = new AgentWorld();
    await world.startAndSettle();
  });
  afterEach(() => world.stop('keep'));

  test('begins with the start; nothing is written while nothing changes', async () => {
    expect(world.chronicle.events[0]).toMatchObject({ kind: 'started', detail: 'pid 7, fleet acme-test' });
    expect(world.chronicle.of('fact')).toEqual([]);
    const before = world.chronicle.events.length;
    await world.clock.advance(60_000);
    expect(world.chronicle.events.length - before).toBe(0);
  });

  test('a fault: the fact with its first sign, then the level; and both again when it is mended', async () => {
    world.chronicle.events = [];
    world.lookMs = 7;
    await world.damage((kernel) => kernel.dropVeth('cv-acme'), 5_000);
    const [first, ...later] = world.chronicle.of('fact').filter(({ subject }) => subject === 'acme');
    expect(first).toMatchObject({
      about: 'data-plane',
      state: 'fault',
      prefixes: expect.arrayContaining([ACME]) as unknown,
    });
    // The event came before the look, which takes two rounds.
    expect((first?.ms ?? 0) - (first?.sign ?? 0)).toBe(14);
    expect(later.at(-1)).toMatchObject({ state: 'verified' });
    const levels = world.chronicle.of('level').filter(({ prefixes }) => prefixes.includes(prefix(ACME)));
    expect(levels[0]).toMatchObject({ from: 'full', to: 'withdrawn', reasons: [{ code: 'data-plane-fault' }] });
    expect(levels.at(-1)).toMatchObject({ to: 'full', reasons: [{ code: 'healthy' }] });
    expect(incidentsOf(world.chronicle.events)[0]).toMatchObject({ detectMs: 14, decideMs: 0, to: 'withdrawn' });
  });

  test('tunnels: detection is measured from the first lost probe', async () => {
    world.chronicle.events = [];
    world.answers = (tunnel) => (tunnel.startsWith('acme/') ? 'lost' : 'answered');
    await world.clock.advance(3_000);
    expect(world.chronicle.of('fact').map(({ subject, state }) => `${subject} ${state}`)).toEqual(
      expect.arrayContaining(['acme/us down', 'acme/eu down']),
    );
    const incident = incidentsOf(world.chronicle.events).find(({ prefixes }) => prefixes.includes(prefix(ACME)));
    expect(incident?.cause).toMatch(/^tunnel acme\//);
    expect(incident?.detectMs).toBeGreaterThan(0);
  });

  test("an operator's word, and the end", async () => {
    world.chronicle.events = [];
    await world.agent.intend({ prefix: prefix(ACME), want: 'withdraw', author: 'ann', reason: 'moved' });
    await world.clock.advance(10);
    expect(world.chronicle.events.map(({ kind }) => kind)).toEqual(['intent', 'level']);
    await world.stop('keep');
    expect(world.chronicle.of('stopped')).toMatchObject([{ detail: 'handed over' }]);
  });
});

describe("the guard's record", () => {
  let world: GuardWorld;
  const both = (level: 'full' | 'withdrawn') => [asking(level), asking(level, V6)];
  beforeEach(async () => {
    world = new GuardWorld();
    await world.start();
    await world.hello();
    await world.renewing(both('full'), 1_000);
    world.chronicle.events = [];
  });
  afterEach(() => world.guard.abandon());

  test('renewals are no events', async () => {
    await world.renewing(both('full'), 10_000);
    expect(world.chronicle.events).toEqual([]);
  });

  test('a withdrawal: decided, handed over, read back, gone from every peer', async () => {
    await world.renewing(both('withdrawn'), 1_000);
    expect(world.chronicle.events).toMatchObject([
      { kind: 'level', from: 'full', to: 'withdrawn', prefixes: [V4, V6], reasons: [{ code: 'tunnels-down' }] },
      { kind: 'handed', level: 'withdrawn', prefixes: [V4, V6] },
      { kind: 'held', level: 'withdrawn', prefixes: [V4, V6] },
      { kind: 'gone', prefixes: [V4, V6] },
    ]);
  });

  test('a lease that lapses, and the return', async () => {
    await world.clock.advance(1_500);
    expect(incidentsOf(world.chronicle.events)).toMatchObject([
      { by: 'guard', cause: 'lease-lapsed', to: 'degraded', wireMs: expect.any(Number) as unknown },
    ]);
    await world.hello();
    await world.renewing(both('full'), 4_000);
    expect(world.chronicle.of('note').map(({ text }) => text)).toEqual(['agent lapsed', 'the agent is back']);
    expect(incidentsOf(world.chronicle.events)[0]?.backMs).toBeGreaterThan(2_000);
  });

  test('drain is noted with what follows from it', async () => {
    await world.run(world.guard.drain('server'));
    expect(world.chronicle.of('note')[0]?.text).toMatch(/^drain: /);
    const [first] = world.chronicle.of('level').filter(({ prefixes }) => prefixes.includes(V4));
    expect(first).toMatchObject({ from: 'full', to: 'degraded', reasons: [{ code: 'draining' }] });
  });

  test('what each peer has been sent is asked of the speaker; one that does not answer leaves it unknown', async () => {
    const { peers } = await world.guard.status();
    expect(await world.run(world.guard.sent(V4))).toEqual(peers.map(({ address }) => ({ peer: address, sent: 'yes' })));
    await world.renewing(both('withdrawn'), 500);
    expect(await world.run(world.guard.sent(V4))).toEqual(peers.map(({ address }) => ({ peer: address, sent: 'no' })));
    world.speaker.kill();
    expect((await world.run(world.guard.sent(V4))).map(({ sent }) => sent)).not.toContain('yes');
  });
});
