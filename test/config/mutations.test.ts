/** Random fleets that are right, each then made wrong in one line: an issue must point at that line. */
import fc from 'fast-check';
import { stringify } from 'yaml';
import { formatIssue, type IssueCode } from '../../src/config/issue.js';
import { parseFleet } from '../../src/config/parse.js';

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
function fleetOf(shape: Shape) {
  const site = ({ routers, servers, v6 }: Shape['sites'][number], s: number) => ({
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
  const customer = ({ prefixes, v6, tunnels }: Shape['customers'][number], c: number) => {
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

type Fleet = ReturnType<typeof fleetOf>;

/** The `pick`th of a map or list, counted round and round. */
function someOf<T>(map: Readonly<Record<string, T>> | readonly T[], pick: number): T {
  const entries: readonly T[] = Object.values(map);
  const entry = entries[pick % entries.length];
  if (entry === undefined) throw new Error('nothing to choose from');
  return entry;
}
const lastOf = <T>(map: Readonly<Record<string, T>>): T => someOf(map, Object.keys(map).length - 1);

/** What a mutation overwrites, or adds to; `n` chooses among the candidates. */
type Target = (fleet: Fleet, n: number) => object;
const provider: Target = (f) => f.provider;
const kernel: Target = (f) => f.kernel;
const customer = (f: Fleet, n: number) => someOf(f.customers, n);
const tunnel = (f: Fleet, n: number) => someOf(customer(f, n).tunnels, n);
const prefix: Target = (f, n) => someOf(customer(f, n).prefixes, 0);
const route: Target = (f, n) => someOf(customer(f, n).routes, n);
const router: Target = (f, n) => someOf(someOf(f.sites, n).routers, n);
const server: Target = (f, n) => someOf(someOf(f.sites, n).servers, n);
const lastTunnels = (f: Fleet) => lastOf(f.customers).tunnels;

type Patch = object | ((fleet: Fleet) => object);

/** Each changes or adds one entry of the text. */
const MUTATIONS: readonly (readonly [what: string, code: IssueCode, target: Target, patch: Patch])[] = [
  ['unknown key of a server', 'unknown-key', server, { uplink: 1 }],
  ['unknown key of a tunnel', 'unknown-key', tunnel, { remotes: 1 }],
  ['AS number as text', 'wrong-type', customer, { asn: 'AS64512' }],
  ['AS 0', 'bad-asn', customer, { asn: 0 }],
  ['documentation AS', 'reserved-asn', customer, { asn: 64500 }],
  ["the provider's AS", 'asn-loop', customer, { asn: 400100 }],
  ['host bits', 'host-bits', prefix, { prefix: '51.0.0.1/22' }],
  ['too long', 'prefix-too-long', prefix, { prefix: '51.0.0.0/25' }],
  ['too short', 'prefix-too-short', prefix, { prefix: '0.0.0.0/0' }],
  ['bogon prefix', 'reserved-address', prefix, { prefix: '10.0.0.0/22' }],
  ["the provider's prefix", 'overlap', prefix, { prefix: '45.9.0.0/24' }],
  ['prefix without a route', 'no-route', prefix, { prefix: '52.0.0.0/22' }],
  ['bogon remote', 'reserved-address', tunnel, { remote: '192.0.2.9' }],
  ['remote in a prefix', 'remote-inside-announced', tunnel, { remote: '50.0.1.1' }],
  [
    'remote twice',
    'repeated-remote',
    lastTunnels,
    (f) => ({ last: { ...lastOf(lastTunnels(f)), inner: '10.9.0.0/31' } }),
  ],
  ['inner twice', 'inner-overlap', lastTunnels, (f) => ({ last: { ...lastOf(lastTunnels(f)), remote: '48.9.9.9' } })],
  ['inner network address', 'inner-network', tunnel, { inner: '10.255.9.0/30' }],
  ['mtu', 'mtu', tunnel, { mtu: 1500 }],
  ['duration', 'not-a-duration', (f, n) => tunnel(f, n).probe, { interval: 'soon' }],
  ['dangling tunnel', 'unknown-tunnel', route, { tunnel: 'nowhere' }],
  ['foreign route', 'route-outside', route, { prefix: '52.0.0.0/24' }],
  ['weight', 'out-of-range', route, { weight: 0 }],
  ['keepalive', 'hold-timers', router, { keepalive: 4 }],
  [
    'router of another AS',
    'mixed-sessions',
    (f) => lastOf(f.sites).routers,
    { last: { asn: 400200, v4: '45.11.0.1' } },
  ],
  ['address of a server', 'repeated-address', router, { v4: '45.10.0.11' }],
  ['endpoint elsewhere', 'outside-covering', (f) => f.provider.endpoints, { gre4: '45.8.0.1' }],
  ['endpoint as ICMP source', 'icmp-source', (f) => f.provider.icmpSource, { v4: '45.9.0.1' }],
  ['private AS on the Internet', 'reserved-asn', provider, { asn: 64999 }],
  ['mark', 'mark', kernel, { mark: 1 }],
  ['table', 'table', kernel, { table: 254 }],
  ['protocol', 'protocol', kernel, { protocol: 186 }],
];

const textOf = (fleet: Fleet): string => stringify(fleet, { aliasDuplicateObjects: false });

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

test.each(MUTATIONS)('%s: %s', (_, code, target, patch) => {
  fc.assert(
    fc.property(shapes, fc.nat(11), (shape, pick) => {
      const before = textOf(fleetOf(shape));
      const fleet = fleetOf(shape);
      Object.assign(target(fleet, pick), typeof patch === 'function' ? patch(fleet) : patch);
      const after = textOf(fleet);
      fc.pre(after !== before);
      const parsed = parseFleet([{ path: 'f.yaml', text: after }], 'test');
      const { from, to } = changedLines(before, after);
      const hits = parsed.ok ? [] : parsed.issues.filter((issue) => issue.line >= from && issue.line <= to);
      expect(hits.map((issue) => issue.code)).toContain(code);
    }),
    { numRuns: 4 },
  );
});
