/** Prefixes and path attributes as they stand in an UPDATE (RFC 4271 4.3). */
import { lengthOf, octetsOf, type Prefix } from '../../../model/address.js';
import type { PathAttributes } from '../../../model/path.js';

export const ORIGIN_IGP = 0;
export const AS_SEQUENCE = 2;

/** Flags: RFC 4271 4.3. */
const [OPTIONAL, TRANSITIVE, EXTENDED_LENGTH] = [0x80, 0x40, 0x10];

/** How many octets a prefix takes: one for its length in bits, and as many as that needs. */
export const prefixSize = (prefix: Prefix): number => 1 + Math.ceil(lengthOf(prefix) / 8);

/** Writes a prefix into bytes that have room for it. */
export function writePrefix(prefix: Prefix, into: Uint8Array, at: number): void {
  const octets = octetsOf(prefix);
  const size = prefixSize(prefix);
  into[at] = lengthOf(prefix);
  for (let octet = 1; octet < size; octet++) into[at + octet] = octets[octet - 1] ?? 0;
}

/**
 * By ascending type code: RFC 4271 5.1, RFC 1997, RFC 8092. An IPv6 next hop
 * stands in NEXT_HOP too: GoBGP makes MP_REACH_NLRI (RFC 4760) of it, and
 * lists it as that.
 */
export function attributeOctets(attributes: PathAttributes): readonly Buffer[] {
  const { asPath, nextHop, med, localPref, communities, largeCommunities } = attributes;
  // AS numbers of four octets (RFC 6793): GoBGP takes them where they can be.
  const segments = asPath.length === 0 ? [] : [Buffer.from([AS_SEQUENCE, asPath.length]), numbers(4, asPath)];
  return [
    attribute(TRANSITIVE, 1, Buffer.from([ORIGIN_IGP])),
    attribute(TRANSITIVE, 2, Buffer.concat(segments)),
    attribute(TRANSITIVE, 3, octetsOf(nextHop)),
    ...(med === undefined ? [] : [attribute(OPTIONAL, 4, numbers(4, [med]))]),
    ...(localPref === undefined ? [] : [attribute(TRANSITIVE, 5, numbers(4, [localPref]))]),
    ...(communities.length === 0 ? [] : [attribute(OPTIONAL | TRANSITIVE, 8, numbers(2, parts(communities)))]),
    ...(largeCommunities.length === 0
      ? []
      : [attribute(OPTIONAL | TRANSITIVE, 32, numbers(4, parts(largeCommunities)))]),
  ];
}

function attribute(flags: number, code: number, value: Uint8Array): Buffer {
  const isLong = value.length > 255;
  const length = numbers(isLong ? 2 : 1, [value.length]);
  return Buffer.concat([Buffer.from([flags | (isLong ? EXTENDED_LENGTH : 0), code]), length, value]);
}

/** Each in `octets` octets, the highest first. */
function numbers(octets: 1 | 2 | 4, list: readonly number[]): Buffer {
  const bytes = Buffer.alloc(octets * list.length);
  for (const [index, number] of list.entries()) bytes.writeUIntBE(number, index * octets, octets);
  return bytes;
}

const parts = (communities: readonly string[]): readonly number[] =>
  communities.flatMap((community) => community.split(':').map(Number));
