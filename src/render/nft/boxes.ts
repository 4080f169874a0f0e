/**
 * A firewall rule as a set of boxes: products of one interval for each field
 * that the rule names. Boxes are what nft's concatenated interval maps hold.
 */
import { rangeOf, type Family, type Prefix } from '../../model/address.js';
import type { FirewallRule, PortRange, Protocol } from '../../model/fleet.js';
import { outermost } from './prefixes.js';
import { addressText } from '../address-text.js';

/** In the order in which they stand in a concatenation. */
export const FIELDS = ['source', 'destination', 'protocol', 'sourcePort', 'destinationPort'] as const;
export type Field = (typeof FIELDS)[number];

/** Closed at both ends. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
  /** As an element of an nft set. */
  readonly text: string;
}

/** Fields that are absent match everything. */
export type Box = { readonly [F in Field]?: Interval };

/** Numbers of https://www.iana.org/assignments/protocol-numbers. Numbers because names need /etc/protocols. */
const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58, gre: 47, esp: 50 } as const;

const TCP_AND_UDP = [PROTOCOL_NUMBERS.tcp, PROTOCOL_NUMBERS.udp];

/** Protocols whose header begins with two 16-bit ports: TCP, UDP, DCCP (RFC 4340), SCTP (RFC 9260), UDP-Lite (RFC 3828). */
const WITH_PORTS = new Set([6, 17, 33, 132, 136]);

const numberOf = (protocol: Protocol): number => (typeof protocol === 'number' ? protocol : PROTOCOL_NUMBERS[protocol]);

/**
 * What the rule matches in one family. The boxes do not overlap each other;
 * there are none when nothing of this family can match: prefixes of the other
 * family only, or ports of a protocol that has none. A rule with ports and no
 * protocol speaks of TCP and UDP. Only a packet that carries ports can match
 * ports; fragments after the first carry none.
 */
export function boxesOf(rule: FirewallRule, family: Family): readonly Box[] {
  let boxes: readonly Box[] = [{}];
  for (const field of FIELDS) {
    const intervals = intervalsOf(rule, field, family);
    if (intervals) boxes = boxes.flatMap((box) => intervals.map((interval) => ({ ...box, [field]: interval })));
  }
  return boxes;
}

/** The fields that a box constrains, in order. */
export const fieldsOf = (box: Box): readonly Field[] => FIELDS.filter((field) => box[field] !== undefined);

function intervalsOf(rule: FirewallRule, field: Field, family: Family): readonly Interval[] | undefined {
  switch (field) {
    case 'source':
      return rule.source && outermost(rule.source, family).map(addressInterval);
    case 'destination':
      return rule.destination && outermost(rule.destination, family).map(addressInterval);
    case 'protocol':
      return protocolsOf(rule)?.map((number) => interval(number, number));
    case 'sourcePort':
      return rule.sourcePorts && disjoint(rule.sourcePorts);
    case 'destinationPort':
      return rule.destinationPorts && disjoint(rule.destinationPorts);
  }
}

function protocolsOf(rule: FirewallRule): readonly number[] | undefined {
  const named = rule.protocol === undefined ? undefined : [numberOf(rule.protocol)];
  if (!rule.sourcePorts && !rule.destinationPorts) return named;
  return (named ?? TCP_AND_UDP).filter((number) => WITH_PORTS.has(number));
}

const addressInterval = (prefix: Prefix): Interval => ({ ...rangeOf(prefix), text: addressText(prefix) });

const interval = (first: number, last: number): Interval => ({
  first: BigInt(first),
  last: BigInt(last),
  text: first === last ? `${first}` : `${first}-${last}`,
});

/** The same ports, in order, with ranges that touch or overlap made one. */
function disjoint(ranges: readonly PortRange[]): readonly Interval[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged.map(([from, to]) => interval(from, to));
}
