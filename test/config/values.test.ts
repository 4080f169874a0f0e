/** The small parts: durations, wording, firewall values, look-ups. */
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/config/durations.js';
import { disjointPorts, disjointPrefixes, protocolOf } from '../../src/config/firewall-values.js';
import { parseFleet } from '../../src/config/parse.js';
import { PrefixIndex } from '../../src/model/prefix-index.js';
import { specialPurposeOf } from '../../src/config/reserved.js';
import { alternatives, dotted, editDistance, nearest, shown } from '../../src/config/wording.js';
import { address, contains, prefix, prefixOf, type Prefix } from '../../src/model/address.js';
import type { PortRange } from '../../src/model/fleet.js';
import { edited } from './sample.js';

test.each([
  ['200ms', 200],
  ['1s', 1000],
  ['0s', 0],
  ['2m', 120_000],
  ['1.5s', undefined],
  ['-1s', undefined],
  ['01s', undefined],
  ['1 s', undefined],
  ['1', undefined],
  ['1h', 3_600_000],
  ['1d', undefined],
])('duration %s', (text, ms) => expect(parseDuration(text)).toBe(ms));

test('durations survive being written and read', () => {
  fc.assert(fc.property(fc.nat(100_000_000), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)));
});

test('wording', () => {
  expect(dotted(['customers', 'acme', 'prefixes', 0, 'prefix'])).toBe('customers.acme.prefixes[0].prefix');
  expect(['x'.repeat(90), null, [], {}, 7].map(shown)).toEqual([
    `"${'x'.repeat(59)}…`,
    'empty',
    'a list',
    'a map',
    '7',
  ]);
  expect([[], ['a'], ['a', 'b', 'c']].map(alternatives)).toEqual(['', 'a', 'a, b or c']);
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(nearest('Prefixs', ['prefixes', 'routes'])).toBe('prefixes');
  expect(nearest('x', ['prefixes', 'routes'])).toBeUndefined();
});

test.each([
  ['10.1.2.0/24', 'reserved'],
  ['100.64.0.0/16', 'reserved'],
  ['198.19.0.0/16', 'reserved'],
  ['240.1.0.0/16', 'reserved'],
  ['2001:db8:1::/48', 'reserved'],
  ['fd00::/16', 'reserved'],
  ['4000::/16', 'reserved'],
  ['172.0.0.0/8', 'reserved'],
  ['127.0.0.0/8', 'unroutable'],
  ['224.0.0.0/8', 'unroutable'],
  ['ff02::/16', 'unroutable'],
  ['169.254.0.0/24', 'link-local'],
  ['fe80::/64', 'link-local'],
  ['8.8.8.0/24', undefined],
  ['172.32.0.0/11', undefined],
  ['2a00::/16', undefined],
  ['2001:200::/32', undefined],
])('%s is special: %s', (text, kind) => expect(specialPurposeOf(prefix(text))?.kind).toBe(kind));

test('all IPv6 outside 2000::/3 is special', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      if (!contains(prefix('2000::/3'), address(text))) expect(specialPurposeOf(address(text))).toBeDefined();
    }),
  );
});

const prefixes = fc
  .tuple(
    fc.constantFrom('10.0.0.0', '10.0.3.7', '10.128.0.1', '11.0.0.0', '2001:db8::', '2001:db8:1::5'),
    fc.integer({ min: 8, max: 32 }),
  )
  .map(([text, length]) => prefixOf(address(text), length));

test('an index finds what a comparison of each with each finds', () => {
  fc.assert(
    fc.property(fc.array(prefixes), prefixes, (all, inner) => {
      const index = new PrefixIndex<Prefix>();
      for (const entry of all) index.add(entry, entry);
      expect([...index.holding(inner)].sort()).toEqual(all.filter((outer) => contains(outer, inner)).sort());
    }),
  );
});

test('prefixes of a firewall rule hold the same addresses and do not overlap', () => {
  fc.assert(
    fc.property(fc.array(prefixes), (all) => {
      const disjoint = disjointPrefixes(all);
      for (const one of all) expect(disjoint.filter((other) => contains(other, one))).toHaveLength(1);
    }),
  );
});

test('ports of a firewall rule: sorted, joined', () => {
  const ranges: readonly PortRange[] = [
    [443, 443],
    [80, 80],
    [81, 90],
    [85, 100],
    [443, 443],
  ];
  expect(disjointPorts(ranges)).toEqual([
    [80, 100],
    [443, 443],
  ]);
  expect([6, 17, 132, 'esp' as const].map(protocolOf)).toEqual(['tcp', 'udp', 132, 'esp']);
});

test('everything optional, written out', () => {
  const { text } = edited(
    '      - { name: web, action: permit, protocol: tcp, destinationPorts: [80, 443] }\n',
    `      - name: web
        action: { rateLimit: { packetsPerSecond: 1000, burst: 50 } }
        protocol: 17
        source: [45.40.1.0/24, 45.40.0.0/16]
        sourcePorts: "1024-65535"
        destinationPorts: [53, "80-89", 90]
`,
  );
  const tunnel = edited(
    'remote: 45.30.0.2, inner: 10.255.0.2/31',
    'remote: 45.30.0.2, inner: 10.255.0.2/31, key: 7, inner6: "fd00::1/126", probe: { interval: 50ms, rise: 1, target: 45.20.0.9 }',
    text,
  );
  const router = edited('keepalive: 3', 'password: "s3cret"', tunnel.text);
  const parsed = parseFleet([{ path: 'f', text: router.text }], 'test');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const [acme] = parsed.fleet.customers;
  expect(acme?.firewall[0]).toEqual({
    name: 'web',
    action: { packetsPerSecond: 1000, burst: 50 },
    protocol: 'udp',
    source: ['45.40.0.0/16'],
    sourcePorts: [[1024, 65535]],
    destinationPorts: [
      [53, 53],
      [80, 90],
    ],
  });
  expect(acme?.tunnels[1]).toEqual({
    name: 'eu',
    remote: '45.30.0.2',
    key: 7,
    inner: { address: '10.255.0.2', length: 31, network: '10.255.0.2/31' },
    inner6: { address: 'fd00::1', length: 126, network: 'fd00::/126' },
    mtu: 1472,
    probe: { kind: 'request', target: '45.20.0.9', intervalMs: 50, timeoutMs: 100, rise: 1, fall: 3 },
  });
  expect(parsed.fleet.sites[0]?.routers[1]).toEqual({
    name: 'ams-r2',
    asn: 400100,
    v4: '45.10.1.2',
    hold: 9,
    keepalive: 3,
    password: 's3cret',
    ttlSecurity: false,
    gracefulRestart: 0,
    passive: false,
    multihop: 0,
    maxPrefix: {},
    id: '45.10.1.2',
    networks: [],
    upstreams: [],
  });
});
