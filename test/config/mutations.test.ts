/** Random fleets that are right, each then made wrong in one line: an issue must point at that line. */
import fc from 'fast-check';
import { stringify } from 'yaml';
import { formatIssue, type IssueCode } from '../../src/config/issue.js';
import { parseFleet } from '../../src/config/parse.js';

type Tree = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

interface Shape {
  readonly sites: readonly { readonly routers: number; readonly servers: number; readonly v6: boolean }[];
  readonly customers: readonly { readonly prefixes: number; readonly v6: boolean; readonly tunnels: number }[];
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  sites: fc.array(
    fc.record({
      routers: fc.integer({ min: 1, max: 3 }),
      servers: fc.integer({ min: 1, max: 3 }),
      v6: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  customers: fc.array(
    fc.record({
      prefixes: fc.integer({ min: 1, max: 3 }),
      v6: fc.boolean(),
      tunnels: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

const named = <T>(count: number, prefix: string, entry: (index: number) => T): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, entry(index)]));

/** A fleet that every rule accepts. */
function fleetOf(shape: Shape): Tree {
  const site = ({ routers, servers, v6 }: Shape['sites'][number], s: number): Tree => ({
    region: 'eu',
    routers: named(routers, `r${s}-`, (r) => ({
      asn: 400100,
      v4: `45.10.${s}.${r + 1}`,
      ...(v6 && { v6: `2a10:10:${s}::${r + 1}` }),
      hold: 9,
      keepalive: 3,
    })),
    servers: named(servers, `s${s}-`, (n) => ({
      v4: `45.10.${s}.${n + 11}`,
      ...(v6 && { v6: `2a10:10:${s}::${n + 11}` }),
      uplinks: ['eth1'],
    })),
  });
  const customer = ({ prefixes, v6, tunnels }: Shape['customers'][number], c: number): Tree => {
    const owned = Array.from({ length: prefixes }, (_, p) => `50.${c}.${p * 4}.0/22`);
    const all = v6 ? [...owned, `2a10:20:${c}::/48`] : owned;
    return {
      asn: 64512 + c,
      prefixes: all.map((prefix) => ({ prefix, advertise: true })),
      tunnels: named(tunnels, 't', (t) => ({
        remote: `48.${c}.0.${t + 1}`,
        inner: `10.255.0.${2 * t}/31`,
        mtu: 1476,
        probe: { interval: '1s', fall: 3 },
      })),
      routes: all.flatMap((prefix) =>
        Array.from({ length: tunnels }, (_, t) => ({ prefix, tunnel: `t${t}`, priority: 100, weight: 1 })),
      ),
    };
  };
  return {
    provider: {
      asn: 400100,
      endpoints: { gre4: '45.9.0.1' },
      covering: ['45.9.0.0/24', '2a10:9::/48'],
      icmpSource: { v4: '45.9.0.2', v6: '2a10:9::2' },
    },
    kernel: { mark: 0x77000000, mask: 0xff000000, table: 7700, protocol: 77 },
    sites: Object.fromEntries(shape.sites.map((entry, s) => [`site${s}`, site(entry, s)])),
    customers: Object.fromEntries(shape.customers.map((entry, c) => [`customer${c}`, customer(entry, c)])),
  };
}

const lastOf = (map: Tree): Tree => Object.values(map).at(-1);
const someOf = (map: Tree, pick: number): Tree => Object.values(map)[pick % Object.keys(map).length];

/** Each changes one line of the text; `pick` chooses among the candidates. */
const MUTATIONS: Readonly<Record<string, readonly [IssueCode, (fleet: Tree, pick: number) => void]>> = {
  'unknown key of a server': ['unknown-key', (f, n) => (someOf(someOf(f.sites, n).servers, n).uplink = 1)],
  'unknown key of a tunnel': ['unknown-key', (f, n) => (someOf(someOf(f.customers, n).tunnels, n).remotes = 1)],
  'AS number as text': ['wrong-type', (f, n) => (someOf(f.customers, n).asn = 'AS64512')],
  'AS 0': ['bad-asn', (f, n) => (someOf(f.customers, n).asn = 0)],
  'documentation AS': ['reserved-asn', (f, n) => (someOf(f.customers, n).asn = 64500)],
  'host bits': [
    'host-bits',
    (f, n) => (someOf(f.customers, n).prefixes[0].prefix = `50.${n % Object.keys(f.customers).length}.0.1/22`),
  ],
  'too long': ['prefix-too-long', (f, n) => (someOf(f.customers, n).prefixes[0].prefix = '51.0.0.0/25')],
  'too short': ['prefix-too-short', (f, n) => (someOf(f.customers, n).prefixes[0].prefix = '0.0.0.0/0')],
  'bogon prefix': ['reserved-address', (f, n) => (someOf(f.customers, n).prefixes[0].prefix = '10.0.0.0/22')],
  'prefix of the provider': ['overlap', (f, n) => (someOf(f.customers, n).prefixes[0].prefix = '45.9.0.0/24')],
  'bogon remote': ['reserved-address', (f, n) => (someOf(someOf(f.customers, n).tunnels, n).remote = '192.0.2.9')],
  'remote in a prefix': [
    'remote-inside-announced',
    (f, n) => (someOf(someOf(f.customers, n).tunnels, n).remote = '50.0.1.1'),
  ],
  'remote twice': [
    'repeated-remote',
    (f) => {
      lastOf(f.customers).tunnels.last = { ...lastOf(lastOf(f.customers).tunnels), inner: '10.255.1.0/31' };
    },
  ],
  'inner twice': [
    'inner-overlap',
    (f) => {
      lastOf(f.customers).tunnels.last = { ...lastOf(lastOf(f.customers).tunnels), remote: '48.9.9.9' };
    },
  ],
  'inner network address': [
    'inner-network',
    (f, n) => (someOf(someOf(f.customers, n).tunnels, n).inner = '10.255.9.0/30'),
  ],
  mtu: ['mtu', (f, n) => (someOf(someOf(f.customers, n).tunnels, n).mtu = 1500)],
  duration: ['not-a-duration', (f, n) => (someOf(someOf(f.customers, n).tunnels, n).probe.interval = 'soon')],
  'dangling tunnel': ['unknown-tunnel', (f, n) => (someOf(f.customers, n).routes[0].tunnel = 'nowhere')],
  'foreign route': ['route-outside', (f, n) => (someOf(f.customers, n).routes[0].prefix = '52.0.0.0/24')],
  weight: ['out-of-range', (f, n) => (someOf(f.customers, n).routes[0].weight = 0)],
  keepalive: ['hold-timers', (f, n) => (someOf(someOf(f.sites, n).routers, n).keepalive = 4)],
  'router of another AS': [
    'mixed-sessions',
    (f) => {
      lastOf(f.sites).routers.last = { asn: 400200, v4: '45.11.0.1' };
    },
  ],
  'address of the first server': [
    'repeated-address',
    (f, n) => (someOf(someOf(f.sites, n).routers, n).v4 = '45.10.0.11'),
  ],
  'endpoint elsewhere': ['outside-covering', (f) => (f.provider.endpoints.gre4 = '45.8.0.1')],
  'endpoint as ICMP source': ['icmp-source', (f) => (f.provider.icmpSource.v4 = '45.9.0.1')],
  mark: ['mark', (f) => (f.kernel.mark = 1)],
  table: ['table', (f) => (f.kernel.table = 254)],
  protocol: ['protocol', (f) => (f.kernel.protocol = 186)],
};

const textOf = (fleet: Tree): string => stringify(fleet, { aliasDuplicateObjects: false });

/** Lines, counted from 1, that the second text has and the first has not at that place. */
function changedLines(before: string, after: string): { readonly from: number; readonly to: number } {
  const [a, b] = [before.split('\n'), after.split('\n')];
  const head = b.findIndex((line, index) => line !== a[index]);
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  return { from: head + 1, to: Math.max(head + 1, b.length - tail) };
}

test('random fleets are accepted', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const parsed = parseFleet([{ path: 'f.yaml', text: textOf(fleetOf(shape)) }], 'test');
      expect(parsed.ok ? [] : parsed.issues.map(formatIssue)).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

test.each(Object.entries(MUTATIONS))('%s', (_, [code, mutate]) => {
  fc.assert(
    fc.property(shapes, fc.nat(11), (shape, pick) => {
      const before = textOf(fleetOf(shape));
      const fleet = fleetOf(shape);
      mutate(fleet, pick);
      const after = textOf(fleet);
      fc.pre(after !== before);
      const parsed = parseFleet([{ path: 'f.yaml', text: after }], 'test');
      const { from, to } = changedLines(before, after);
      const hits = parsed.ok ? [] : parsed.issues.filter((issue) => issue.line >= from && issue.line <= to);
      expect(hits.map((issue) => issue.code)).toContain(code);
    }),
    { numRuns: 6 },
  );
});
