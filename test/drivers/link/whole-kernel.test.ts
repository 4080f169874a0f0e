/**
 * The drivers for links, routes and settings against the real kernel:
 *
 *   router ── eth1 [ default ] cv-acme ── edge0 [ cv-acme ] gre-us, gre-eu ── [ far ]
 *                            └ cv-globex ── edge0 [ cv-globex ] gre-us ────── [ far ]
 *
 * with foreign objects of every kind beside ours.
 */
import { judgeDataPlane } from '../../../src/decide/data-plane.js';
import { desiredKernel } from '../../../src/decide/kernel.js';
import { createIproute } from '../../../src/drivers/iproute/iproute.js';
import { createLinkDriver } from '../../../src/drivers/link/link.js';
import { probeGroups } from '../../../src/drivers/route/probe.js';
import { createRouteDriver } from '../../../src/drivers/route/route.js';
import { createSysctlDriver } from '../../../src/drivers/sysctl/sysctl.js';
import { applyToKernel, observeKernel, type KernelDrivers } from '../../../src/engine/kernel.js';
import type { TunnelHealth } from '../../../src/model/health.js';
import type { GroupSupport, KernelDesired, KernelObserved, KernelOp } from '../../../src/model/kernel.js';
import { routesIn } from '../../../src/model/routes-alike.js';
import { planKernel } from '../../../src/plan/kernel.js';
import type { FirewallDriver } from '../../../src/ports/kernel.js';
import { acmeFleet, amsS1 } from '../../acme.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';
import { standInTunnels } from './stand-in-tunnels.js';

const obstacle = await whyNoAnchor();
if (obstacle !== undefined) console.warn(`kernel tests skipped: ${obstacle}`);
const onKernel = obstacle === undefined ? describe : describe.skip;

const noFirewall: FirewallDriver = { observe: () => Promise.resolve([]), apply: () => Promise.resolve() };

const FOREIGN = [
  'netns add router',
  'link add name eth1 type veth peer name r1 netns router',
  'link set dev eth1 addrgenmode none',
  'link set dev eth1 up',
  'address add 198.18.1.11/24 dev eth1',
  'address add 192.0.2.77/32 dev lo',
  'netns add blue',
  'netns add cv-foreign',
  'link add name cv-other type veth peer name edge0 netns cv-foreign',
  'link set dev cv-other addrgenmode none up',
  'route add 198.51.100.0/24 via 198.18.1.1',
  'route add 192.0.2.0/24 via 198.18.1.1 proto bird',
  'route add 203.0.113.0/24 via 198.18.1.1 table 7700 proto static metric 30000',
  'route add unreachable 10.0.0.0/8 table 100',
  'rule add preference 100 fwmark 0x1 lookup 100',
];

const view = amsS1();

onKernel('our objects in a real kernel', () => {
  let anchor: Anchor;
  let drivers: KernelDrivers;
  let shell: (script: string) => Promise<string>;
  let before: string;
  let health: Record<string, TunnelHealth> = {};
  let groups: GroupSupport;

  const desire = (fleet = acmeFleet): KernelDesired =>
    desiredKernel(amsS1(fleet), {
      tunnelHealth: (customer, tunnel) => health[`${customer}/${tunnel}`] ?? 'up',
      rulesets: [],
      hashing: groups.kind,
    });
  const observe = (desired = desire()): Promise<KernelObserved> => observeKernel(drivers, desired, view.server.uplinks);

  /** Plans and applies until nothing is left to do; answers with the plans made. */
  async function settle(desired = desire(), prune = false): Promise<readonly (readonly KernelOp[])[]> {
    const plans: (readonly KernelOp[])[] = [];
    for (let pass = 0; pass < 5; pass++) {
      const ops = planKernel(desired, await observe(desired), { prune });
      if (ops.length === 0) return plans;
      plans.push(ops);
      await applyToKernel(drivers, ops);
    }
    throw new Error(`no rest after five passes: ${JSON.stringify(plans.at(-1), undefined, 1)}`);
  }

  /** Everything in the default namespace and in foreign ones, without what counts or ages. */
  const machine = (): Promise<string> =>
    shell(`ip -o addr | sed 's/^[0-9]*: //; s/@if[0-9]*/@/'; ip -o link | sed 's/^[0-9]*: //; s/@if[0-9]*/@/; s/link.ether.*//'
      for f in -4 -6; do ip $f rule; ip $f route show table all | sort; done
      ip netns list | sed 's/ (id.*//' | sort; ip -n cv-foreign -o link | sed 's/link.ether.*//'`);

  beforeAll(async () => {
    anchor = await openAnchor();
    const { exec, rtnetlink, namespaces } = anchor;
    shell = async (script) => {
      const end = await exec.run(['sh', '-c', script]);
      if (end.stderr !== '' && end.code !== 0) throw new Error(`${script}: ${end.stderr}`);
      return end.stdout;
    };
    const ip = createIproute(exec);
    const tunnel = standInTunnels(ip, rtnetlink);
    groups = await probeGroups(exec);
    await tunnel.prepare();
    const end = await ip.batch({ netns: '' }, FOREIGN);
    if (!end.done) throw new Error(`${FOREIGN[end.failed]}: ${end.message}`);
    await shell('ip -n router link set r1 up');
    drivers = {
      link: createLinkDriver({ ip, rtnetlink, namespaces }),
      route: createRouteDriver(ip, rtnetlink, acmeFleet.kernel),
      sysctl: createSysctlDriver(namespaces),
      firewall: noFirewall,
      tunnel,
    };
    before = await machine();
  });
  afterAll(() => anchor?.close());

  test('an empty machine holds nothing of ours', async () => {
    const { uplinks, sysctls, ...rest } = await observe();
    expect(Object.values(rest).flat()).toEqual([]);
    expect(uplinks).toEqual([{ name: 'eth1', up: true }]);
    expect(sysctls.map(({ key }) => key)).toContain('net.ipv4.ip_forward');
  });

  test('one pass makes everything, the second finds nothing to do', async () => {
    const plans = await settle();
    expect(plans).toHaveLength(1);
    const desired = desire();
    const { uplinks, rulesets: _observed, ...observed } = await observe();
    const { rulesets: _, ...wanted } = desired;
    expect(observed).toEqual(wanted);
    expect(uplinks).toEqual([{ name: 'eth1', up: true }]);
    const verdict = judgeDataPlane(view, desired, await observe());
    expect(verdict.endpoint).toEqual({ state: 'verified', notes: [] });
    expect([...verdict.customers.values()].every(({ state }) => state === 'verified')).toBe(true);
  });

  test('applying what is there is harmless', async () => {
    const desired = desire();
    const again: KernelOp[] = [
      ...desired.namespaces.map((namespace): KernelOp => ({ kind: 'namespace-add', namespace })),
      ...desired.veths.map((veth): KernelOp => ({ kind: 'veth-add', veth })),
      ...desired.veths.map((veth): KernelOp => ({ kind: 'veth-repair', veth })),
      ...desired.addresses.map((address): KernelOp => ({ kind: 'address-add', address })),
      ...desired.rules.map((rule): KernelOp => ({ kind: 'rule-add', rule })),
      ...routesIn(desired.routes).map((route): KernelOp => ({ kind: 'route-replace', route })),
      { kind: 'nexthop-delete', netns: 'cv-acme', id: 424242 },
      { kind: 'veth-delete', name: 'cv-none' },
      { kind: 'namespace-delete', name: 'cv-none' },
    ];
    await applyToKernel(drivers, again);
    expect(planKernel(desired, await observe(), { prune: true })).toEqual([]);
  });

  test.each([
    ['endpoint address', 'ip addr del 192.0.2.1/32 dev lo'],
    ['rule', 'ip rule del pref 7700; ip -6 rule del pref 7700'],
    [
      'wrong rule',
      'ip rule del pref 7700; ip rule add pref 7700 fwmark 0x77000000/0xff000000 iif eth1 lookup 100 protocol 77',
    ],
    ['unreachable', 'ip route del unreachable 192.0.2.0/24 proto 77; ip -6 route del unreachable default table 7700'],
    [
      'route into the namespace',
      'ip route del 203.0.113.0/24 table 7700 proto 77; ip -6 route del 2001:db8:acf::/48 table 7700',
    ],
    ['outer end down', 'ip link set cv-acme down'],
    ['inner end down', 'ip -n cv-acme link set edge0 down'],
    ['link-local address', 'ip addr del fe80::1/64 dev cv-acme; ip -n cv-acme addr del fe80::2/64 dev edge0'],
    ['veth', 'ip link del cv-acme'],
    ['lost alias', 'ip link set cv-acme alias ""'],
    [
      'edge replaced by something else',
      'ip -n cv-acme link set edge0 name stray; ip -n cv-acme link add edge0 type veth peer name e1',
    ],
    ['namespace', 'ip netns del cv-acme'],
    [
      'half-made namespace',
      'ip netns del cv-globex; while ip link show cv-globex >/dev/null 2>&1; do :; done; ip netns add cv-globex',
    ],
    ['icmp source', 'ip -n cv-acme addr del 192.0.2.2/32 dev lo; ip -n cv-acme addr del 2001:db8:e::2/128 dev lo'],
    ['inner address', 'ip -n cv-acme addr del 10.255.0.0/31 dev gre-us'],
    [
      'inner address of another length',
      'ip -n cv-acme addr del 10.255.0.0/31 dev gre-us; ip -n cv-acme addr add 10.255.0.0/30 dev gre-us',
    ],
    ['tunnel', 'ip -n cv-acme link del gre-us'],
    ['every tunnel', 'ip -n cv-acme link del gre-us; ip -n cv-acme link del gre-eu'],
    ['tunnel down', 'ip -n cv-acme link set gre-us down'],
    ['nexthops', 'ip -n cv-acme nexthop flush'],
    [
      'route in the namespace',
      'ip -n cv-acme route del 203.0.113.0/24; ip -n cv-acme route del default; ip -n cv-acme -6 route del 2001:db8:acf::/48',
    ],
    [
      'route turned',
      'ip -n cv-acme route replace unreachable 203.0.113.0/24 proto 77 metric 20077; ip -n cv-acme -6 route replace unreachable 2001:db8:acf::/48 proto 77 metric 20077',
    ],
    ['settings', 'sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.cv-acme.rp_filter=1 net.ipv6.conf.all.forwarding=0'],
    [
      'settings inside',
      'ip netns exec cv-acme sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.fib_multipath_hash_policy=0',
    ],
  ])('drift is repaired: %s', async (_, damage) => {
    await shell(damage);
    expect((await settle()).length).toBeGreaterThanOrEqual(1);
    const { uplinks: _u, rulesets: _r, ...observed } = await observe();
    const { rulesets: _d, ...wanted } = desire();
    expect(observed).toEqual(wanted);
  });

  test('health moves flows by one replacement of each group', async () => {
    health = { 'acme/us': 'down' };
    const [plan] = await settle();
    expect(plan?.map(({ kind }) => kind)).toEqual(['nexthop-replace', 'nexthop-replace']);
    expect(await shell('ip -n cv-acme route get 203.0.113.9')).toContain('gre-eu');
    health = {};
    await settle();
  });

  test('a customer leaves: nothing goes without prune, everything of it with prune, nothing else', async () => {
    const without = { ...acmeFleet, customers: acmeFleet.customers.filter(({ name }) => name !== 'globex') };
    expect(await settle(desire(without))).toEqual([]);
    expect(await settle(desire(without), true)).toHaveLength(1);
    expect((await observe(desire(without))).namespaces.map(({ name }) => name)).toEqual(['cv-acme']);
    await settle();
  });

  test('pruned of everything, the machine is as before', async () => {
    const nothing: KernelDesired = {
      namespaces: [],
      veths: [],
      addresses: [],
      rules: [],
      routes: [],
      nexthops: [],
      sysctls: [],
      tunnels: [],
      rulesets: [],
    };
    await settle(nothing, true);
    expect(await machine()).toBe(before);
  });

  test('a foreign namespace of a customer’s name that is in use is refused', async () => {
    await shell('ip netns add cv-acme; ip -n cv-acme link set lo up');
    await expect(settle()).rejects.toThrow('namespace cv-acme exists, is in use and is not ours');
    await shell('ip netns del cv-acme');
  });

  test('time of a pass', async () => {
    const began = performance.now();
    await settle();
    const made = performance.now();
    for (let i = 0; i < 5; i++) expect(planKernel(desire(), await observe(), { prune: false })).toEqual([]);
    const each = (performance.now() - made) / 5;
    console.info(
      `two customers from nothing ${(made - began).toFixed(0)} ms, a quiet observation ${each.toFixed(0)} ms`,
    );
  });
});
