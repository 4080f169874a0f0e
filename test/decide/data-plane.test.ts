import { judgeDataPlane } from '../../src/decide/data-plane.js';
import { desiredKernel } from '../../src/decide/kernel.js';
import type { TunnelHealth } from '../../src/model/health.js';
import type { KernelDesired, KernelObserved, RouteState } from '../../src/model/kernel.js';
import { gathered, routesIn } from '../../src/model/routes-alike.js';
import type { Verdict } from '../../src/model/verdict.js';
import { amsS1 } from '../acme.js';

const rulesets = ['', 'cv-acme', 'cv-globex'].map((netns) => ({ netns, ruleset: 'table' }));
const desire = (health: (tunnel: string) => TunnelHealth = () => 'up'): KernelDesired =>
  desiredKernel(amsS1(), { tunnelHealth: (_, tunnel) => health(tunnel), rulesets, hashing: 'resilient' });

const desired = desire();
const intact: KernelObserved = {
  ...desired,
  rulesets: rulesets.map(({ netns }) => ({ netns, state: 'equal', counters: [] })),
  uplinks: [{ name: 'eth1', up: true }],
};

/** An observed kernel without the objects that match. */
const without = <K extends keyof KernelObserved>(
  list: K,
  matches: (item: KernelObserved[K][number]) => boolean,
): KernelObserved => ({
  ...intact,
  [list]: (intact[list] as readonly KernelObserved[K][number][]).filter((item) => !matches(item)),
});

const withoutRoutes = (matches: (route: RouteState) => boolean): KernelObserved => ({
  ...intact,
  routes: gathered(routesIn(intact.routes).filter((route) => !matches(route))),
});

const lines = (verdict: Verdict | undefined): readonly string[] => {
  if (verdict?.state === 'verified') return verdict.notes.map((note) => `note: ${note}`);
  return verdict?.state === 'fault' ? verdict.details : ['unknown'];
};

function judged(
  observed: KernelObserved,
  wanted = desired,
): { endpoint: readonly string[]; acme: readonly string[]; globex: readonly string[] } {
  const { endpoint, customers } = judgeDataPlane(amsS1(), wanted, observed);
  return { endpoint: lines(endpoint), acme: lines(customers.get('acme')), globex: lines(customers.get('globex')) };
}

const NONE = { endpoint: [], acme: [], globex: [] };

test('an intact kernel is verified without notes', () => {
  expect(judged(intact)).toEqual(NONE);
});

test.each<[string, KernelObserved, Partial<ReturnType<typeof judged>>]>([
  [
    'endpoint address',
    without('addresses', ({ address }) => address === '192.0.2.1'),
    { endpoint: ['192.0.2.1 missing on lo'] },
  ],
  [
    'rule',
    without('rules', ({ family }) => family === 6),
    { endpoint: ['IPv6 rule for packets marked on eth1 missing'] },
  ],
  [
    'covering',
    withoutRoutes(({ destination }) => destination === '192.0.2.0/24'),
    { endpoint: ['unreachable 192.0.2.0/24 missing in table 254'] },
  ],
  ['uplink', { ...intact, uplinks: [{ name: 'eth1', up: false }] }, { endpoint: ['uplink eth1 is down'] }],
  [
    'one uplink of two',
    {
      ...intact,
      uplinks: [
        { name: 'eth1', up: true },
        { name: 'eth2', up: false },
      ],
    },
    { endpoint: ['note: uplink eth2 is down'] },
  ],
  ['default table of nft', without('rulesets', ({ netns }) => netns === ''), { endpoint: ['nft table missing'] }],
  ['namespace', without('namespaces', ({ customer }) => customer === 'acme'), { acme: ['namespace cv-acme missing'] }],
  [
    'veth',
    { ...intact, veths: intact.veths.map((veth) => ({ ...veth, ready: veth.customer !== 'acme' })) },
    { acme: ['veth cv-acme missing or not ready'] },
  ],
  [
    'way in',
    withoutRoutes(({ table, destination }) => table === 7700 && destination === '203.0.113.0/24'),
    { acme: ['route 203.0.113.0/24 missing'] },
  ],
  [
    'way out',
    withoutRoutes(({ netns, destination }) => netns === 'cv-globex' && destination === '0.0.0.0/0'),
    { globex: ['route 0.0.0.0/0 missing in cv-globex'] },
  ],
  [
    'one tunnel of two',
    without('tunnels', ({ netns, name }) => netns === 'cv-acme' && name === 'gre-us'),
    { acme: ['note: gre-us missing in cv-acme'] },
  ],
  [
    'the only tunnel',
    without('tunnels', ({ netns }) => netns === 'cv-globex'),
    { globex: ['gre-us missing in cv-globex', '198.19.7.0/24 in cv-globex: no tunnel carries it'] },
  ],
  [
    'the only tunnel leads elsewhere',
    { ...intact, tunnels: intact.tunnels.map((t) => (t.netns === 'cv-globex' ? { ...t, remote: t.local } : t)) },
    { globex: ['gre-us leads elsewhere in cv-globex', '198.19.7.0/24 in cv-globex: no tunnel carries it'] },
  ],
  ['another MTU', { ...intact, tunnels: intact.tunnels.map((t) => ({ ...t, mtu: 1400 })) }, {}],
  [
    'nexthops',
    without('nexthops', ({ netns, target }) => netns === 'cv-globex' && target.kind === 'group'),
    { globex: ['198.19.7.0/24 in cv-globex: nexthop group missing'] },
  ],
  [
    'prefix route',
    withoutRoutes(({ netns, destination }) => netns === 'cv-globex' && destination === '198.19.7.0/24'),
    { globex: ['198.19.7.0/24 in cv-globex: route missing'] },
  ],
  [
    'reverse-path filter',
    {
      ...intact,
      sysctls: intact.sysctls.map((s) =>
        s.key.includes('cv-acme') && s.key.endsWith('rp_filter') ? { ...s, value: '1' } : s,
      ),
    },
    { acme: ['net.ipv4.conf.cv-acme.rp_filter is 1 instead of 0'] },
  ],
  [
    'hash policy',
    {
      ...intact,
      sysctls: intact.sysctls.map((s) =>
        s.netns === 'cv-acme' && s.key === 'net.ipv4.fib_multipath_hash_policy' ? { ...s, value: '0' } : s,
      ),
    },
    { acme: ['note: net.ipv4.fib_multipath_hash_policy is 0 instead of 1 in cv-acme'] },
  ],
])('%s hurts whom it hurts', (_, observed, expected) => {
  expect(judged(observed)).toEqual({ ...NONE, ...expected });
});

test('a change that is not applied yet is no fault', () => {
  const moved = desire((tunnel) => (tunnel === 'us' ? 'down' : 'up'));
  expect(judged(intact, moved)).toEqual(NONE);
  const different: KernelObserved = { ...intact, rulesets: intact.rulesets.map((r) => ({ ...r, state: 'different' })) };
  expect(judgeDataPlane(amsS1(), desired, different).endpoint.state).toBe('verified');
});
