import fc from 'fast-check';
import { desiredKernel } from '../../src/decide/kernel.js';
import { carriersOf, nexthopsOf, numbered, pathsOf } from '../../src/decide/nexthops.js';
import { prefix, type Prefix } from '../../src/model/address.js';
import type { Customer, CustomerRoute, Fleet } from '../../src/model/fleet.js';
import type { TunnelHealth } from '../../src/model/health.js';
import type { GroupMember, Hashing, KernelDesired, NexthopState } from '../../src/model/kernel.js';
import { inOrder } from '../../src/model/kernel-order.js';
import { routesIn } from '../../src/model/routes-alike.js';
import { acme, acmeFleet, amsS1, globex } from '../acme.js';

const allUp = (): TunnelHealth => 'up';
const desire = (
  fleet: Fleet = acmeFleet,
  tunnelHealth: (c: string, t: string) => TunnelHealth = allUp,
): KernelDesired => desiredKernel(amsS1(fleet), { tunnelHealth, rulesets: [], hashing: 'resilient' });

const penalties = acmeFleet.safety.tunnels;
const P = prefix('203.0.113.0/24');
const route = (tunnel: string, priority: number, weight = 1): CustomerRoute => ({
  prefix: P,
  tunnel,
  priority,
  weight,
});

describe('which tunnels carry a prefix', () => {
  test.each<[string, CustomerRoute[], Record<string, TunnelHealth>, string[]]>([
    ['all of the lowest priority', [route('a', 100), route('b', 100), route('c', 200)], {}, ['a', 'b']],
    ['what is down loses', [route('a', 100), route('b', 200)], { a: 'down' }, ['b']],
    ['unknown is not down', [route('a', 100), route('b', 200)], { a: 'unknown' }, ['a']],
    ['a degraded one loses against a healthy one', [route('a', 100), route('b', 60_000)], { a: 'degraded' }, ['b']],
    ['and wins against one that is down', [route('a', 100), route('b', 50)], { a: 'degraded', b: 'down' }, ['a']],
    ['all degraded: as if none were', [route('a', 100), route('b', 100)], { a: 'degraded', b: 'degraded' }, ['a', 'b']],
    ['all down: the best stay', [route('a', 100), route('b', 200)], { a: 'down', b: 'down' }, ['a']],
    ['a tunnel named twice counts once', [route('a', 100, 3), route('a', 100, 5)], {}, ['a']],
    ['no route, no tunnel', [], {}, []],
  ])('%s', (_, routes, health, expected) => {
    expect(carriersOf(routes, (tunnel) => health[tunnel] ?? 'up', penalties).map(({ tunnel }) => tunnel)).toEqual(
      expected,
    );
  });

  test('a prefix is never without a tunnel because of health', () => {
    const health = fc.constantFrom<TunnelHealth>('up', 'degraded', 'down', 'unknown');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(500)), { minLength: 1 }),
        fc.array(health, { minLength: 3, maxLength: 3 }),
        (pairs, states) => {
          const routes = pairs.map(([tunnel, priority]) => route(tunnel, priority));
          expect(
            carriersOf(routes, (tunnel) => states['abc'.indexOf(tunnel)] ?? 'up', penalties).length,
          ).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('nexthop numbers', () => {
  test('differ even when hashes collide or are zero', () => {
    const ids = numbered(['a', 'b', 'c', 'd'], (name) => (name === 'd' ? 0xffffffff : 0));
    expect([...ids.values()].sort((x, y) => x - y)).toEqual([1, 2, 3, 0xffffffff]);
    expect([...numbered(['x', 'y'], () => 0xffffffff).values()]).toEqual([0xffffffff, 1]);
  });

  test('do not depend on order', () => {
    expect(numbered(['b', 'a', 'c'], () => 7)).toEqual(numbered(['c', 'b', 'a'], () => 7));
  });

  test('stay when health changes: only a group’s members do', () => {
    const [before, after] = [
      nexthopsOf(acme, () => 'up', penalties, 'resilient'),
      nexthopsOf(acme, (tunnel) => (tunnel === 'us' ? 'down' : 'up'), penalties, 'resilient'),
    ];
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const devices = new Map(after.map(({ id, target }) => [id, target.kind === 'device' ? target.device : '']));
    const members = after.flatMap(({ target }) => (target.kind === 'group' ? [target.members] : []));
    expect(members.map((own) => [...new Set(own.map(({ id }) => devices.get(id)))])).toEqual([['gre-eu'], ['gre-eu']]);
  });
});

describe('groups', () => {
  const groupsOf = (customer: Customer, hashing: Hashing['kind'] = 'resilient') =>
    nexthopsOf(customer, () => 'up', penalties, hashing).filter(({ target }) => target.kind === 'group');
  const ids = (states: readonly NexthopState[]) => states.map(({ id }) => id);
  const weighing = (...weights: readonly number[]): Customer => ({
    ...acme,
    routes: acme.routes.map((own, n) => ({ ...own, weight: weights[n % 2] ?? 1 })),
  });

  test('keep their number while weights change, unless they need more buckets', () => {
    expect(ids(groupsOf(weighing(1, 5)))).toEqual(ids(groupsOf(acme)));
    const heavy = ids(groupsOf(weighing(1, 200)));
    expect(heavy.filter((id) => ids(groupsOf(acme)).includes(id))).toEqual([]);
  });

  test('of another sort have another number: the kernel never makes one of the other', () => {
    const plain = groupsOf(acme, 'threshold');
    expect(plain.map(({ target }) => target.kind === 'group' && target.hashing)).toEqual(
      Array(2).fill({ kind: 'threshold' }),
    );
    expect(ids(plain).filter((id) => ids(groupsOf(acme)).includes(id))).toEqual([]);
  });

  test('of one tunnel are two, so that the kernel goes on to see which buckets are in use', () => {
    const members = (customer: Customer, hashing: Hashing['kind'], health: TunnelHealth) =>
      nexthopsOf(customer, (tunnel) => (tunnel === 'us' ? health : 'up'), penalties, hashing).flatMap(({ target }) =>
        target.kind === 'group' ? [target.members.map(({ weight }) => weight).sort()] : [],
      );
    expect(members(acme, 'resilient', 'up')).toEqual(Array(2).fill([1, 2]));
    expect(members(acme, 'resilient', 'down')).toEqual(Array(2).fill([1, 255]));
    expect(members(acme, 'threshold', 'down')).toEqual([[1], [1]]);
    expect(members(globex, 'resilient', 'up')).toEqual([[1]]);
  });

  test('the heaviest member is first, and none is heavier than an older kernel takes', () => {
    const members = groupsOf(weighing(1, 256)).map(({ target }) => (target.kind === 'group' ? target.members : []));
    expect(members.map((own) => own.map(({ weight }) => weight))).toEqual(Array(2).fill([255, 1]));
  });

  describe('of prefixes', () => {
    const PREFIXES = Array.from({ length: 50 }, (_, n) => prefix(`20.0.${n}.0/24`));
    const routed = (prefixes: readonly Prefix[], weightAt: (n: number) => number = () => 1): Customer => ({
      ...acme,
      prefixes: prefixes.map((own) => ({ prefix: own, advertise: true })),
      routes: prefixes.flatMap((own, n) => [
        { prefix: own, tunnel: 'us', priority: 100, weight: weightAt(n) },
        { prefix: own, tunnel: 'eu', priority: 100, weight: 1 },
      ]),
    });
    const idsOf = (customer: Customer): ReadonlyMap<Prefix, unknown> =>
      new Map(pathsOf(customer, 'resilient').map(({ prefix: own, target }) => [own, target]));

    test('that are routed alike are one: health costs one change for all', () => {
      const customer = routed(PREFIXES);
      expect(groupsOf(customer)).toHaveLength(1);
      expect(new Set(idsOf(customer).values()).size).toBe(1);
      const changed = nexthopsOf(customer, (tunnel) => (tunnel === 'us' ? 'down' : 'up'), penalties, 'resilient');
      expect(changed.filter((own, n) => own.target !== groupsOf(customer)[n]?.target)).not.toEqual([]);
      expect(ids(changed.filter(({ target }) => target.kind === 'group'))).toEqual(ids(groupsOf(customer)));
    });

    test('that are routed differently are others', () => {
      const customer = routed(PREFIXES, (n) => (n < 5 ? 7 : 1));
      const groups = groupsOf(customer);
      expect(groups).toHaveLength(2);
      const [few, many] = [idsOf(customer).get(PREFIXES[0]!), idsOf(customer).get(PREFIXES[9]!)];
      expect(few).not.toEqual(many);
      const membersOf = (target: unknown) =>
        groups.find(({ id }) => id === (target as { id: number }).id)?.target as { members: readonly GroupMember[] };
      expect(membersOf(few).members.map(({ weight }) => weight)).toEqual([7, 1]);
      expect(membersOf(many).members.map(({ weight }) => weight)).toEqual([1, 1]);
    });

    test('stay where they are while others come, go, and are routed differently', () => {
      const before = idsOf(routed(PREFIXES));
      const moved = (customer: Customer): readonly Prefix[] =>
        [...idsOf(customer)].flatMap(([own, target]) =>
          JSON.stringify(before.get(own) ?? target) === JSON.stringify(target) ? [] : [own],
        );
      expect(moved(routed([prefix('10.0.0.0/24'), ...PREFIXES]))).toEqual([]);
      expect(moved(routed(PREFIXES.slice(1)))).toEqual([]);
      expect(moved(routed(PREFIXES, (n) => (n === 0 ? 9 : 1)))).toEqual([PREFIXES[0]]);
      expect(moved(routed(PREFIXES, () => 9))).toEqual([]);
    });
  });

  test('every route leads to a group that is there', () => {
    for (const hashing of ['resilient', 'threshold'] as const) {
      const { routes, nexthops } = desiredKernel(amsS1(), { tunnelHealth: allUp, rulesets: [], hashing });
      const targets = routes.flatMap(({ target }) => (target.kind === 'nexthop' ? [target.id] : []));
      expect(targets.length).toBeGreaterThan(0);
      expect(targets.filter((id) => !nexthops.some((own) => own.id === id && own.target.kind === 'group'))).toEqual([]);
    }
  });
});

describe('the desired kernel', () => {
  test('is equal for equal input, and sorted', () => {
    const reversed = { ...acmeFleet, customers: [...acmeFleet.customers].reverse() };
    expect(desire(reversed)).toEqual(desire());
    expect(desire()).toEqual(inOrder(desire()));
  });

  test('weights become shares of the group', () => {
    const groups = desire().nexthops.flatMap(({ target }) =>
      target.kind === 'group' ? [target.members.map(({ weight }) => weight).sort()] : [],
    );
    expect(groups).toEqual(expect.arrayContaining([[1, 2], [1, 2], [1]]));
  });

  test('two customers with the same inner addresses have one each, in their own namespaces', () => {
    const inner = desire().addresses.filter(({ device }) => device === 'gre-us');
    expect(inner.map(({ netns, address }) => [netns, address])).toEqual([
      ['cv-acme', '10.255.0.0'],
      ['cv-globex', '10.255.0.0'],
    ]);
  });

  test('leads each prefix into its customer’s namespace and everything else nowhere', () => {
    const inTable = routesIn(desire().routes).filter(({ table }) => table === acmeFleet.kernel.table);
    expect(
      inTable.map(({ destination, target }) => [
        destination,
        target.kind === 'via' ? `${target.via} ${target.device}` : target.kind,
      ]),
    ).toEqual([
      ['0.0.0.0/0', 'unreachable'],
      ['198.19.7.0/24', 'fe80::2 cv-globex'],
      ['203.0.113.0/24', 'fe80::2 cv-acme'],
      ['2001:db8:acf::/48', 'fe80::2 cv-acme'],
      ['::/0', 'unreachable'],
    ]);
  });

  test('a prefix without a route ends in the namespace instead of following the way out', () => {
    const customers = [{ ...globex, routes: [] }];
    const inside = routesIn(desire({ ...acmeFleet, customers }).routes).find(
      ({ netns, destination }) => netns === 'cv-globex' && destination === '198.19.7.0/24',
    );
    expect(inside?.target).toEqual({ kind: 'unreachable' });
  });

  test('dots of an uplink’s name do not end up as separators', () => {
    const [site] = acmeFleet.sites;
    const sites = [{ ...site!, servers: site!.servers.map((server) => ({ ...server, uplinks: ['eth1.100'] })) }];
    expect(desire({ ...acmeFleet, sites }).sysctls.map(({ key }) => key)).toContain('net.ipv4.conf.eth1/100.rp_filter');
  });
});
