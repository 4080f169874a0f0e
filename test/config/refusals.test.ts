import { formatIssue, ISSUES, type IssueCode } from '../../src/config/issue.js';
import { parseFleet } from '../../src/config/parse.js';
import { edited, issuesOf, SAMPLE } from './sample.js';

/** `from` is replaced by `to`; ▸ is the place of the issue; the last is part of what is printed after it. */
type Case = readonly [code: IssueCode, from: string, to: string, printed: string];

const SHAPE: readonly Case[] = [
  [
    'unknown-key',
    'region: eu',
    '▸regoin: eu\n    region: eu',
    '"regoin" is not a key of sites.ams; did you mean region?',
  ],
  ['unknown-key', 'mtu: 1476', '▸zzzzzzz: 1476', 'write remote, key, inner, inner6, mtu or probe'],
  [
    'unknown-key',
    'kernel:',
    '▸constructor: 1\nkernel:',
    '"constructor" is not a key of the fleet; write allowReserved, provider',
  ],
  ['wrong-type', 'asn: 64513', 'asn: ▸"64513"', 'customers.globex.asn is "64513", not a number; write a whole number'],
  [
    'wrong-type',
    '[eth1, eth2]',
    '▸eth1',
    'sites.sjc.servers.sjc-s1.uplinks is "eth1", not a list; write a list of interfaces, such as [eth1]',
  ],
  ['wrong-type', '    region: us', '    region: ▸7', 'not text; write a name such as eu'],
  ['wrong-type', 'ttlSecurity: true', 'ttlSecurity: ▸yes', '"yes", not true or false; write true or false'],
  [
    'missing-key',
    '  globex:\n    asn: 64513\n',
    '  ▸globex:\n',
    'customers.globex.asn is missing; write a whole number',
  ],
  [
    'wrong-value',
    'kernel:',
    'safety: { lostAgent: ▸explode }\nkernel:',
    'safety.lostAgent is "explode"; write degrade or drain',
  ],
  ['wrong-value', 'region: us', 'region: ▸U S', 'sites.sjc.region is "U S"; write a name'],
  [
    'wrong-value',
    'action: permit',
    'action: ▸allow',
    'write drop, permit or { rateLimit: { packetsPerSecond: 1000, burst: 100 } }',
  ],
  ['wrong-value', 'protocol: tcp', 'protocol: ▸sctp', 'write tcp, udp, icmp, icmpv6, gre, esp or a number'],
  [
    'missing-key',
    'action: permit',
    'action: { ▸rateLimit: { packetsPerSecond: 9 } }',
    'firewall[0].action.rateLimit.burst is missing',
  ],
  [
    'out-of-range',
    'weight: 3',
    'weight: ▸300',
    'routes[2].weight 300 is out of range; write a whole number from 1 to 256',
  ],
  ['out-of-range', 'mtu: 1476', 'mtu: 1476, key: ▸4294967296', 'write a whole number from 0 to 4294967295'],
  ['wrong-type', 'weight: 3', 'weight: ▸1.5', 'weight is 1.5, not a whole number'],
  ['wrong-value', '[eth1, eth2]', '[eth1, eth2], speaker: ▸bird', 'write gobgp or exabgp'],
  ['empty', '[eth1, eth2]', '▸[]', 'uplinks is an empty list; write a list of interfaces'],
  [
    'not-an-address',
    'v4: 45.10.2.11',
    'v4: ▸45.10.2.256',
    '"45.10.2.256" is not an IPv4 address; write an IPv4 address such as',
  ],
  ['not-an-address', 'v6: "2a10:10:2::11"', 'v6: ▸45.10.2.11', '"45.10.2.11" is not an IPv6 address'],
  [
    'not-an-address',
    'inner: 10.255.0.2/31',
    'inner: ▸10.255.0.2',
    'write our address and its length, such as 10.255.0.0/31',
  ],
  [
    'not-a-prefix',
    '- 45.9.0.0/24',
    '- 45.9.0.0/24\n    - ▸45.9.1.0',
    'write the length too, 45.9.1.0/32 for one address',
  ],
  [
    'not-a-prefix',
    'source: 45.40.0.0/16',
    'source: ▸everywhere',
    '"everywhere" is not a prefix; write a prefix such as',
  ],
  [
    'not-a-prefix',
    'source: 45.40.0.0/16',
    'source: [45.40.0.0/16, ▸x/8]',
    'firewall[1].source[1]: "x/8" is not a prefix',
  ],
  [
    'host-bits',
    'prefix: 45.20.4.0/22',
    'prefix: ▸45.20.5.0/22',
    'has bits set after its length; write the network, 45.20.4.0/22',
  ],
  [
    'not-a-duration',
    'interval: 1s',
    'interval: ▸1 second',
    '"1 second" is not a duration; write a duration from 50ms to 1m, such as 200ms',
  ],
  ['out-of-range', 'kernel:', 'safety: { lease: ▸100ms }\nkernel:', 'write a duration from 200ms to 1m'],
  ['not-a-duration', 'kernel:', 'safety: { drain: ▸1d }\nkernel:', 'write a duration from 100ms to 5m'],
  ['wrong-type', 'kernel:', 'safety: { maxWithdrawnShare: ▸0.25 }\nkernel:', 'not text; write a percentage'],
  ['not-a-percentage', 'kernel:', 'safety: { maxWithdrawnShare: ▸-1% }\nkernel:', '"-1%" is not a percentage'],
  ['out-of-range', 'kernel:', 'safety: { maxWithdrawnShare: ▸101% }\nkernel:', 'from 0% to 100%, such as 25%'],
  [
    'not-a-port',
    '[80, 443]',
    '[80, ▸"9-8"]',
    '"9-8" is neither a port nor a range; write a port such as 80, or a range',
  ],
  ['not-a-port', '[80, 443]', '▸"1-70000"', 'is neither a port nor a range'],
];

const NAMES: readonly Case[] = [
  ['bad-name', '  globex:', '  ▸Globex_Inc:', '"Globex_Inc" is not a name; write 1 to 63 lower-case letters'],
  ['bad-name', '  globex:', '  ▸-globex:', 'is not a name'],
  ['bad-name', '  globex:', '  ▸default:', 'the name default has a meaning of its own; choose another name'],
  ['bad-name', 'name: web', 'name: ▸Web', '"Web" is not a name'],
  [
    'repeated-name',
    'sjc-s1:',
    '▸ams-s1:',
    'the server ams-s1 has the name of a machine at fleet.yaml:24; name it after its site, such as sjc-ams-s1',
  ],
  ['repeated-name', 'sjc-r1:', '▸ams-r1:', 'the router ams-r1 has the name of a machine at fleet.yaml:17'],
  [
    'repeated-name',
    'name: rest',
    'name: ▸web',
    'the rule web is written already at fleet.yaml:46; give it a name of its own',
  ],
  ['not-a-device', '[eth1, eth2]', '[eth1, ▸cv-acme]', '"cv-acme" cannot be an uplink; write the name of an interface'],
  ['not-a-device', '[eth1, eth2]', '[eth1, ▸"a b"]', '"a b" cannot be an uplink'],
  ['repeated-uplink', '[eth1, eth2]', '[eth1, ▸eth1]', 'the uplink eth1 is written twice'],
];

const ADDRESSES: readonly Case[] = [
  [
    'prefix-too-long',
    'prefix: 45.20.4.0/22',
    'prefix: ▸45.20.4.128/25',
    '45.20.4.128/25 is longer than /24: other networks would not accept it; write a prefix from /8 to /24',
  ],
  ['prefix-too-long', '- 45.9.0.0/24', '- 45.9.0.0/24\n    - ▸45.9.1.0/25', 'write a prefix from /8 to /24'],
  ['prefix-too-short', 'prefix: 45.20.4.0/22', 'prefix: ▸44.0.0.0/7', '44.0.0.0/7 is shorter than /8'],
  ['prefix-too-short', '- 45.9.0.0/24', '- 45.9.0.0/24\n    - ▸0.0.0.0/0', '0.0.0.0/0 is the default route'],
  [
    'prefix-too-short',
    '- 45.9.0.0/24',
    '- 45.9.0.0/24\n    - ▸::/0',
    '::/0 is the default route; write a prefix from /16 to /48',
  ],
  ['prefix-too-long', '- 45.9.0.0/24', '- 45.9.0.0/24\n    - ▸2a10:8::/49', 'longer than /48'],
  [
    'reserved-address',
    '- 45.9.0.0/24',
    '- 45.9.0.0/24\n    - ▸203.0.113.0/24',
    '203.0.113.0/24 is special-purpose: documentation, RFC 5737, 203.0.113.0/24; write public address space, or allowReserved: true in a lab',
  ],
  ['reserved-address', 'remote: 45.30.0.2', 'remote: ▸192.168.1.1', 'private, RFC 1918'],
  ['unroutable-address', 'remote: 45.30.0.2', 'remote: ▸127.0.0.1', 'loopback'],
  ['unroutable-address', 'v4: 45.10.2.11', 'v4: ▸169.254.0.1', 'link-local, RFC 3927'],
  ['unroutable-address', 'inner: 10.255.0.2/31', 'inner: ▸224.0.0.2/31', 'multicast'],
  ['unroutable-address', 'interval: 1s', 'interval: 1s, target: ▸0.0.0.0', 'this network'],
  [
    'bad-asn',
    'asn: 64513',
    'asn: ▸23456',
    'AS 23456 of globex is not usable (AS_TRANS, RFC 6793); write the AS number of globex',
  ],
  ['bad-asn', 'asn: 64513', 'asn: ▸0', 'AS 0'],
  ['bad-asn', 'asn: 64513', 'asn: ▸65535', 'RFC 7300'],
  ['bad-asn', 'asn: 64513', 'asn: ▸4294967295', 'RFC 7300'],
  [
    'reserved-asn',
    'asn: 64513',
    'asn: ▸64496',
    'AS 64496 of globex is reserved (documentation, RFC 5398); write a public AS number, or allowReserved: true in a lab',
  ],
  [
    'asn-loop',
    'asn: 64513',
    'asn: ▸400200',
    "AS 400200 of globex is also that of router sjc-r1: routers would drop the customer's routes as loops",
  ],
  [
    'overlap',
    'advertise: false }',
    'advertise: false }\n      - { prefix: ▸45.9.0.0/24, advertise: false }',
    '45.9.0.0/24 of acme overlaps covering 45.9.0.0/24 at fleet.yaml:5; give every address one owner',
  ],
  [
    'repeated-prefix',
    'advertise: false }',
    'advertise: false }\n      - { prefix: ▸45.20.4.0/22, advertise: false }',
    '45.20.4.0/22 of acme is written already at fleet.yaml:37; keep one',
  ],
  [
    'overlap',
    '- { prefix: 45.21.0.0/24, advertise: true }',
    '- { prefix: 45.21.0.0/24, advertise: true }\n      - { prefix: ▸45.20.6.0/24, advertise: false }',
    '45.20.6.0/24 of globex overlaps 45.20.4.0/22 of acme at fleet.yaml:37',
  ],
  ['outside-covering', 'gre4: 45.9.0.1', 'gre4: ▸45.8.0.1', 'the endpoint 45.8.0.1 lies in no covering prefix'],
  ['outside-covering', 'v4: 45.9.0.2', 'v4: ▸45.8.0.2', 'the ICMP source 45.8.0.2 lies in no covering prefix'],
  ['outside-covering', 'v6: 2a10:9::2', 'v6: ▸2a10:8::2', 'add its /48 there'],
  ['icmp-source', 'v4: 45.9.0.2', 'v4: ▸45.9.0.1', 'the ICMP source 45.9.0.1 is the tunnel endpoint'],
  [
    'icmp-source',
    '  icmpSource:\n    v4: 45.9.0.2\n    v6: 2a10:9::2',
    '  ▸icmpSource:\n    v4: 45.9.0.2',
    'icmpSource has no v6, and 2a10:20::/48 at fleet.yaml:35 needs one',
  ],
  [
    'repeated-address',
    'v4: 45.10.2.11',
    'v4: ▸45.10.1.11',
    '45.10.1.11 of server sjc-s1 is also that of server ams-s1 at fleet.yaml:24',
  ],
  [
    'repeated-address',
    'v4: 45.10.1.2\n',
    'v4: ▸45.10.1.1\n',
    '45.10.1.1 of router ams-r2 is also that of router ams-r1 at fleet.yaml:17',
  ],
  ['repeated-address', 'v4: 45.10.1.2\n', 'v4: ▸45.10.2.11\n', 'of router ams-r2 is also that of server sjc-s1'],
  [
    'address-inside-announced',
    'v4: 45.10.2.11',
    'v4: ▸45.9.0.11',
    'lies inside covering 45.9.0.0/24 at fleet.yaml:5, which every site attracts',
  ],
];

const SESSIONS: readonly Case[] = [
  [
    'no-router',
    ', v6: "2a10:10:2::1", ttlSecurity',
    ', ttlSecurity',
    'the site sjc has no router with v6: nobody would hear sjc-s1; give a router of sjc a v6 address, or leave v6 out',
  ],
  [
    'hold-timers',
    'hold: 9',
    'hold: ▸2',
    'hold 2 of ams-r2 is below the smallest that BGP allows; write 3 or more seconds, or 0',
  ],
  [
    'hold-timers',
    'keepalive: 3',
    'keepalive: ▸4',
    'keepalive 4 of ams-r2 does not fit hold 9; write a whole number from 1 to 3',
  ],
  ['hold-timers', 'keepalive: 3', 'keepalive: ▸0', 'keepalive 0 of ams-r2 does not fit hold 9'],
  [
    'speaker-keepalive',
    '        keepalive: 3\n    servers:\n      ams-s1: {',
    '        keepalive: ▸2\n    servers:\n      ams-s1: { speaker: exabgp,',
    'ams-s1 speaks through ExaBGP, which cannot keep keepalive 2 of ams-r2; write 3, a third of the hold time',
  ],
  [
    'mixed-sessions',
    '        asn: 400100',
    '        asn: ▸400300',
    'ams-s1 (AS 400100) would speak iBGP to ams-r1 and eBGP to ams-r2',
  ],
  [
    'ttl-security',
    'hold: 9',
    'ttlSecurity: ▸true',
    'ttlSecurity of ams-r2 does not work on its iBGP session with ams-s1; leave it out',
  ],
  [
    'multihop',
    'ttlSecurity: true',
    'ttlSecurity: true, multihop: ▸4',
    'sjc-r1 has both multihop and ttlSecurity, which takes only packets that nobody has forwarded; leave one of them',
  ],
  [
    'multihop',
    'hold: 9',
    'multihop: ▸4',
    'multihop of ams-r2 means nothing on its iBGP session with ams-s1; leave it out',
  ],
  ['out-of-range', 'hold: 9', 'multihop: ▸1', '1 is out of range; write a whole number from 2 to 255'],
  ['out-of-range', 'hold: 9', 'maxPrefix: { v6: ▸0 }', '0 is out of range; write a whole number from 1 to 4294967295'],
];

const TUNNELS: readonly Case[] = [
  [
    'remote-inside-announced',
    'remote: 45.30.0.2',
    'remote: ▸45.21.0.9',
    "the remote 45.21.0.9 of acme's tunnel eu lies inside 45.21.0.0/24 of globex at fleet.yaml:51: a routing loop",
  ],
  ['remote-inside-announced', 'remote: 45.30.0.2', 'remote: ▸45.9.0.1', 'lies inside covering 45.9.0.0/24'],
  ['remote-is-ours', 'remote: 45.30.0.2', 'remote: ▸45.10.1.1', 'is router ams-r1 of our own'],
  [
    'repeated-remote',
    'remote: 45.31.0.1',
    'remote: ▸45.30.0.1',
    "remote 45.30.0.1 without a key is also that of acme's tunnel us at fleet.yaml:39; give each of the two tunnels a key",
  ],
  [
    'inner-network',
    'inner: 10.255.0.2/31',
    'inner: ▸10.255.0.9/29',
    '10.255.0.9/29 is no link between two ends; write it as /31 or /30',
  ],
  ['inner-network', 'inner: 10.255.0.2/31', 'inner: ▸10.255.0.4/30', '10.255.0.4/30 is not a host of 10.255.0.4/30'],
  [
    'inner-network',
    'inner: 10.255.0.2/31',
    'inner: 10.255.0.2/31, inner6: ▸"fd00::/64"',
    'fd00::/64 is not a host of fd00::/64',
  ],
  [
    'inner-network',
    'inner: 10.255.0.2/31',
    'inner: 10.255.0.2/31, inner6: ▸"fd00::1/120"',
    'write it as /127, /126 or /64',
  ],
  [
    'inner-overlap',
    'inner: 10.255.0.2/31',
    'inner: ▸10.255.0.1/31',
    '10.255.0.0/31 overlaps the inner network of tunnel us at fleet.yaml:39',
  ],
  [
    'mtu',
    'mtu: 1476',
    'mtu: ▸1477',
    "mtu 1477 of acme's tunnel us cannot work: with 24 bytes of IPv4 and GRE it exceeds the Internet's 1500; write 1280 to 1476, or leave it out for 1476",
  ],
  ['mtu', 'mtu: 1476', 'key: 7, mtu: ▸1476', 'with 28 bytes of IPv4 and GRE with its key'],
  ['mtu', 'mtu: 1476', 'mtu: ▸1279', 'IPv6 (2a10:20::/48 uses the tunnel) needs 1280'],
  ['mtu', 'inner: 10.255.0.2/31', 'inner: 10.255.0.2/31, mtu: ▸575', 'IPv4 needs 576'],
  [
    'unknown-tunnel',
    '"2a10:20::/48", tunnel: us',
    '"2a10:20::/48", tunnel: ▸uss',
    'acme has no tunnel "uss"; did you mean us?',
  ],
  ['unknown-tunnel', '"2a10:20::/48", tunnel: us', '"2a10:20::/48", tunnel: ▸frankfurt', 'write us or eu'],
  [
    'route-outside',
    'prefix: 45.20.4.128/25',
    'prefix: ▸45.21.0.0/24',
    "45.21.0.0/24 is not one of acme's prefixes, nor inside one; write 45.20.0.0/24, 2a10:20::/48 or 45.20.4.0/22",
  ],
  [
    'repeated-route',
    'tunnel: eu, weight: 3 }',
    'tunnel: eu, weight: 3 }\n      - ▸{ prefix: 45.20.4.128/25, tunnel: eu }',
    'the route 45.20.4.128/25 to eu is written already at fleet.yaml:44',
  ],
  [
    'unknown-scope',
    'tunnel: eu, weight: 3 }',
    'tunnel: eu, weight: 3, sites: [▸sjk] }',
    'the fleet has no site "sjk"; did you mean sjc?',
  ],
  [
    'unknown-scope',
    'tunnel: eu, weight: 3 }',
    'tunnel: eu, weight: 3, regions: [us, ▸mars] }',
    'the fleet has no region "mars"; write eu or us',
  ],
  [
    'empty',
    'tunnel: eu, weight: 3 }',
    'tunnel: eu, weight: 3, sites: ▸[] }',
    'routes[2].sites is an empty list; write a list such as [ams], or leave it out for everywhere',
  ],
  [
    'no-route',
    'prefix: 45.20.4.0/22, advertise: false',
    'prefix: ▸45.20.4.0/22, advertise: true',
    '45.20.4.0/22 is advertised and no route says which tunnel carries all of it; write { prefix: 45.20.4.0/22, tunnel: … } below routes of acme, or advertise: false',
  ],
  [
    'firewall-family',
    'source: 45.40.0.0/16',
    'source: [45.40.0.0/16, ▸"2a10:40::/32"]',
    '2a10:40::/32 is IPv6, and 45.40.0.0/16 makes rest an IPv4 rule; write one rule for each family',
  ],
  [
    'firewall-family',
    'source: 45.40.0.0/16',
    'source: ▸45.40.0.0/16, protocol: icmpv6',
    'protocol icmpv6 makes rest an IPv6 rule',
  ],
  [
    'firewall-ports',
    'protocol: tcp, ',
    'protocol: gre, ▸',
    'web has destinationPorts and protocol gre; only tcp and udp have ports',
  ],
  ['firewall-ports', 'protocol: tcp, ', '▸', 'web has destinationPorts and no protocol'],
];

const KERNEL: readonly Case[] = [
  [
    'mark',
    'mark: 0x77000000',
    'mark: ▸0x77000001',
    'mark 0x77000001 has bits outside mask 0xff000000: 0x00000001; write a mark inside the mask',
  ],
  ['mark', 'mark: 0x77000000', 'mark: ▸0', 'mark 0 is the mark of every unmarked packet'],
  ['mark', 'mask: 0xff000000', 'mask: ▸0', 'mask 0 matches every packet; write the bits that are ours'],
  ...[0, 253, 254, 255].map((table): Case => [
    'table',
    'kernel:',
    `kernel:\n  table: ▸${table}`,
    `table ${table} is one of the kernel's own; write a number`,
  ]),
  ...(
    [
      [4, 'static'],
      [5, 'x'],
      [11, 'zebra'],
      [12, 'bird'],
      [42, 'babel'],
      [186, 'bgp'],
      [187, 'isis'],
      [188, 'ospf'],
      [189, 'rip'],
      [192, 'eigrp'],
    ] as const
  )
    .filter(([number]) => number !== 5)
    .map(([number, name]): Case => [
      'protocol',
      'kernel:',
      `kernel:\n  protocol: ▸${number}`,
      `protocol ${number} belongs to ${name}; write a number of your own`,
    ]),
  ['out-of-range', 'kernel:', 'kernel:\n  rulePreference: ▸32766', 'write a whole number from 1 to 32765'],
];

const SYNTAX: readonly Case[] = [
  [
    'duplicate-key',
    'asn: 64513',
    'asn: 64513\n    ▸asn: 64514',
    'asn is already written at fleet.yaml:49; keep one of the two',
  ],
  ['duplicate-key', '  globex:', '  ▸acme:', 'acme is already written at fleet.yaml:32'],
  ['yaml-unsupported', 'kernel:', '▸__proto__: { a: 1 }\nkernel:', 'a key must be plain text'],
  ['yaml-unsupported', 'kernel:', '▸[a, b]: 1\nkernel:', 'a key must be plain text'],
  ['yaml-syntax', 'asn: 64513', 'asn: ▸!secret 64513', 'leave the tag out'],
  ['yaml-syntax', 'customers:', '▸---\ncustomers:', 'a second YAML document begins here; write one document per file'],
];

const ALL = [...SHAPE, ...NAMES, ...ADDRESSES, ...SESSIONS, ...TUNNELS, ...KERNEL, ...SYNTAX];

test('the sample itself is accepted without a warning', () => {
  const parsed = parseFleet([{ path: 'fleet.yaml', text: SAMPLE }], 'test');
  expect(parsed.ok ? parsed.warnings : parsed.issues).toEqual([]);
});

test.each(ALL)('%s: %j → %j', (code, from, to, printed) => {
  const { text, line, column } = edited(from, to);
  const issues = issuesOf(text);
  expect(issues.map((issue) => issue.code)).toEqual([code]);
  if (to.includes('▸')) expect(formatIssue(issues[0]!)).toMatch(`fleet.yaml:${line}:${column}: `);
  expect(formatIssue(issues[0]!)).toContain(printed);
});

describe('what one edit cannot show', () => {
  test('no file, an empty file, a file that holds a text', () => {
    expect(parseFleet([], 'test')).toMatchObject({ ok: false, issues: [{ code: 'no-file' }] });
    expect(issuesOf('').map(formatIssue)).toEqual([
      expect.stringContaining('fleet.yaml:1:1: provider is missing; write provider: with asn, endpoints'),
      expect.stringContaining('fleet.yaml:1:1: sites is missing'),
    ]);
    expect(issuesOf('hello').map(({ code }) => code)).toContain('wrong-type');
  });

  test('an empty map of sites, and a site without servers', () => {
    const sites = SAMPLE.slice(SAMPLE.indexOf('sites:'), SAMPLE.indexOf('customers:'));
    const codes = (to: string) => issuesOf(SAMPLE.replace(sites, to)).map(({ code, line }) => [code, line]);
    expect(codes('sites: {}\n')).toEqual([['empty', 13]]);
    expect(codes('sites:\n')).toEqual([['wrong-type', 13]]);
    expect(codes('sites:\n  ams:\n    region: eu\n    routers: {}\n    servers: {}\n')).toEqual([['empty', 17]]);
  });

  test('an empty map of customers is fine', () => {
    expect(issuesOf(`${SAMPLE.slice(0, SAMPLE.indexOf('customers:'))}customers: {}\n`)).toEqual([]);
  });

  test('an anchor inside itself, and nesting without end', () => {
    expect(issuesOf('provider: &a\n  asn: *a\n').map(({ code }) => code)).toContain('yaml-unsupported');
    expect(issuesOf(`a: ${'['.repeat(60)}${']'.repeat(60)}`).map(({ code }) => code)).toContain('yaml-unsupported');
    expect(issuesOf('['.repeat(100_000)).map(({ code }) => code)).toContain('yaml-syntax');
  });

  test('device names that meet', () => {
    // Found by search: both hash to the same six characters behind the same head.
    const meets = (text: string) =>
      issuesOf(text)
        .filter(({ code }) => code === 'device-collision')
        .map(formatIssue);
    const globex = SAMPLE.slice(SAMPLE.indexOf('  globex:'));
    const customers = SAMPLE.replace(
      globex,
      globex.replace('globex', 'customer-06rrc') + globex.replace('globex', 'customer-0ha0d'),
    );
    expect(meets(customers)).toEqual([
      'fleet.yaml:56:3: customer-0ha0d gets the device name cv-customyi0omz, as customer-06rrc at fleet.yaml:48 does; choose a name that differs in its first letters',
    ]);
    expect(
      meets(
        SAMPLE.replace('us: { remote: 45.30', 'tunnel-to-09tzx: { remote: 45.30').replace(
          'eu: { rem',
          'tunnel-to-0g1cd: { rem',
        ),
      ),
    ).toEqual([expect.stringContaining('fleet.yaml:40:7: tunnel-to-0g1cd gets the device name gre-tunnejxcsrd')]);
  });

  test('allowReserved permits documentation ranges, never what no router carries', () => {
    const lab = (from: string, to: string) =>
      issuesOf(`allowReserved: true\n${edited(from, to).text}`).map(({ code }) => code);
    expect(lab('- 45.9.0.0/24', '- 45.9.0.0/24\n    - 203.0.113.0/24')).toEqual([]);
    expect(lab('asn: 64513', 'asn: 64496')).toEqual([]);
    expect(lab('- 45.9.0.0/24', '- 45.9.0.0/24\n    - 0.0.0.0/0')).toEqual(['prefix-too-short']);
    expect(lab('- 45.9.0.0/24', '- 45.9.0.0/24\n    - 127.0.0.0/8')).toEqual(['unroutable-address']);
    expect(lab('asn: 64513', 'asn: 0')).toEqual(['bad-asn']);
  });

  test('warnings do not refuse', () => {
    const warned = (from: string, to: string) => {
      const parsed = parseFleet([{ path: 'fleet.yaml', text: edited(from, to).text }], 'test');
      return parsed.ok ? parsed.warnings.map(({ code, line }) => [code, line]) : parsed.issues;
    };
    expect(warned('      - { prefix: 45.20.4.128/25, tunnel: eu, weight: 3 }\n', '')).toEqual([['unused-tunnel', 40]]);
    const elsewhere = (scope: string): string => `{ prefix: 45.20.0.0/24, tunnel: us, priority: 100, ${scope} }`;
    const everywhere = '{ prefix: 45.20.0.0/24, tunnel: us, priority: 100 }';
    expect(warned(everywhere, elsewhere('sites: [ams]'))).toEqual([['routeless-site', 35]]);
    expect(warned(everywhere, elsewhere('regions: [us, eu]'))).toEqual([]);
    const [one, other] = [elsewhere('sites: [ams]'), elsewhere('regions: [us]')];
    expect(warned(everywhere, `${one}\n      - ${other}`)).toEqual([]);
    expect(warned(everywhere, `${one}\n      - ${elsewhere('regions: [eu]')}`)).toMatchObject([
      { code: 'repeated-route' },
    ]);
    expect(warned('hold: 9\n        keepalive: 3', 'hold: 0')).toEqual([['hold-zero', 21]]);
    expect(warned('v4: 45.10.2.11, v6: "2a10:10:2::11",', 'v4: 45.10.2.11,')).toEqual([['server-without-v6', 30]]);
  });

  test('one wrong value hides nothing else, and causes nothing else', () => {
    const text = [
      ['gre4: 45.9.0.1', 'gre4: 45.8.0.1'],
      ['prefix: 45.20.4.0/22', 'prefix: 45.20.5.0/22'],
      ['remote: 45.30.0.2', 'remote: nowhere'],
      ['remote: 45.31.0.1', 'remote: 45.20.0.7'],
      ['asn: 64513', 'asn: 65535'],
      ['name: rest', 'name: web, frobnicate: 1'],
      ['v6: 2a10:9::2', 'v6: nothing'],
    ].reduce((base, [from, to]) => edited(from!, to!, base).text, SAMPLE);
    expect(issuesOf(text).map(({ code, line }) => [code, line])).toEqual([
      ['outside-covering', 3],
      ['not-an-address', 9],
      ['host-bits', 37],
      ['not-an-address', 40],
      ['repeated-name', 47],
      ['unknown-key', 47],
      ['bad-asn', 49],
      ['remote-inside-announced', 53],
    ]);
  });

  test('entries after a wrong one keep their places', () => {
    const routes = [
      '      - { prefix: x, tunnel: us, wieght: 1 }',
      '      - { prefix: "2a10:20::/48", tunnel: us, wieght: 2 }',
      '      - { prefix: y, tunnel: us }',
      '      - { prefix: 45.21.0.0/24, tunnel: eu, wieght: 3 }',
      '      - { prefix: 45.20.0.0/24, tunnel: us }',
    ];
    const first =
      '      - { prefix: 45.20.0.0/24, tunnel: us, priority: 100 }\n      - { prefix: "2a10:20::/48", tunnel: us }';
    expect(issuesOf(edited(first, routes.join('\n')).text).map(({ code, line }) => [code, line])).toEqual([
      ['not-a-prefix', 42],
      ['unknown-key', 42],
      ['unknown-key', 43],
      ['not-a-prefix', 44],
      ['route-outside', 45],
      ['unknown-key', 45],
    ]);
  });

  test('a message is one line and moves no cursor', () => {
    const [issue] = issuesOf('"a\\nb\\e[2J": 1\n');
    expect(formatIssue(issue!)).not.toMatch(/[\n\u001b]/);
  });
});

test('every code has a case', () => {
  const elsewhere: readonly IssueCode[] = [
    'no-file',
    'empty',
    'defined-twice',
    'device-collision',
    'routeless-site',
    'unused-tunnel',
    'hold-zero',
    'server-without-v6',
    // checks.test.ts
    'not-a-url',
    'not-a-command',
    'check-timeout',
    'check-family',
    'check-way',
    'check-prefix',
    'unknown-router',
    // upstreams.test.ts
    'upstream',
    'router-id',
  ];
  expect(
    Object.keys(ISSUES).filter(
      (code) => !ALL.some(([tested]) => tested === code) && !elsewhere.includes(code as IssueCode),
    ),
  ).toEqual([]);
});
