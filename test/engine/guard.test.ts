import { address } from '../../src/model/address.js';
import type { Server } from '../../src/model/fleet.js';
import type { OfferAnswer } from '../../src/model/lease.js';
import type { Level } from '../../src/model/level.js';
import type { Doubt } from '../../src/ports/speaker.js';
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

  test('a decision does not wait for a look that is due, unless the whole speaker is in doubt', async () => {
    await world.hello();
    await world.renewing([asking('full')], 500);
    const calls = async (doubt: Doubt, level: Level): Promise<readonly string[]> => {
      world.speaker.calls.length = 0;
      world.speaker.tell(doubt);
      await world.offer([asking(level)]);
      return world.speaker.calls.slice(0, 2);
    };
    expect(await calls({ prefixes: [COVERING] }, 'degraded')).toEqual(['apply', 'recheck']);
    await world.clock.advance(200);
    expect(await calls('everything', 'full')).toEqual(['observe', 'apply']);
    expect(world.speaker.render()).toEqual([FULL]);
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

  test('a renewal for a shorter time lapses in time', async () => {
    await world.hello();
    await world.offer([asking('full')], { ttlMs: 60_000 });
    await world.clock.advance(500);
    await world.offer([asking('full')], { ttlMs: 200 });
    await world.clock.advance(210);
    expect(world.speaker.render()).toEqual([DEGRADED]);
  });

  test('a lapse while the speaker is being asked does not wait for the next look', async () => {
    for (let ttlMs = 800; ttlMs <= 950; ttlMs += 5) {
      const other = new GuardWorld();
      await other.start();
      await other.hello();
      await other.offer([asking('full'), asking('full', COVERING, [])]);
      other.speaker.sticky = true;
      const began = other.clock.now();
      await other.offer([asking('full')], { ttlMs });
      await other.clock.advance(700);
      // The last pass is the one that finds the withdrawal confirmed, 40 ms after it asked.
      other.speaker.delay = () => new Promise((resolve) => other.clock.after(40, resolve));
      await other.clock.advance(100);
      other.speaker.releaseSticky();
      await other.clock.advance(ttlMs + 250 - (other.clock.now() - began));
      expect([ttlMs, ...other.speaker.render()]).toEqual([ttlMs, DEGRADED]);
      await Promise.all([other.guard.abandon(), other.clock.advance(100)]);
    }
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

  test.each<[string, Partial<Server>, string]>([
    [
      'another speaker',
      { speaker: 'exabgp' },
      'ams-s1 speaker: exabgp, and it runs gobgp: drain it, start exabgp in place of gobgp, restart guard',
    ],
    ['another AS', { asn: 64501 }, 'ams-s1 another AS or address: drain it, restart its speaker and guard'],
    [
      'another address',
      { v4: address('198.18.1.99') },
      'ams-s1 another AS or address: drain it, restart its speaker and guard',
    ],
  ])('a new fleet that gives this server %s is refused, and what stands stays', async (_, change, told) => {
    const { fleet, site, server } = world.view;
    world.onDisk = { site, server: { ...server, ...change }, fleet: { ...fleet, generation: 'next' } };
    await world.hello();
    await world.renewing([asking('full')], 1_500, { generation: 'next' });
    const { generation, reports } = await world.guard.status();
    expect(generation).toBe('acme-test');
    expect(reports.map(({ text }) => text)).toContain(`fleet acme-test stays: the new one gives ${told}`);
    expect(world.speaker.render()).toEqual([FULL]);
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

  test('an agent that was stopped wakes beside its successor: refused, and the wire stays', async () => {
    const second = {};
    const stale = { epoch: world.currentEpoch, sequence: 99 };
    await expect(world.hello(second, 200)).rejects.toThrow('another agent for ams-s1 is running, pid 100');
    await world.clock.advance(1_100);
    await world.hello(second, 200);
    await world.renewing([asking('full')], 2_500);
    const { updates } = world.speaker;
    await expect(world.offer([asking('withdrawn')], stale)).resolves.toMatchObject({ refusal: 'stale-epoch' });
    await expect(world.hello()).rejects.toThrow('another agent for ams-s1 is running, pid 200');
    expect([world.speaker.updates, world.speaker.render()]).toEqual([updates, [FULL]]);
  });

  test.each([365 * 86_400_000, -365 * 86_400_000])('the wall clock is set by %i ms: nothing happens', async (by) => {
    const { updates } = world.speaker;
    await world.clock.advance(500);
    world.clock.setWall(by);
    await world.clock.advance(499);
    await world.renewing([asking('full'), asking('withdrawn', V6)], 5_000);
    await world.hello();
    await world.renewing([asking('full'), asking('withdrawn', V6)], 5_000);
    expect([world.speaker.updates, (await world.guard.status()).hold]).toEqual([updates, undefined]);
    await world.clock.advance(1_001);
    expect(world.speaker.render()).toEqual([DEGRADED]);
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
    await world.run(world.guard.drain('server'));
    expect(world.speaker.render()).toEqual([DEGRADED]);
    expect((await world.levelOf()).slice(3)).toEqual(['draining']);
    await world.renewing([asking('full')], 2_000);
    expect(world.speaker.render()).toEqual([]);
    await world.renewing([asking('full')], 750);
    expect(await world.levelOf()).toEqual(['withdrawn', 'withdrawn', true, 'drained']);
    await world.run(world.guard.undrain());
    expect(world.speaker.render()).toEqual([DEGRADED]);
    expect((await world.guard.status()).drain).toBe('returning');
    expect(world.files.contents.has('/state/drain')).toBe(false);
    await world.renewing([asking('full')], 750);
    expect(world.speaker.render()).toEqual([FULL]);
    expect((await world.guard.status()).drain).toBe('in-service');
  });

  test('it stays degraded while packets still arrive, and is withdrawn once they have gone', async () => {
    let goneAt = Number.POSITIVE_INFINITY;
    world.carried = (now) => Math.min(now, goneAt);
    await world.run(world.guard.drain('server'));
    await world.renewing([asking('full')], 10_000);
    expect(world.speaker.render()).toEqual([DEGRADED]);
    expect(await world.guard.status()).toMatchObject({
      drain: 'draining',
      drainProgress: { scope: 'server', atMostMs: 30_000, packetsPerSecond: 1_000 },
    });
    goneAt = world.clock.now();
    await world.renewing([asking('full')], 1_500);
    expect(world.speaker.render()).toEqual([]);
    // Strays bring nothing back.
    goneAt = Number.POSITIVE_INFINITY;
    await world.renewing([asking('full')], 3_000);
    expect(world.speaker.render()).toEqual([]);
  });

  test('a guard that ends waits for no packets', async () => {
    world.carried = (now) => now;
    await world.run(world.guard.drain('server'));
    await world.renewing([asking('full')], 4_000);
    expect(world.speaker.render()).toEqual([DEGRADED]);
    await world.run(world.guard.stop());
    expect(world.speaker.render()).toEqual([]);
    await world.start();
  });

  test('a server that is out stays out when its whole site is taken out', async () => {
    await world.run(world.guard.drain('server'));
    await world.renewing([asking('full')], 3_000);
    const { updates } = world.speaker;
    await world.run(world.guard.drain('site'));
    await world.renewing([asking('full')], 3_000);
    expect(world.speaker.updates).toBe(updates);
    expect(await world.guard.status()).toMatchObject({ drain: 'drained', drainProgress: { scope: 'site' } });
  });

  test('packets that never end hold it up no longer than safety.drainMost', async () => {
    world.carried = (now) => now;
    await world.run(world.guard.drain('server'));
    await world.renewing([asking('full')], 29_500);
    expect(world.speaker.render()).toEqual([DEGRADED]);
    await world.renewing([asking('full')], 1_000);
    expect(world.speaker.render()).toEqual([]);
  });

  test('a site that goes says so on its paths, also on the way back, also after a restart', async () => {
    const marks = (): readonly string[] => world.speaker.paths.flatMap(({ attributes }) => attributes.largeCommunities);
    await world.run(world.guard.drain('site'));
    expect(marks()).toContain('64500:2:0');
    await world.crashAndReturn();
    expect(marks()).toContain('64500:2:0');
    await world.hello();
    await world.renewing([asking('full')], 2_500);
    expect(world.speaker.render()).toEqual([]);
    await world.run(world.guard.undrain());
    expect(marks()).toContain('64500:2:0');
    await world.renewing([asking('full')], 750);
    expect(marks()).not.toContain('64500:2:0');
    expect(world.speaker.render()).toEqual([FULL]);
  });

  test('a drained server stays drained over a restart, and never flickers', async () => {
    await world.run(world.guard.drain('server'));
    await world.renewing([asking('full')], 2_250);
    const { updates } = world.speaker;
    await world.crashAndReturn();
    await world.hello();
    await world.renewing([asking('full')], 5_000);
    expect(world.speaker.updates).toBe(updates);
    expect((await world.guard.status()).drain).toBe('drained');
  });

  test('a guard killed while draining goes on draining', async () => {
    await world.run(world.guard.drain('server'));
    await world.crashAndReturn();
    expect(world.speaker.render()).toEqual([DEGRADED]);
    await world.clock.advance(2_001);
    expect(world.speaker.render()).toEqual([]);
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
        passive: false,
        multihop: 0,
        maxPrefix: {},
        ours: false,
      }),
    );
    await strangers.start();
    expect(strangers.fatal?.message).toBe(
      'fake speaker is not ours: it has peers that the fleet does not name: 10.0.0.1; give this guard its own fake-bgpd',
    );
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
