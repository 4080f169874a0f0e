import fc from 'fast-check';
import {
  contains,
  familyOf,
  prefix,
  prefixOf,
  rangeOf,
  type Address,
  type Family,
  type Prefix,
} from '../../src/model/address.js';
import { address } from '../../src/model/address.js';
import type { FirewallRule, PortRange, Protocol } from '../../src/model/fleet.js';
import type { Field } from '../../src/render/nft/boxes.js';
import { groupRules, type RuleGroup } from '../../src/render/nft/groups.js';
import { rule } from './firewall-fleet.js';

interface Packet {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** Absent in fragments after the first, and in protocols without ports. */
  readonly ports?: readonly [source: number, destination: number];
}

const NUMBERS: Record<string, number> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58, gre: 47, esp: 50 };

/** What the fleet file promises, word for word: first match decides, absent fields match everything. */
function firstMatch(rules: readonly FirewallRule[], packet: Packet): string | undefined {
  const inAny = (prefixes: readonly Prefix[], a: Address): boolean => prefixes.some((p) => contains(p, a));
  const within = (ranges: readonly PortRange[], port: number): boolean =>
    ranges.some(([from, to]) => from <= port && port <= to);
  const matches = (r: FirewallRule): boolean => {
    if (r.source && !inAny(r.source, packet.source)) return false;
    if (r.destination && !inAny(r.destination, packet.destination)) return false;
    if (r.protocol !== undefined && (NUMBERS[r.protocol] ?? r.protocol) !== packet.protocol) return false;
    if (!r.sourcePorts && !r.destinationPorts) return true;
    if (!packet.ports || (r.protocol === undefined && packet.protocol !== 6 && packet.protocol !== 17)) return false;
    const [from, to] = packet.ports;
    return (!r.sourcePorts || within(r.sourcePorts, from)) && (!r.destinationPorts || within(r.destinationPorts, to));
  };
  return rules.find(matches)?.name;
}

/** What nft does with the groups: one lookup each, in order; a key that the packet lacks ends the rule. */
function look(groups: readonly RuleGroup[], packet: Packet): string | undefined {
  const value = (field: Field): bigint | undefined => {
    switch (field) {
      case 'source':
        return numberOf(packet.source);
      case 'destination':
        return numberOf(packet.destination);
      case 'protocol':
        return BigInt(packet.protocol);
      case 'sourcePort':
        return packet.ports && BigInt(packet.ports[0]);
      case 'destinationPort':
        return packet.ports && BigInt(packet.ports[1]);
    }
  };
  for (const { fields, entries } of groups) {
    const found = entries.filter(({ box }) =>
      fields.every((field) => {
        const [at, interval] = [value(field), box[field]];
        return at !== undefined && interval !== undefined && interval.first <= at && at <= interval.last;
      }),
    );
    if (found.length > 1) throw new Error(`${found.length} entries of one map match`);
    if (found[0]) return found[0].rule;
  }
  return undefined;
}

const numberOf = (a: Address): bigint => rangeOf(prefixOf(a, familyOf(a) === 4 ? 32 : 128)).first;

/** Few addresses and ports, so that random rules meet. */
const addressIn = (family: Family): fc.Arbitrary<Address> =>
  fc.integer({ min: 0, max: 15 }).map((n) => address(family === 4 ? `10.0.0.${n}` : `2001:db8::${n.toString(16)}`));

const prefixIn = (family: Family): fc.Arbitrary<Prefix> =>
  fc
    .tuple(addressIn(family), fc.constantFrom(0, 28, 29, 30, 31, 32))
    .map(([a, length]) => prefixOf(a, family === 4 ? length : length && length + 96));

const port = fc.integer({ min: 0, max: 9 });
const portRange = fc.tuple(port, port).map(([a, b]): PortRange => (a < b ? [a, b] : [b, a]));
const protocol = fc.constantFrom<Protocol>('tcp', 'udp', 'icmp', 'gre', 132);
const prefixes = fc.array(fc.oneof(prefixIn(4), prefixIn(6)), { minLength: 1, maxLength: 3 });
const portRanges = fc.array(portRange, { minLength: 1, maxLength: 3 });

const rules: fc.Arbitrary<readonly FirewallRule[]> = fc
  .array(
    fc.record(
      { source: prefixes, destination: prefixes, protocol, sourcePorts: portRanges, destinationPorts: portRanges },
      { requiredKeys: [] },
    ),
    { maxLength: 12 },
  )
  .map((matches) => matches.map((match, index) => rule(`r${index}`, 'drop', match)));

const packetOf = (family: Family): fc.Arbitrary<Packet> =>
  fc
    .tuple(addressIn(family), addressIn(family), fc.constantFrom(1, 6, 17, 47, 132), fc.tuple(port, port), fc.boolean())
    .map(([source, destination, number, ports, fragment]) => ({
      source,
      destination,
      protocol: number,
      ...([6, 17, 132].includes(number) && !fragment && { ports }),
    }));

describe('groups', () => {
  test.each<Family>([4, 6])('decide as the first matching rule would, IPv%d', (family) => {
    const sample = fc.array(packetOf(family), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(rules, sample, (list, packets) => {
        const groups = groupRules(list, family);
        for (const packet of packets) expect(look(groups, packet)).toBe(firstMatch(list, packet));
      }),
      { numRuns: 150 },
    );
  });

  const host = (n: number): Prefix => prefix(`10.${n >> 8}.${n & 255}.1/32`);
  const net = (n: number): Prefix => prefix(`10.${n >> 8}.${n & 255}.0/24`);

  test('a thousand sources are one lookup', () => {
    const drops = Array.from({ length: 1000 }, (_, n) => rule(`d${n}`, 'drop', { source: [host(n)] }));
    expect(groupRules(drops, 4).map(({ entries }) => entries.length)).toEqual([1000]);
  });

  test('a hole in each of a thousand drops makes two lookups, not two thousand', () => {
    const pairs = Array.from({ length: 1000 }, (_, n) => [
      rule(`p${n}`, 'permit', { source: [host(n)] }),
      rule(`d${n}`, 'drop', { source: [net(n)] }),
    ]);
    expect(groupRules(pairs.flat(), 4).map(({ entries }) => entries.length)).toEqual([1000, 1000]);
  });

  test('rules over different fields alternate without a lookup each, as long as they cannot meet', () => {
    const pairs = Array.from({ length: 100 }, (_, n) => [
      rule(`a${n}`, 'drop', { source: [host(n)] }),
      rule(`b${n}`, 'drop', { source: [host(n + 500)], protocol: 'udp', destinationPorts: [[53, 53]] }),
    ]);
    expect(groupRules(pairs.flat(), 4)).toHaveLength(2);
  });

  test('order is kept where rules meet', () => {
    const list = [
      rule('one', 'permit', { source: [net(0)] }),
      rule('udp', 'drop', { protocol: 'udp' }),
      rule('two', 'drop', { source: [net(1)] }),
    ];
    expect(groupRules(list, 4).map(({ entries }) => entries.map((entry) => entry.rule))).toEqual([
      ['one'],
      ['udp'],
      ['two'],
    ]);
  });

  test.each<[string, Partial<FirewallRule>]>([
    ['prefixes of the other family', { source: [prefix('2001:db8::/32')] }],
    ['source and destination of different families', { source: [net(1)], destination: [prefix('2001:db8::/32')] }],
    ['ports of a protocol that has none', { protocol: 'icmp', destinationPorts: [[0, 80]] }],
  ])('%s match nothing', (_, match) => expect(groupRules([rule('r', 'drop', match)], 4)).toEqual([]));

  test('lists that overlap in themselves become disjoint', () => {
    const list = rule('r', 'drop', {
      source: [prefix('10.0.0.0/24'), prefix('10.0.0.7/32'), prefix('10.0.0.0/24')],
      protocol: 'tcp',
      destinationPorts: [
        [80, 90],
        [85, 99],
        [100, 100],
        [443, 443],
      ],
    });
    const [group] = groupRules([list], 4);
    expect(group?.entries.map(({ box }) => group.fields.map((field) => box[field]?.text).join(' '))).toEqual([
      '10.0.0.0/24 6 80-100',
      '10.0.0.0/24 6 443',
    ]);
  });
});
