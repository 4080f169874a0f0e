import { prefix } from '../../src/model/address.js';
import type { Fleet } from '../../src/model/fleet.js';
import type { NexthopState } from '../../src/model/kernel.js';
import { nexthopKey, sysctlKey } from '../../src/model/kernel-order.js';
import { netnsOf } from '../../src/model/naming.js';
import { acme, acmeFleet, globex } from '../acme.js';
import type { FakeKernel } from '../plan/fake-kernel.js';
import { AgentWorld, inputOf, withGeneration } from './agent-world.js';

const ACME = '203.0.113.0/24';
const GLOBEX = '198.19.7.0/24';
const COVERING = '192.0.2.0/24';

const vethGone = (kernel: FakeKernel): void => kernel.dropVeth('cv-acme');
const flushed = (kernel: FakeKernel): void => [...kernel.veths.keys()].forEach((name) => kernel.dropVeth(name));
const dropEndpoint = (kernel: FakeKernel): void =>
  [...kernel.addresses.values()].filter(({ netns }) => netns === '').forEach((own) => kernel.dropAddress(own));

/** Tunnel devices of the group that carries a prefix of acme's. */
function carriers(kernel: FakeKernel): readonly string[] {
  const groups = [...kernel.nexthops.values()].filter(
    ({ netns, family, target }) => netns === 'cv-acme' && family === 4 && target.kind === 'group',
  );
  const deviceOf = (member: NexthopState | undefined): string =>
    member?.target.kind === 'device' ? member.target.device : '?';
  return groups.flatMap(({ netns, target }) =>
    target.kind === 'group'
      ? [...new Set(target.members.map(({ id }) => deviceOf(kernel.nexthops.get(nexthopKey({ netns, id })))))].sort()
      : [],
  );
}

let world: AgentWorld;
const begin = (fleet?: Fleet): AgentWorld => (world = new AgentWorld(fleet));
afterEach(async () => {
  await world.stop('keep');
  expect(world.clock.timers).toBeLessThanOrEqual(2); // the fake routers' and services' own
});

describe('first start', () => {
  it('builds everything, reads it back, and announces only behind a tunnel that is up', async () => {
    await begin().start();
    expect(world.journal.filter((entry) => entry.startsWith('apply'))).not.toEqual([]);
    expect(world.agent.status().dataPlane.map(({ state }) => state)).toEqual(['verified', 'verified', 'verified']);
    expect([world.levelOf(COVERING), world.levelOf(ACME)]).toEqual(['full healthy', 'withdrawn tunnels-pending']);
    await world.clock.advance(1_000);
    expect([world.levelOf(ACME), world.wire(ACME), world.wire(GLOBEX)]).toEqual(['full healthy', 'full', 'full']);
    const lastApplied = world.journal.findLastIndex((entry) => entry.startsWith('apply'));
    expect(world.at(' full')).toBeGreaterThan(lastApplied);
    expect(world.agent.status()).toMatchObject({ drift: [], server: 'ams-s1', generation: 'acme-test' });
    expect(world.agent.status().guardProblem).toBeUndefined();
  });

  it('announces nothing that did not come up', async () => {
    begin().refusal = (op) => (op.kind === 'address-add' && op.address.netns === '' ? 'no such luck' : undefined);
    await world.start();
    await world.clock.advance(3_000);
    expect([world.wire(COVERING), world.wire(ACME)]).toEqual(['withdrawn', 'withdrawn']);
    expect([world.levelOf(ACME), world.agent.status().pass.problem]).toEqual([
      'withdrawn endpoint-fault',
      'no such luck',
    ]);
  });

  it('serves the other customers when one cannot be built', async () => {
    begin().refusal = (op) =>
      op.kind === 'tunnel-add' && op.tunnel.netns === 'cv-globex' ? 'gre-us in cv-globex is taken' : undefined;
    await world.start();
    await world.clock.advance(3_000);
    expect([world.wire(ACME), world.wire(GLOBEX)]).toEqual(['full', 'withdrawn']);
    expect(world.levelOf(GLOBEX)).toBe('withdrawn data-plane-fault');
    expect(world.agent.status().pass.problem).toBe('gre-us in cv-globex is taken');
    world.refusal = () => undefined;
    await world.clock.advance(1_000);
    expect([world.wire(GLOBEX), world.agent.status().pass.problem]).toEqual(['full', undefined]);
  });

  it('is ready without a guard, and announces when one comes', async () => {
    begin().guard.away = 'no guard listens';
    await world.start();
    await world.clock.advance(2_000);
    expect(world.agent.status()).toMatchObject({ guardProblem: 'no guard listens', pass: { lastTook: 0 } });
    world.guard.away = undefined;
    await world.clock.advance(500);
    expect([world.wire(ACME), world.agent.status().guardProblem]).toEqual(['full', undefined]);
  });
});

describe('a pass', () => {
  it('reads a large kernel seldomer, and forgets what probes have not proven for a while as soon as ever', async () => {
    const many = Array.from({ length: 2_000 }, (_, n) => prefix(`10.${n >> 8}.${n & 255}.0/24`));
    const large = {
      ...globex,
      prefixes: many.map((own) => ({ prefix: own, advertise: true })),
      routes: many.map((own) => ({ prefix: own, tunnel: 'us', priority: 100, weight: 1 })),
    };
    await begin({ ...acmeFleet, customers: [large] }).startAndSettle();
    const before = world.observations;
    await world.clock.advance(9_000);
    expect(world.observations).toBe(before);
    world.answers = undefined;
    await world.clock.advance(9_000);
    expect(world.agent.status().tunnels.map(({ health }) => health)).toEqual(['unknown']);
    expect(world.agent.status().guardProblem).toBeUndefined();
  });

  it('with nothing to do applies nothing, renews the lease, and asks for the same', async () => {
    await begin().startAndSettle();
    const before = world.guard.offers.length;
    await world.clock.advance(10_000);
    expect(world.journal).toEqual([]);
    expect(world.guard.offers.length - before).toBeGreaterThanOrEqual(40);
    expect(new Set(world.guard.offers.slice(before).map((set) => JSON.stringify(set.announcements))).size).toBe(1);
  });

  it('stays fast while the guard is away', async () => {
    await begin().startAndSettle();
    world.guard.away = 'no guard listens';
    await world.clock.advance(1_000);
    const before = world.agent.status().pass.count;
    await world.damage(vethGone, 3_000);
    expect(world.agent.status()).toMatchObject({ guardProblem: 'no guard listens', pass: { lastTook: 0 } });
    expect(world.agent.status().pass.count - before).toBeGreaterThanOrEqual(1);
    expect(world.kernel.veths.has('cv-acme')).toBe(true);
  });

  it('waits for a guard that says nothing only once, and for a bounded time', async () => {
    await begin().startAndSettle();
    world.guard.answerMs = 60_000;
    await world.damage(vethGone, 1_500);
    expect(world.kernel.veths.has('cv-acme')).toBe(true);
    world.guard.answerMs = 0;
    await world.clock.advance(60_000);
    expect(world.wire(ACME)).toBe('full');
  });
});

describe('faults', () => {
  it.each<[string, (kernel: FakeKernel) => void, string]>([
    ['a veth', vethGone, 'repair|add veth cv-acme'],
    ['a namespace', (kernel) => kernel.dropNamespace('cv-acme'), 'add namespace cv-acme'],
    ['the endpoint address', dropEndpoint, 'add address 192.0.2.1/32'],
    ['a rule', (kernel) => void kernel.rules.delete([...kernel.rules.keys()][0] ?? ''), 'rule fwmark'],
  ])('%s gone: withdrawn before the repair, full again after it', async (_, harm, repair) => {
    await begin().startAndSettle();
    await world.damage(harm);
    const repaired = world.journal.findIndex((entry) => entry.startsWith('apply') && new RegExp(repair).test(entry));
    expect(world.at(`wire: ${ACME} withdrawn`)).toBeLessThan(world.journal.findIndex((e) => e.startsWith('apply')));
    expect(repaired).toBeGreaterThanOrEqual(0);
    expect(world.at(`wire: ${ACME} full`)).toBeGreaterThan(
      world.journal.findLastIndex((entry) => entry.startsWith('apply')),
    );
    expect(world.wire(GLOBEX)).toBe('full');
  });

  it('leave the wire before they are repaired, also beside a customer that has never come up', async () => {
    begin().refusal = (op) =>
      op.kind === 'tunnel-add' && op.tunnel.netns === 'cv-globex' ? 'gre-us in cv-globex is taken' : undefined;
    await world.startAndSettle();
    for (const turn of [1, 2, 3]) {
      world.journal.length = 0;
      await world.damage(dropEndpoint, 10_000);
      expect([turn, world.at(`wire: ${COVERING} withdrawn`) < world.at('apply: add address 192.0.2.1')]).toEqual([
        turn,
        true,
      ]);
      expect(world.wire(COVERING)).toBe('full');
    }
  });

  it('of one customer do not touch another', async () => {
    await begin().startAndSettle();
    await world.damage(vethGone);
    expect(world.journal.filter((entry) => entry.includes(GLOBEX))).toEqual([]);
  });

  it.each<[string, (kernel: FakeKernel) => void]>([
    ['all rules', (kernel) => kernel.rules.clear()],
    ['our nft table', (kernel) => void kernel.rulesets.delete('')],
    [
      'a setting that all share',
      (kernel) =>
        kernel.sysctls.forEach((sysctl, key) => {
          if (sysctl.key === 'net.ipv4.ip_forward') kernel.sysctls.set(key, { ...sysctl, value: '0' });
        }),
    ],
  ])('%s flushed: repaired, and nothing leaves', async (_, harm) => {
    await begin().startAndSettle();
    await world.damage(harm);
    expect(world.journal.filter((entry) => entry.startsWith('wire'))).toEqual([]);
    expect(world.agent.status().drift.length).toBeGreaterThan(0);
  });

  it('that only a look shows are repaired first, and leave when they cannot be', async () => {
    await begin().startAndSettle();
    vethGone(world.kernel);
    await world.clock.advance(4_500);
    expect(world.journal.filter((entry) => entry.startsWith('wire'))).toEqual([]);
    expect(world.kernel.veths.has('cv-acme')).toBe(true);
    world.refusal = (op) => (op.kind === 'veth-add' ? 'no more veths' : undefined);
    vethGone(world.kernel);
    await world.clock.advance(4_500);
    expect([world.wire(ACME), world.wire(GLOBEX)]).toEqual(['withdrawn', 'full']);
  });

  it('that a lying dump shows everywhere take nothing off the wire, and degrade it in the end', async () => {
    await begin().startAndSettle();
    world.blindTo = 'veths';
    await world.clock.advance(20_000);
    expect(world.journal.filter((entry) => entry.startsWith('wire'))).toEqual([]);
    expect(world.levelOf(ACME)).toBe('full data-plane-unknown');
    await world.clock.advance(30_000);
    expect([world.wire(ACME), world.levelOf(ACME)]).toEqual(['degraded', 'degraded data-plane-stale']);
    world.blindTo = undefined;
    await world.clock.advance(10_000);
    expect(world.wire(ACME)).toBe('full');
  });

  it('that a repair does not mend for a lying dump are not repaired without a pause', async () => {
    await begin().startAndSettle();
    world.blindTo = 'routes';
    world.repairsAreTold = true;
    await world.damage(() => undefined, 10_000);
    expect(world.observations).toBeLessThan(1_500);
  });

  it('that flap come back degraded, and full only after a while without another', async () => {
    await begin({
      ...acmeFleet,
      safety: { ...acmeFleet.safety, holdDown: { firstMs: 10_000, mostMs: 60_000, decayMs: 600_000 } },
    }).startAndSettle();
    await world.damage(vethGone);
    expect([world.wire(ACME), world.levelOf(ACME)]).toEqual(['degraded', 'degraded hold-down,healthy']);
    await world.clock.advance(13_000);
    expect(world.wire(ACME)).toBe('full');
  });

  it('of several customers get one repair, and nothing leaves when it mends them', async () => {
    await begin().startAndSettle();
    await world.damage(flushed);
    expect(world.journal.filter((entry) => entry.startsWith('wire'))).toEqual([]);
    expect([...world.kernel.veths.keys()].sort()).toEqual(['cv-acme', 'cv-globex']);
  });

  it('of several customers leave the wire when the repair does not mend them', async () => {
    await begin().startAndSettle();
    world.refusal = (op) => (op.kind === 'veth-add' ? 'no more veths' : undefined);
    await world.damage(flushed);
    expect([world.wire(ACME), world.wire(GLOBEX), world.wire(COVERING)]).toEqual(['withdrawn', 'withdrawn', 'full']);
    expect(world.agent.status().drift).toEqual([]);
    world.refusal = () => undefined;
    await world.clock.advance(1_000);
    expect([world.wire(ACME), world.wire(GLOBEX)]).toEqual(['full', 'full']);
  });

  it('of several customers leave the wire after 500 ms of a repair that hangs', async () => {
    await begin().startAndSettle();
    world.applyMs = 2_000;
    await world.damage(flushed, 400);
    expect(world.wire(ACME)).toBe('full');
    await world.clock.advance(200);
    expect([world.wire(ACME), world.wire(GLOBEX)]).toEqual(['withdrawn', 'withdrawn']);
    await world.clock.advance(15_000);
    expect([world.wire(ACME), world.wire(GLOBEX)]).toEqual(['full', 'full']);
  });
});

describe('a kernel that cannot be read', () => {
  it('keeps every level, and once that is all it knows the lease is no longer renewed', async () => {
    await begin().startAndSettle();
    world.unreadable = 'ip: not JSON';
    const since = world.clock.now();
    await world.clock.advance(10_000);
    expect([world.levelOf(ACME), world.wire(ACME)]).toEqual(['full data-plane-unknown', 'full']);
    expect(world.agent.status()).toMatchObject({ pass: { problem: 'ip: not JSON' } });
    expect(world.agent.status().pass.age).toBeGreaterThanOrEqual(10_000);
    const before = world.guard.offers.length;
    await world.clock.advance(5_000);
    expect([world.guard.offers.length, world.clock.now() - since]).toEqual([before, 15_000]);
    expect(world.logged.filter((line) => line.startsWith('pass failed'))).toHaveLength(1);
    world.unreadable = undefined;
    await world.clock.advance(1_000);
    expect([world.levelOf(ACME), world.guard.offers.length > before]).toEqual(['full healthy', true]);
    expect(world.agent.status().pass.problem).toBeUndefined();
  });

  it('does not bring back what was proven broken', async () => {
    await begin().startAndSettle();
    world.refusal = () => 'no';
    await world.damage(vethGone);
    world.unreadable = 'ip: not JSON';
    await world.clock.advance(1_000);
    expect(world.levelOf(ACME)).toBe('withdrawn data-plane-unknown');
  });
});

describe('tunnels', () => {
  it('one down: its flows move, nothing is withdrawn; back again when it is up', async () => {
    await begin().startAndSettle();
    expect(carriers(world.kernel)).toEqual(['gre-eu', 'gre-us']);
    world.answers = (tunnel) => (tunnel === 'acme/us' ? 'lost' : 'answered');
    await world.clock.advance(700);
    expect(carriers(world.kernel)).toEqual(['gre-eu']);
    world.answers = () => 'answered';
    await world.clock.advance(5_000);
    expect([world.agent.status().tunnels[0]?.health, carriers(world.kernel)]).toEqual(['degraded', ['gre-eu']]);
    await world.clock.advance(2_000);
    expect([world.agent.status().tunnels[0]?.health, carriers(world.kernel)]).toEqual(['up', ['gre-eu', 'gre-us']]);
    expect(world.journal.filter((entry) => entry.startsWith('wire'))).toEqual([]);
    expect(world.agent.status().drift).toEqual([]);
  });

  it.each(['withdraw', 'degrade'] as const)('all down: %s', async (remoteFault) => {
    await begin({ ...acmeFleet, safety: { ...acmeFleet.safety, remoteFault } }).startAndSettle();
    world.answers = (tunnel) => (tunnel.startsWith('acme/') ? 'lost' : 'answered');
    await world.clock.advance(700);
    const level = remoteFault === 'withdraw' ? 'withdrawn' : 'degraded';
    const why = remoteFault === 'withdraw' ? 'tunnels-down' : 'tunnels-down,remote-fault-kept';
    expect([world.wire(ACME), world.levelOf(ACME)]).toEqual([level, `${level} ${why}`]);
    expect([world.wire(GLOBEX), carriers(world.kernel)]).toEqual(['full', ['gre-eu', 'gre-us']]);
    world.answers = () => 'answered';
    await world.clock.advance(700);
    expect([world.wire(ACME), world.levelOf(ACME)]).toEqual(['degraded', 'degraded hold-down,healthy']);
    await world.clock.advance(700);
    expect(world.wire(ACME)).toBe('full');
  });

  it('that fall together are told together', async () => {
    await begin().startAndSettle();
    const before = world.guard.offers.length;
    world.answers = (tunnel) => (tunnel.startsWith('acme/') ? 'lost' : 'answered');
    await world.clock.advance(700);
    const details = world.guard.offers
      .slice(before)
      .flatMap(({ announcements }) => announcements.flatMap(({ reasons }) => reasons.map(({ detail }) => detail)));
    expect(details).toContain('us, eu');
    expect(details).not.toContain('tunnels down: us');
  });

  it.each<[string, AgentWorld['answers']]>([
    ['says nothing', undefined],
    ['cannot send', () => 'unsent'],
  ])('a prober that %s: the level stays, and a tunnel that was down carries nothing', async (_, answers) => {
    await begin().startAndSettle();
    world.answers = (tunnel) => (tunnel === 'acme/us' ? 'lost' : 'answered');
    await world.clock.advance(1_000);
    world.journal.length = 0;
    world.answers = answers;
    await world.clock.advance(10_000);
    expect(world.levelOf(ACME)).toBe('full tunnels-unknown');
    expect(world.agent.status().tunnels.map(({ health }) => health)).toEqual(['unknown', 'unknown', 'unknown']);
    expect([world.journal, carriers(world.kernel)]).toEqual([[], ['gre-eu']]);
  });
});

describe('beside an announced wire', () => {
  const restarted = async (asked: 'full' | 'degraded' | undefined, held: 'full' | 'degraded'): Promise<void> => {
    begin().answers = undefined;
    for (const text of [COVERING, '2001:db8:e::/48', ACME, '2001:db8:acf::/48', GLOBEX]) {
      world.guard.remember(text, asked, held);
    }
    await world.start();
  };

  it.each<['full' | 'degraded' | undefined, 'full' | 'degraded', string]>([
    ['full', 'full', 'full'],
    ['full', 'degraded', 'full'],
    ['degraded', 'degraded', 'degraded'],
    [undefined, 'full', 'full'],
  ])('asked %s, held %s: offers %s while it knows no better', async (asked, held, offered) => {
    await restarted(asked, held);
    await world.clock.advance(2_000);
    const levels = world.guard.offers.map((set) => set.announcements.find((own) => own.prefix === ACME)?.level);
    expect(new Set(levels)).toEqual(new Set([offered]));
    expect(world.journal.filter((entry) => entry.includes('withdrawn'))).toEqual([]);
  });

  it('after an agent was gone for long, goes by the wire until tunnels are up', async () => {
    await restarted('full', 'degraded');
    world.guard.agent = 'gone';
    await world.clock.advance(1_000);
    expect(world.wire(ACME)).toBe('full');
    await world.stop('keep');

    begin().answers = undefined;
    world.guard.agent = 'gone';
    world.guard.remember(ACME, 'full', 'degraded');
    await world.start();
    await world.clock.advance(1_000);
    expect(world.wire(ACME)).toBe('degraded');
    world.answers = () => 'answered';
    await world.clock.advance(1_000);
    expect(world.wire(ACME)).toBe('full');
  });

  it('with a kernel that cannot be read, offers nothing', async () => {
    begin().unreadable = 'no';
    world.guard.remember(ACME, 'full', 'full');
    await world.start();
    await world.clock.advance(3_000);
    expect([world.guard.offers, world.levelOf(ACME)]).toEqual([[], 'full data-plane-unknown']);
  });

  it('of a speaker that has not been read, offers nothing until it has', async () => {
    begin().guard.speaker = 'unreachable';
    world.guard.remember(ACME, undefined, 'unknown');
    await world.start();
    await world.clock.advance(3_000);
    expect(world.guard.offers).toEqual([]);
    world.guard.speaker = 'ready';
    world.guard.remember(ACME, undefined, 'full');
    world.answers = undefined;
    await world.clock.advance(1_000);
    expect(world.wire(ACME)).toBe('full');
  });

  it('goes on when the guard restarts', async () => {
    await begin().startAndSettle();
    world.guard.restart();
    await world.clock.advance(2_000);
    expect([world.guard.hellos, world.journal, world.agent.status().guardProblem]).toEqual([2, [], undefined]);
  });
});

describe('another fleet', () => {
  const without = withGeneration('two', { customers: [acme] });
  const added = prefix('198.19.8.0/24');
  const more = withGeneration('two', {
    customers: [
      acme,
      {
        ...globex,
        prefixes: [...globex.prefixes, { prefix: added, advertise: true }],
        routes: [...globex.routes, { prefix: added, tunnel: 'us', priority: 100, weight: 1 }],
      },
    ],
  });

  it('is built and verified before it is announced', async () => {
    await begin().startAndSettle();
    world.agent.follow(inputOf(more));
    await world.clock.advance(1_000);
    expect(world.at('wire: 198.19.8.0/24 full')).toBeGreaterThan(world.at('set route 198.19.8.0/24 nhid'));
    expect(world.journal.filter((entry) => /withdrawn|drift/.test(entry))).toEqual([]);
    expect(world.agent.status()).toMatchObject({ generation: 'two', drift: [] });
  });

  it('that arrives while a pass is under way is not announced by that pass', async () => {
    await begin().startAndSettle();
    world.applyMs = 100;
    await world.damage(vethGone, 50);
    world.agent.follow(inputOf(more));
    await world.clock.advance(10_000);
    expect(world.at('wire: 198.19.8.0/24 full')).toBeGreaterThan(world.at('set route 198.19.8.0/24 nhid'));
    expect(world.guard.offers.at(-1)?.generation).toBe('two');
  });

  it('that only changes what stands withdraws nothing', async () => {
    await begin({ ...acmeFleet, customers: [acme] }).startAndSettle();
    const { provider } = acmeFleet;
    const next = withGeneration('two', {
      customers: [acme],
      provider: { ...provider, icmpSource: { v4: provider.endpoints.gre4 } },
    });
    world.agent.follow(inputOf(next));
    await world.clock.advance(2_000);
    expect(world.journal.filter((entry) => entry.startsWith('wire'))).toEqual([]);
    expect(world.agent.status().drift).toEqual([]);
  });

  it('without a customer: torn down only when it has been off the wire for settle', async () => {
    await begin().startAndSettle();
    world.agent.follow(inputOf(without));
    await world.clock.advance(450);
    expect([world.wire(GLOBEX), world.kernel.namespaces.has('cv-globex')]).toEqual(['withdrawn', true]);
    await world.clock.advance(1_500);
    expect([...world.kernel.namespaces.keys()]).toEqual(['cv-acme']);
    expect(world.agent.status().drift).toEqual([]);
  });

  it('without a customer: a look that an event brings before settle tears nothing down', async () => {
    await begin().startAndSettle();
    world.agent.follow(inputOf(without));
    await world.clock.advance(50);
    await world.damage(vethGone, 300);
    expect([world.wire(GLOBEX), world.kernel.namespaces.has('cv-globex')]).toEqual(['withdrawn', true]);
    await world.clock.advance(2_000);
    expect([...world.kernel.namespaces.keys()]).toEqual(['cv-acme']);
  });

  it.each<[string, (guard: AgentWorld['guard']) => void]>([
    ['goes by another fleet', (guard) => (guard.generation = 'acme-test')],
    ['is away', (guard) => (guard.away = 'no guard listens')],
  ])('without a customer: stays as long as the guard %s', async (_, hinder) => {
    await begin().startAndSettle();
    hinder(world.guard);
    world.agent.follow(inputOf(without));
    await world.clock.advance(5_000);
    expect(world.kernel.namespaces.has('cv-globex')).toBe(true);
    world.guard.generation = undefined;
    world.guard.away = undefined;
    await world.clock.advance(3_000);
    expect([...world.kernel.namespaces.keys()]).toEqual(['cv-acme']);
  });

  it('without a customer: kept while somebody renews between the new fleet and the next look', async () => {
    await begin().startAndSettle();
    world.applyMs = 400;
    world.agent.follow(inputOf(without));
    await world.clock.advance(10_000);
    expect(world.at('delete namespace cv-globex')).toBeGreaterThan(world.at(`wire: ${GLOBEX} withdrawn`));
  });
});

describe('the lease is not renewed', () => {
  const renewals = async (ms: number): Promise<number> => {
    const before = world.guard.offers.length;
    await world.clock.advance(ms);
    return world.guard.offers.length - before;
  };

  it('while the kernel cannot be read; the first look that succeeds is enough', async () => {
    await begin().startAndSettle();
    expect(await renewals(1_000)).toBeGreaterThanOrEqual(4);
    world.unreadable = 'the dump is cut short';
    await world.damage(() => undefined, 10);
    expect(await renewals(3_000)).toBe(0);
    expect(world.agent.status().guardProblem).toMatch(
      /^the lease is not renewed: the kernel could not be read: .*cut short/,
    );
    world.unreadable = undefined;
    expect(await renewals(1_500)).toBeGreaterThanOrEqual(4);
  });

  it('while a pass is stuck', async () => {
    await begin().startAndSettle();
    world.applyMs = 20_000;
    await world.damage(vethGone, 8_000);
    expect(await renewals(3_000)).toBe(0);
    expect(world.agent.status().guardProblem).toMatch(/^the lease is not renewed: a pass has been under way for/);
  });

  it('by an agent that stood still for a lease, until it has looked again', async () => {
    await begin().startAndSettle();
    const offers = world.guard.offers.length;
    vethGone(world.kernel);
    world.refusal = () => 'no more veths';
    world.lookMs = 500;
    await world.clock.freeze(3_000);
    await world.clock.advance(3_000);
    expect(world.guard.offers[offers]?.announcements.find(({ prefix }) => prefix === ACME)?.level).toBe('withdrawn');
  });
});

describe('drift', () => {
  const turn = (value: string) => (kernel: FakeKernel) => {
    const [sysctl] = [...kernel.sysctls.values()].filter(({ key }) => key === 'net.ipv4.ip_forward');
    if (sysctl) kernel.sysctls.set(sysctlKey(sysctl), { ...sysctl, value });
  };

  it('is repaired at once and told once, in words', async () => {
    await begin().startAndSettle();
    await world.damage(turn('0'), 10);
    const { drift } = world.agent.status();
    expect(drift.map(({ text }) => text)).toEqual([expect.stringMatching(/^set net\.ipv4\.ip_forward=1/)]);
    expect(world.logged.filter((line) => line.startsWith('drift repaired'))).toHaveLength(1);
    await world.clock.advance(5_000);
    expect(world.agent.status().drift).toHaveLength(1);
  });

  it('that no event told is found by looking', async () => {
    await begin().startAndSettle();
    vethGone(world.kernel);
    await world.clock.advance(5_000);
    expect([world.kernel.veths.has('cv-acme'), world.wire(ACME)]).toEqual([true, 'full']);
  });

  it('is remembered a hundred times', async () => {
    await begin().startAndSettle();
    for (let time = 0; time < 120; time++) await world.damage(turn('0'), 10);
    expect(world.agent.status().drift).toHaveLength(100);
  });

  it('that somebody puts beside ours is removed and told', async () => {
    await begin().startAndSettle();
    await world.damage((kernel) => kernel.namespaces.set(netnsOf('stray'), 'stray'), 1_000);
    expect(world.agent.status().drift.map(({ text }) => text)).toEqual(['delete namespace cv-stray']);
  });
});

describe('a paused machine', () => {
  it('looks again at once when it goes on, and renews before the lease that was extended ends', async () => {
    await begin().startAndSettle();
    await world.clock.advance(5_000);
    const before = world.observations;
    while (world.observations === before) await world.clock.advance(100);
    const looked = world.observations;
    await world.clock.freeze(world.fleet.safety.leaseMs + 500);
    const offers = world.guard.offers.length;
    await world.clock.advance(world.fleet.safety.leaseMs / 2);
    expect(world.observations).toBeGreaterThan(looked);
    expect(world.guard.offers.length).toBeGreaterThan(offers);
  });
});

describe('beside another agent that has the seat', () => {
  it('mends nothing, and goes on as soon as the seat is free', async () => {
    await begin().startAndSettle();
    world.guard.giveAway(8);
    await world.clock.advance(1_000);
    expect(world.agent.status().guardProblem).toContain('pid 8');
    await world.damage(vethGone);
    expect(world.journal.filter((entry) => entry.startsWith('apply'))).toEqual([]);
    world.guard.heldBy = undefined;
    await world.clock.advance(1_000);
    expect(world.at('apply: add veth cv-acme')).toBeGreaterThanOrEqual(0);
  });
});

describe('stopping', () => {
  it.each(['keep', 'drain'] as const)('%s: passes and renewals end, then the guard is told', async (mode) => {
    await begin().startAndSettle();
    await world.stop(mode);
    expect(world.guard.handovers).toEqual([mode]);
    expect(world.journal.sort()).toEqual(['events stopped', `handover ${mode}`, 'prober stopped']);
    const [offers, looks] = [world.guard.offers.length, world.observations];
    await world.damage(vethGone, 5_000);
    expect([world.guard.offers.length, world.observations]).toEqual([offers, looks]);
    expect(world.kernel.namespaces.size).toBe(2);
    world.guard.handovers.length = 0;
  });

  it('ends although the guard is away', async () => {
    await begin().startAndSettle();
    world.guard.away = 'no guard listens';
    await world.stop('drain');
    expect(world.journal).toContain('prober stopped');
  });
});
