/** What a guard does with its own eyes while nobody else looks. */
import type { Check } from '../../src/model/check.js';
import { amsS1 } from '../acme.js';
import { asking, GuardWorld, V4 } from './guard-world.js';

let world: GuardWorld;
beforeEach(async () => {
  world = new GuardWorld();
  await world.start();
});
afterEach(async () => {
  expect(world.speaker.violations).toEqual([]);
  await world.guard.abandon();
  expect(world.clock.timers).toBe(0);
});

describe('while the agent is away', () => {
  const ACME = asking('full');
  const GLOBEX = asking('full', '198.19.7.0/24', [64513]);
  beforeEach(async () => {
    await world.hello();
    await world.renewing([ACME, GLOBEX], 1_000);
  });

  test('nothing is looked at while it is there, once everything has been seen', async () => {
    const { looks } = world.essential;
    await world.renewing([ACME, GLOBEX], 10_000);
    expect(world.essential.looks).toBe(looks);
    world.essential.missing.add('cv-acme');
    await world.renewing([ACME, GLOBEX], 3_000);
    expect(await world.levelOf()).toEqual(['full', 'full', false, 'healthy']);
  });

  test.each<[string, string, readonly string[]]>([
    ["one customer's veth", 'cv-acme', ['198.19.7.0/24']],
    ['the endpoint', '192.0.2.1', []],
    ['the only uplink', 'eth1', []],
  ])('%s is gone: withdrawn after two looks, and nobody else', async (_, name, left) => {
    await world.clock.advance(1_000);
    world.essential.missing.add(name);
    await world.clock.advance(500);
    expect(world.speaker.paths.map(({ prefix }) => prefix)).toEqual(left);
    expect((await world.levelOf()).slice(3)).toEqual(['essential-fault', 'lease-lapsed']);
    expect((await world.guard.status()).reports.at(-2)?.text).toBe(
      `the agent is away, and this is broken: ${name} missing`,
    );
  });

  test('broken before it left: withdrawn within half a second of the lapse', async () => {
    world.essential.missing.add('cv-acme');
    await world.clock.advance(1_300);
    expect(await world.levelOf()).toEqual(['withdrawn', 'withdrawn', false, 'essential-fault', 'lease-lapsed']);
  });

  test('one tunnel of two is enough', async () => {
    world.essential.missing.add('gre-us');
    await world.clock.advance(3_000);
    expect((await world.levelOf())[1]).toBe('degraded');
    world.essential.missing.add('gre-eu');
    await world.clock.advance(500);
    expect((await world.levelOf())[1]).toBe('withdrawn');
  });

  test('after a hand-over too; and what is whole again returns as it was', async () => {
    await world.run(world.guard.handover(world.currentEpoch, 'keep'));
    world.essential.missing.add('cv-acme');
    await world.clock.advance(500);
    expect((await world.levelOf())[1]).toBe('withdrawn');
    world.essential.missing.clear();
    await world.clock.advance(500);
    expect((await world.levelOf())[1]).toBe('full');
  });

  test('what cannot be seen withdraws nothing, and is told', async () => {
    world.essential.blind = 'not permitted';
    await world.clock.advance(10_000);
    expect((await world.levelOf())[1]).toBe('degraded');
    expect((await world.guard.status()).reports.map(({ text }) => text)).toContain(
      'cannot see what carries the prefixes: not permitted',
    );
  });

  test('what this guard has never seen good withdraws nothing', async () => {
    world.essential.missing.add('cv-acme');
    await world.crashAndReturn();
    await world.clock.advance(10_000);
    expect((await world.levelOf())[1]).toBe('degraded');
  });

  test('a guard that restarted beside a dead agent watches as well', async () => {
    await world.crashAndReturn();
    await world.clock.advance(1_500);
    world.essential.missing.add('cv-acme');
    await world.clock.advance(500);
    expect((await world.levelOf())[1]).toBe('withdrawn');
  });

  test('an agent that is back knows better', async () => {
    await world.clock.advance(1_000);
    world.essential.missing.add('cv-acme');
    await world.clock.advance(500);
    const wire = await world.hello();
    expect(wire.prefixes.find(({ prefix }) => prefix === V4)).toMatchObject({ asked: 'full', held: 'withdrawn' });
    await world.offer([ACME, GLOBEX]);
    expect(await world.levelOf()).toEqual(['degraded', 'degraded', false, 'lease-probation']);
    expect(world.essential.looks).toBeGreaterThan(0);
  });
});

describe('services while the agent is away', () => {
  const check = (change: Partial<Check>): Check => ({
    name: 'web',
    probe: { kind: 'http', target: 'self', port: 80, path: '/', status: [200] },
    inside: false,
    remote: false,
    onDown: 'withdraw',
    intervalMs: 1_000,
    timeoutMs: 1_000,
    rise: 3,
    fall: 3,
    ...change,
  });
  const WEB = 'customers/acme/web';
  const serve = async (change: Partial<Check> = {}): Promise<GuardWorld> => {
    const { fleet, ...rest } = amsS1();
    const customers = fleet.customers.map((customer) =>
      customer.name === 'acme' ? { ...customer, checks: [check(change)] } : customer,
    );
    const served = new GuardWorld({ ...rest, fleet: { ...fleet, customers } });
    await served.start();
    await served.hello();
    await served.renewing([asking('full'), asking('full', '198.19.7.0/24', [64513])], 1_000);
    return served;
  };

  test('asked five times a second, with its own rise and fall; nobody else is hurt', async () => {
    const served = await serve();
    expect(served.checker.checks).toEqual([]);
    served.checker.outcomes.set(WEB, 'failed');
    await served.clock.advance(1_000);
    expect(served.checker.checks).toMatchObject([{ key: WEB, intervalMs: 200, timeoutMs: 1_000 }]);
    expect((await served.levelOf())[1]).toBe('degraded');
    await served.clock.advance(400);
    expect((await served.levelOf()).slice(3)).toEqual(['essential-fault', 'lease-lapsed']);
    expect(served.speaker.paths.map(({ prefix }) => prefix)).toEqual(['198.19.7.0/24']);
    served.checker.outcomes.clear();
    await served.clock.advance(700);
    expect((await served.levelOf())[1]).toBe('degraded');
    await served.hello();
    await served.renewing([asking('full')], 250);
    expect(served.checker.checks).toEqual([]);
    await served.guard.abandon();
    expect(served.clock.timers).toBe(0);
  });

  test.each<[string, Partial<Check>]>([
    ['a program', { probe: { kind: 'exec', command: ['/bin/true'] } }],
    ['something far away', { remote: true }],
    ['what only degrades', { onDown: 'degrade' }],
  ])('%s is not asked', async (_, change) => {
    const served = await serve(change);
    await served.clock.advance(3_000);
    expect([served.checker.checks, (await served.levelOf())[1]]).toEqual([[], 'degraded']);
    await served.guard.abandon();
  });

  test('what cannot be asked withdraws nothing', async () => {
    const served = await serve();
    served.checker.outcomes.set(WEB, 'unsent');
    await served.clock.advance(5_000);
    expect((await served.levelOf())[1]).toBe('degraded');
    await served.guard.abandon();
  });
});
