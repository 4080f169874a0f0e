import type { Check } from '../../src/model/check.js';
import { amsS1 } from '../acme.js';
import { address } from '../../src/model/address.js';
import type { OfferAnswer } from '../../src/model/lease.js';
import { asking, COVERING, GuardWorld, V4, V6 } from './guard-world.js';

const FULL = '203.0.113.0/24 via 198.18.1.11 path [64512] med 0';
const DEGRADED = '203.0.113.0/24 via 198.18.1.11 path [64512] pref 0 med 1000 65535:0';

let world: GuardWorld;
beforeEach(async () => {
  world = new GuardWorld();
  await world.start();
});
afterEach(async () => {
  expect(world.speaker.violations).toEqual([]);
  await world.guard.abandon();
  expect(world.speaker.closed).toBe(true);
  expect(world.clock.timers).toBe(0);
});

describe('a fresh daemon', () => {
  test('gets the barrier, then peers, and nothing announced', async () => {
    expect(world.speaker.log).toEqual(['start', 'install-barrier', 'add-peer']);
    expect(world.speaker.render()).toEqual([]);
    const wire = await world.guard.status();
    expect(wire).toMatchObject({ speaker: 'ready', agent: 'never-seen', drain: 'in-service' });
    expect(wire.prefixes.map(({ prefix, reasons }) => [prefix, reasons[0]?.code])).toEqual([
      ['192.0.2.0/24', 'no-desired-set'],
      ['198.19.7.0/24', 'no-desired-set'],
      ['203.0.113.0/24', 'no-desired-set'],
      ['2001:db8:e::/48', 'no-desired-set'],
      ['2001:db8:acf::/48', 'no-desired-set'],
    ]);
    await world.clock.advance(600_000);
    expect((await world.guard.status()).agent).toBe('never-seen');
  });

  test('renewals cost neither a look nor a new answer; drift between them is found all the same', async () => {
    await world.hello();
    await world.renewing([asking('full')], 500);
    const { observations } = world.speaker;
    const answers: OfferAnswer[] = [];
    for (let i = 0; i < 40; i++) {
      await world.clock.advance(250);
      answers.push(await world.offer([asking('full')]));
    }
    expect(world.speaker.observations - observations).toBeLessThanOrEqual(5);
    expect(new Set(answers.map((answer) => answer.accepted && answer.wire)).size).toBe(1);
    world.speaker.meddle((bgp) => bgp.paths.clear());
    await world.renewing([asking('full')], 2_250);
    expect(world.speaker.render()).toEqual([FULL]);
  });

  test('an offer is on the wire when it is answered, and renewals touch nothing', async () => {
    await world.hello();
    const answer = await world.offer([asking('full'), asking('full', COVERING, [])]);
    expect(answer).toMatchObject({ accepted: true });
    expect(world.speaker.render()).toEqual(['192.0.2.0/24 via 198.18.1.11 path [] med 0', FULL]);
    expect(await world.levelOf()).toEqual(['full', 'full', false, 'healthy']);
    const [updates, operations] = [world.speaker.updates, world.speaker.log.length];
    await world.renewing([asking('full'), asking('full', COVERING, [])], 10_000);
    expect([world.speaker.updates, world.speaker.log.length]).toEqual([updates, operations]);
  });

  test('what is absent from a set is withdrawn, confirmed and settled', async () => {
    await world.hello();
    await world.offer([asking('full'), asking('full', V6)]);
    await world.offer([asking('full', V6)]);
    expect(await world.levelOf()).toEqual(['withdrawn', 'withdrawn', false, 'no-desired-set']);
    await world.clock.advance(499);
    expect((await world.levelOf())[2]).toBe(false);
    await world.clock.advance(1);
    expect((await world.levelOf())[2]).toBe(true);
    await world.offer([asking('full')]);
    expect(await world.levelOf()).toEqual(['full', 'full', false, 'healthy']);
  });

  test('nothing settles while a peer still has the path', async () => {
    await world.hello();
    await world.offer([asking('full')]);
    world.speaker.sticky = true;
    await world.renewing([asking('withdrawn')], 3_000);
    expect(await world.levelOf()).toEqual(['withdrawn', 'withdrawn', false, 'tunnels-down']);
    world.speaker.releaseSticky();
    await world.renewing([asking('withdrawn')], 750);
    expect((await world.levelOf())[2]).toBe(true);
  });
});

describe('the gate', () => {
  test.each([
    ['a prefix of nobody', asking('full', '198.51.100.0/24'), 'the fleet does not name it'],
    ['a longer prefix', asking('full', '203.0.113.0/25'), 'the fleet does not name it'],
    ['another origin', asking('full', V4, [64666]), 'AS path [64666] was asked for, the fleet says [64512]'],
  ])('%s is never announced, and reported', async (_, announcement, detail) => {
    await world.hello();
    await world.offer([announcement]);
    expect(world.speaker.render()).toEqual([]);
    const { prefixes, reports } = await world.guard.status();
    expect(prefixes.find(({ prefix }) => prefix === announcement.prefix)).toMatchObject({
      asked: 'full',
      level: 'withdrawn',
      reasons: [{ code: 'not-allowed', detail }],
    });
    expect(reports.at(-1)?.text).toContain(`not allowed: ${announcement.prefix} (${detail})`);
  });

  test('another generation makes the guard read its fleet again; until then both have to allow', async () => {
    const { fleet } = world.view;
    const customers = fleet.customers.filter(({ name }) => name === 'acme');
    world.onDisk = new Error('fleet.yaml:3:1: unknown key');
    await world.hello();
    await world.offer([asking('full'), asking('full', '198.19.7.0/24', [64513])], { generation: 'next' });
    expect(world.speaker.render()).toHaveLength(2);
    const said = (await world.guard.status()).reports.map(({ text }) => text);
    expect(said).toContain('fleet acme-test stays: fleet.yaml:3:1: unknown key');
    world.onDisk = { ...world.view, fleet: { ...fleet, customers, generation: 'next' } };
    await world.clock.advance(900);
    await world.offer([asking('full'), asking('full', '198.19.7.0/24', [64513])], { generation: 'next' });
    await world.clock.advance(200);
    await world.offer([asking('full'), asking('full', '198.19.7.0/24', [64513])], { generation: 'next' });
    expect(world.speaker.render()).toEqual([FULL]);
    expect(await world.levelOf('198.19.7.0/24')).toEqual(['withdrawn', 'withdrawn', false, 'not-allowed']);
    expect((await world.guard.status()).generation).toBe('next');
  });

  test('what a new fleet no longer names stays listed until it has settled', async () => {
    const { fleet } = world.view;
    const globex = '198.19.7.0/24';
    const customers = fleet.customers.filter(({ name }) => name === 'acme');
    await world.hello();
    await world.offer([asking('full'), asking('full', globex, [64513])]);
    world.onDisk = { ...world.view, fleet: { ...fleet, customers, generation: 'next' } };
    world.speaker.sticky = true;
    await world.offer([asking('full')], { generation: 'next' });
    await world.renewing([asking('full')], 2_000, { generation: 'next' });
    expect(world.speaker.render()).toEqual([FULL]);
    expect((await world.guard.status()).generation).toBe('next');
    expect(await world.levelOf(globex)).toEqual(['withdrawn', 'withdrawn', false, 'left-fleet']);
    world.speaker.releaseSticky();
    await world.renewing([asking('full')], 250, { generation: 'next' });
    expect(await world.levelOf(globex)).toEqual(['withdrawn', 'withdrawn', false, 'left-fleet']);
    await world.renewing([asking('full')], 1_500, { generation: 'next' });
    await expect(world.levelOf(globex)).rejects.toThrow('not in the wire state');
  });

  test('a changed password replaces the peer, once', async () => {
    const { fleet, site, server } = world.view;
    const routers = site.routers.map((router) => ({ ...router, password: 'new' }));
    world.onDisk = { server, site: { ...site, routers }, fleet: { ...fleet, generation: 'next' } };
    await world.hello();
    world.speaker.log.length = 0;
    for (let i = 0; i < 3; i++) await world.offer([], { generation: 'next' });
    expect(world.speaker.log).toEqual(['delete-peer', 'add-peer']);
  });
});

describe('the lease', () => {
  beforeEach(async () => {
    await world.hello();
    await world.offer([asking('full'), asking('withdrawn', V6)]);
  });

  test('a lapse degrades at the very end of the lease; full returns after a hello and ten renewals', async () => {
    await world.clock.advance(999);
    expect(world.speaker.render()).toEqual([FULL]);
    await world.clock.advance(2);
    expect(world.speaker.render()).toEqual([DEGRADED]);
    expect(await world.levelOf()).toEqual(['degraded', 'degraded', false, 'lease-lapsed']);
    expect(await world.levelOf(V6)).toEqual(['withdrawn', 'withdrawn', true, 'tunnels-down', 'lease-lapsed']);
    expect((await world.guard.status()).agent).toBe('lapsed');
    await world.hello();
    await world.renewing([asking('full')], 2_250);
    expect(await world.levelOf()).toEqual(['degraded', 'degraded', false, 'lease-probation']);
    await world.offer([asking('full')]);
    expect(world.speaker.render()).toEqual([FULL]);
  });

  test('whoever slept through a lapse is refused, whatever the wire was left at, and must say hello again', async () => {
    await world.clock.advance(1_000);
    const { updates } = world.speaker;
    for (const level of ['full', 'withdrawn'] as const) {
      await expect(world.offer([asking(level)])).resolves.toMatchObject({ accepted: false, refusal: 'stale-epoch' });
    }
    expect(world.speaker.updates).toBe(updates);
    await world.hello();
    await expect(world.offer([asking('full')])).resolves.toMatchObject({ accepted: true });
  });

  test('a renewal that waited in the socket while the guard stood still comes in time', async () => {
    await world.clock.advance(750);
    const frozen = world.clock.freeze(60_000);
    await expect(world.offer([asking('full')])).resolves.toMatchObject({ accepted: true });
    await frozen;
    expect((await world.guard.status()).agent).toBe('leased');
  });

  test('no agent within stopGrace: withdrawn where the fleet says drain', async () => {
    await world.clock.advance(20_999);
    expect(world.speaker.render()).toEqual([DEGRADED]);
    await world.clock.advance(2);
    expect(world.speaker.render()).toEqual([]);
    expect(await world.levelOf()).toEqual(['withdrawn', 'withdrawn', false, 'agent-gone']);
  });

  test('a machine that stood still expires nothing, and only once', async () => {
    await world.clock.advance(700);
    await world.clock.freeze(60_000);
    await world.clock.advance(150);
    expect(world.speaker.render()).toEqual([FULL]);
    await world.clock.advance(200);
    expect(world.speaker.render()).toEqual([DEGRADED]);
    expect((await world.guard.status()).reports.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^this process stood still for 59\d{3} ms/),
    );
  });

  test('a set that arrives after a pause gains nothing from it', async () => {
    await world.clock.advance(50);
    const frozen = world.clock.freeze(60_000);
    const offered = world.offer([asking('full')]);
    await Promise.all([frozen, offered]);
    await world.clock.advance(1_050);
    expect(world.speaker.render()).toEqual([DEGRADED]);
  });

  test('after a hand-over the wire stays for stopGrace, then drains', async () => {
    const before = world.speaker.updates;
    await world.run(world.guard.handover(world.currentEpoch, 'keep'));
    await world.clock.advance(19_950);
    expect(world.speaker.updates).toBe(before);
    expect((await world.levelOf()).slice(3)).toEqual(['healthy', 'agent-handover']);
    await world.clock.advance(100);
    expect(world.speaker.render()).toEqual([DEGRADED]);
    await world.clock.advance(2_000);
    expect(world.speaker.render()).toEqual([]);
  });

  test('an agent that returns after a hand-over finds the wire as it was', async () => {
    const before = world.speaker.updates;
    await world.run(world.guard.handover(world.currentEpoch, 'keep'));
    await expect(world.offer([asking('withdrawn')])).resolves.toMatchObject({ refusal: 'stale-epoch' });
    await world.clock.advance(15_000);
    const wire = await world.hello({}, 200);
    expect(wire.prefixes.find(({ prefix }) => prefix === V4)).toMatchObject({ level: 'full', held: 'full' });
    await world.renewing([asking('full')], 10_000);
    expect(world.speaker.updates).toBe(before);
  });

  test('a hand-over with drain drains at once, until an agent returns', async () => {
    await world.run(world.guard.handover(world.currentEpoch, 'drain'));
    expect(world.speaker.render()).toEqual([DEGRADED]);
    await world.clock.advance(2_001);
    expect(world.speaker.render()).toEqual([]);
    await world.hello({}, 200);
    await world.offer([asking('full')]);
    expect(world.speaker.render()).toEqual([FULL]);
  });
});

describe('who may speak', () => {
  test('a second agent is told the pid of the first while its lease runs', async () => {
    await world.hello();
    await world.offer([asking('full')]);
    await expect(world.hello({}, 200)).rejects.toThrow('another agent for ams-s1 is running, pid 100; stop it first');
    await world.clock.advance(1_100);
    await world.hello({}, 200);
  });

  test('an agent whose connection is gone does not hold the seat', async () => {
    const first = {};
    await world.hello(first);
    await world.offer([asking('full')]);
    world.guard.left(first);
    await world.hello({}, 200);
    expect(world.speaker.render()).toEqual([FULL]);
  });

  test('stale epochs and sequences, other servers and nonsense are refused and change nothing', async () => {
    await world.hello();
    const old = world.currentEpoch;
    await world.hello();
    await world.offer([asking('full')]);
    for (const [change, refusal] of [
      [{ epoch: old }, 'stale-epoch'],
      [{ epoch: world.currentEpoch + 1 }, 'stale-epoch'],
      [{ sequence: 1 }, 'stale-sequence'],
      [{ server: 'ams-s2' }, 'other-server'],
      [{ ttlMs: Number.POSITIVE_INFINITY }, 'invalid'],
    ] as const) {
      await expect(world.offer([], change)).resolves.toMatchObject({ accepted: false, refusal });
    }
    await expect(world.offer([asking('full'), asking('degraded')])).resolves.toMatchObject({ refusal: 'invalid' });
    expect(world.speaker.render()).toEqual([FULL]);
    await expect(world.guard.handover(old, 'keep')).rejects.toThrow('has ended already');
  });

  test('epochs rise over a restart of the guard', async () => {
    await world.hello();
    const first = world.currentEpoch;
    await world.crashAndReturn();
    await world.clock.advance(5);
    await world.hello();
    expect(world.currentEpoch).toBeGreaterThan(first);
  });
});

describe('drain', () => {
  beforeEach(async () => {
    await world.hello();
    await world.offer([asking('full')]);
  });

  test('degraded, withdrawn, settled; undrain brings everything back', async () => {
    await world.run(world.guard.drain());
    expect(world.speaker.render()).toEqual([DEGRADED]);
    expect((await world.levelOf()).slice(3)).toEqual(['draining']);
    await world.renewing([asking('full')], 2_000);
    expect(world.speaker.render()).toEqual([]);
    await world.renewing([asking('full')], 750);
    expect(await world.levelOf()).toEqual(['withdrawn', 'withdrawn', true, 'drained']);
    await world.run(world.guard.undrain());
    expect(world.speaker.render()).toEqual([FULL]);
    expect(world.files.contents.has('/state/drain')).toBe(false);
  });

  test('a drained server stays drained over a restart, and never flickers', async () => {
    await world.run(world.guard.drain());
    await world.renewing([asking('full')], 2_250);
    const { updates } = world.speaker;
    await world.crashAndReturn();
    await world.hello();
    await world.renewing([asking('full')], 5_000);
    expect(world.speaker.updates).toBe(updates);
    expect((await world.guard.status()).drain).toBe('drained');
  });

  test('a guard killed while draining goes on draining', async () => {
    await world.run(world.guard.drain());
    await world.crashAndReturn();
    expect(world.speaker.render()).toEqual([DEGRADED]);
    await world.clock.advance(2_001);
    expect(world.speaker.render()).toEqual([]);
  });
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

describe('restart and end of the guard', () => {
  test('a guard that restarts adopts: no UPDATE, then the lease runs', async () => {
    await world.hello();
    await world.offer([asking('full'), asking('degraded', V6)]);
    const { updates } = world.speaker;
    const operations = world.speaker.log.length;
    await world.crashAndReturn();
    await world.clock.advance(900);
    expect([world.speaker.updates, world.speaker.log.length]).toEqual([updates, operations]);
    expect(await world.levelOf()).toEqual(['full', 'full', false]);
    expect(await world.levelOf(V6)).toEqual(['degraded', 'degraded', false]);
    await world.clock.advance(200);
    expect(world.speaker.render()[1]).toBe(DEGRADED);
    await world.hello({}, 200);
    await world.renewing([asking('full'), asking('degraded', V6)], 2_500);
    expect(world.speaker.render()[1]).toBe(FULL);
  });

  test('a router that left the fleet, or got another key, while there was no guard', async () => {
    const { site, fleet, server } = world.view;
    const [first] = site.routers;
    if (!first) throw new Error('no router');
    const changed = (routers: typeof site.routers) => ({ server, fleet, site: { ...site, routers } });
    const second = { ...first, name: 'ams-r2', v4: address('198.18.1.2') };
    world.view = changed([first, second]);
    await world.crashAndReturn();
    expect(world.speaker.peers).toEqual(['198.18.1.1', '198.18.1.2']);
    world.speaker.log.length = 0;
    world.view = changed([{ ...first, password: 'new' }]);
    await world.crashAndReturn();
    expect(world.fatal).toBeUndefined();
    expect(world.speaker.peers).toEqual(['198.18.1.1']);
    expect(world.speaker.log).toEqual(['delete-peer', 'delete-peer', 'add-peer']);
  });

  test('a path that is allowed no more is not adopted', async () => {
    await world.hello();
    await world.offer([asking('full'), asking('full', '198.19.7.0/24', [64513])]);
    const { fleet } = world.view;
    world.view = {
      ...world.view,
      fleet: { ...fleet, customers: fleet.customers.filter(({ name }) => name === 'acme') },
    };
    await world.crashAndReturn();
    expect(world.speaker.render()).toEqual([FULL]);
    expect(world.speaker.log.slice(-2)).toEqual(['withdraw', 'disallow']);
    expect(await world.levelOf('198.19.7.0/24')).toEqual(['withdrawn', 'withdrawn', false, 'left-fleet']);
    await world.clock.advance(2_000);
    await expect(world.levelOf('198.19.7.0/24')).rejects.toThrow('not in the wire state');
  });

  test('SIGTERM drains, confirms, settles and ends, and leaves no record', async () => {
    await world.hello();
    await world.offer([asking('full')]);
    const began = world.clock.now();
    const stopped = world.guard.stop();
    await world.clock.settle();
    expect(world.speaker.render()).toEqual([DEGRADED]);
    await world.run(stopped);
    expect(world.speaker.render()).toEqual([]);
    expect(world.clock.now() - began).toBeGreaterThanOrEqual(2_500);
    expect(world.clock.now() - began).toBeLessThan(2_700);
    expect(world.files.contents.has('/state/drain')).toBe(false);
  });

  test('SIGTERM ends at once when the speaker is gone: nobody announces anything', async () => {
    await world.hello();
    await world.offer([asking('full')]);
    world.speaker.kill();
    await world.clock.advance(500);
    const began = world.clock.now();
    await world.run(world.guard.stop());
    expect(world.clock.now() - began).toBeLessThan(50);
  });

  test('SIGTERM ends in bounded time when the speaker only does not answer', async () => {
    await world.hello();
    await world.offer([asking('full')]);
    world.speaker.failures = Array.from({ length: 1_000 }, () => 'timeout');
    const began = world.clock.now();
    await world.run(world.guard.stop());
    expect(world.clock.now() - began).toBeLessThan(3_200);
    expect(world.clock.now() - began).toBeGreaterThan(2_900);
  });
});

describe('a server that comes up', () => {
  const HOUR = 3_600_000;
  const bootedAfter = async (ms: number): Promise<GuardWorld> => {
    const other = new GuardWorld();
    other.files.contents.set(
      '/state/last-run',
      `${new Date(Date.parse(other.clock.wall()) - ms).toISOString()} older\n`,
    );
    await other.start();
    await other.hello();
    return other;
  };
  const rendered = async (other: GuardWorld): Promise<readonly string[]> => {
    await other.renewing([asking('full')], 1_000);
    return other.speaker.render();
  };

  test.each([
    ['after a night', 12 * HOUR],
    ['after a day to the second', 24 * HOUR],
    ['beside a clock that is a little behind', -30_000],
  ])('%s announces', async (_, ms) => {
    const other = await bootedAfter(ms);
    expect(await rendered(other)).toEqual([FULL]);
    await other.guard.abandon();
  });

  test('after more than a day announces nothing, says so, and an operator lifts it for good', async () => {
    const other = await bootedAfter(25 * HOUR);
    const { updates } = other.speaker;
    expect(await rendered(other)).toEqual([]);
    expect(await other.levelOf()).toEqual(['withdrawn', 'withdrawn', true, 'boot-stale']);
    expect(await other.guard.status()).toMatchObject({
      hold: 'it last ran 25.0 h ago, with fleet older; bootMaxAge is 24.0 h',
    });
    expect(other.files.contents.get('/state/last-run')).toContain('older');
    await other.crashAndReturn();
    await other.hello();
    expect(await rendered(other)).toEqual([]);
    expect(other.speaker.updates).toBe(updates);
    await other.run(other.guard.confirm());
    expect(await rendered(other)).toEqual([FULL]);
    expect((await other.guard.status()).hold).toBeUndefined();
    expect(other.files.contents.get('/state/last-run')).toContain(other.view.fleet.generation);
    await other.guard.abandon();
  });

  test('with a record that cannot be understood announces nothing', async () => {
    const other = new GuardWorld();
    other.files.contents.set('/state/last-run', '');
    await other.start();
    await other.hello();
    expect(await rendered(other)).toEqual([]);
    await other.guard.abandon();
  });

  test('with a clock that is far behind waits until it is set', async () => {
    const other = await bootedAfter(-25 * HOUR);
    expect(await rendered(other)).toEqual([]);
    other.clock.setWall(25 * HOUR);
    expect(await rendered(other)).toEqual([FULL]);
    await other.guard.abandon();
  });

  test('beside what it announces already goes on, whatever the record says', async () => {
    await world.hello();
    await world.renewing([asking('full')], 1_000);
    const { updates } = world.speaker;
    world.files.contents.set('/state/last-run', '2001-01-01T00:00:00.000Z old\n');
    await world.crashAndReturn();
    await world.hello();
    await world.renewing([asking('full')], 2_000);
    expect([world.speaker.render(), world.speaker.updates]).toEqual([[FULL], updates]);
  });

  test('notes that it runs, seldom, and goes on when the disk is full', async () => {
    await world.hello();
    const first = world.files.contents.get('/state/last-run');
    await world.renewing([asking('full')], 60_000);
    expect(world.files.contents.get('/state/last-run')).toBe(first);
    world.files.full = true;
    await world.clock.advance(600_000);
    expect((await world.guard.status()).reports.map(({ text }) => text)).toContain(
      'cannot note that this server runs: Error: ENOSPC',
    );
    world.files.full = false;
    await world.clock.advance(600_000);
    expect(world.files.contents.get('/state/last-run')).not.toBe(first);
  });
});

describe('the speaker', () => {
  test('missing at the start: waits and says so', async () => {
    const other = new GuardWorld();
    other.speaker.alive = false;
    await other.start();
    await other.clock.advance(5_000);
    expect(await other.guard.status()).toMatchObject({
      speaker: 'unreachable',
      speakerDetail: 'fake speaker: nobody listens',
    });
    expect(await other.levelOf()).toEqual(['withdrawn', 'unknown', false, 'no-desired-set']);
    expect(other.fatal).toBeUndefined();
    other.speaker.restart();
    await other.clock.advance(10);
    expect(other.speaker.log).toEqual(['start', 'install-barrier', 'add-peer']);
    await other.guard.abandon();
  });

  test('killed and back: barrier, paths, peers, within a second even without an event', async () => {
    await world.hello();
    await world.offer([asking('full')]);
    world.speaker.kill();
    await world.renewing([asking('full')], 3_000);
    expect((await world.levelOf())[1]).toBe('unknown');
    world.speaker.log.length = 0;
    world.speaker.alive = true;
    await world.renewing([asking('full')], 1_000);
    expect(world.speaker.log).toEqual(['start', 'install-barrier', 'announce', 'add-peer']);
    expect(world.speaker.render()).toEqual([FULL]);
  });

  test.each([
    ['a path removed', (w: GuardWorld) => w.speaker.meddle((bgp) => bgp.paths.clear())],
    [
      'a barrier removed',
      (w: GuardWorld) => w.speaker.meddle((bgp) => (bgp.barrier = { state: 'wrong', detail: 'default accept' })),
    ],
    ['a peer removed', (w: GuardWorld) => w.speaker.meddle((bgp) => bgp.peers.clear())],
    [
      'a foreign path',
      (w: GuardWorld) =>
        w.speaker.meddle((bgp) => bgp.foreign.push({ family: 4, prefix: '198.51.100.0/24', detail: 'no tag' })),
    ],
  ])('drift is repaired and reported: %s', async (_, meddle) => {
    await world.hello();
    await world.renewing([asking('full')], 1_000);
    meddle(world);
    await world.renewing([asking('full')], 1_250);
    expect(world.speaker.render()).toEqual([FULL]);
    expect(world.speaker.barrier).toBe('held');
    expect(world.speaker.peers).toEqual(['198.18.1.1']);
    expect((await world.guard.status()).reports.at(-1)?.text).toMatch(/^the speaker has drifted: /);
  });

  test("somebody else's peers or identity: refused at the start, and nothing touched", async () => {
    const strangers = new GuardWorld();
    strangers.speaker.startedBySomebody(64500, strangers.view.server.v4);
    strangers.speaker.meddle((bgp) =>
      bgp.peers.set(COVERING as never, {
        address: '10.0.0.1' as never,
        asn: 1,
        state: 'active',
        hold: 9,
        keepalive: 3,
        families: [4],
        protection: 0,
        gracefulRestart: 0,
        ours: false,
      }),
    );
    await strangers.start();
    expect(strangers.fatal?.message).toContain('it has peers that the fleet does not name: 10.0.0.1');
    expect(strangers.speaker.log).toEqual([]);
    expect(await strangers.guard.status()).toMatchObject({ speaker: 'refused' });
    await strangers.guard.abandon();

    const other = new GuardWorld();
    other.speaker.startedBySomebody(65001, other.view.server.v4);
    await other.start();
    expect(other.fatal?.message).toContain('it runs as AS 65001 with router id 198.18.1.11, the fleet says AS 64500');
    expect(other.speaker.log).toEqual([]);
    await other.guard.abandon();
  });

  test('a speaker that hangs delays answers by half a lease at most, and renewals go on counting', async () => {
    await world.hello();
    await world.offer([asking('full')]);
    const { updates } = world.speaker;
    let release = (): void => undefined;
    const hung = new Promise<void>((resolve) => (release = resolve));
    world.speaker.delay = () => hung;
    for (let i = 0; i < 8; i++) {
      const began = world.clock.now();
      await expect(world.offer([asking('full')])).resolves.toMatchObject({ accepted: true });
      expect(world.clock.now() - began).toBeLessThanOrEqual(510);
      await world.clock.advance(250);
    }
    world.speaker.delay = () => Promise.resolve();
    release();
    await world.clock.advance(100);
    expect(world.speaker.updates).toBe(updates);
  });

  test('a speaker that takes everything and does nothing is not hammered', async () => {
    await world.hello();
    world.speaker.deaf = true;
    world.speaker.log.length = 0;
    await world.renewing([asking('full')], 10_000);
    expect(world.speaker.log.length).toBeLessThan(150);
    expect((await world.guard.status()).speakerDetail).toContain(
      'takes changes but does not show them; still to do: announce 203.0.113.0/24',
    );
    world.speaker.deaf = false;
    await world.renewing([asking('full')], 1_500);
    expect(world.speaker.render()).toEqual([FULL]);
  });

  test('errors half-way: tried again until it holds', async () => {
    await world.hello();
    world.speaker.failures = ['rejected', 'timeout', 'barrier-not-held', 'unreachable'];
    await world.renewing([asking('full')], 3_000);
    expect(world.speaker.render()).toEqual([FULL]);
    expect((await world.guard.status()).speaker).toBe('ready');
  });
});
