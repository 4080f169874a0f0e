/**
 * IP addresses and prefixes as canonical text.
 *
 * Text is the one form that every boundary shares (YAML, ip(8), nft, gRPC,
 * JSON), and canonical text can be compared with `===`. IPv6 follows
 * RFC 5952; IPv4 is strict dotted quad without leading zeros, because
 * `010.0.0.1` means 8.0.0.1 to some parsers and 10.0.0.1 to others.
 */
import { isCanonicalV4, networkNumber, readGroups } from './address-numbers.js';

declare const addressBrand: unique symbol;
declare const prefixBrand: unique symbol;

/** A canonical IPv4 or IPv6 address without a length or zone. */
export type Address = string & { readonly [addressBrand]: true };
/** A canonical prefix `address/length` without host bits. */
export type Prefix = string & { readonly [prefixBrand]: true };
export type Family = 4 | 6;

interface Parsed {
  readonly family: Family;
  readonly value: bigint;
}

/** Number of bits of an address: 32 or 128. */
export const bitsOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    const octet = OCTETS.get(part);
    if (octet === undefined) return undefined;
    value = value * 256 + octet;
  }
  return BigInt(value);
}

/** Every octet by its only spelling. */
const OCTETS: ReadonlyMap<string, number> = new Map(Array.from({ length: 256 }, (_, octet) => [String(octet), octet]));

function parseGroups(text: string): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  for (const [index, group] of text.split(':').entries()) {
    if (group.includes('.')) {
      const v4 = parseV4(group);
      if (v4 === undefined || index !== text.split(':').length - 1) return undefined;
      groups.push(v4 >> 16n, v4 & 0xffffn);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
      groups.push(BigInt(`0x${group}`));
    }
  }
  return groups;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (!head || !tail) return undefined;
  if (halves.length === 2 && (halves[0] ?? '').includes('.')) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

function parse(text: string): Parsed | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return { family: 4, value: v4 };
  const v6 = text.includes(':') ? parseV6(text) : undefined;
  return v6 === undefined ? undefined : { family: 6, value: v6 };
}

function format(family: Family, value: bigint): Address {
  if (family === 4) {
    const bits = Number(value);
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}` as Address;
  }
  const groups = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i)) & 0xffffn);
  if (groups.slice(0, 5).every((g) => g === 0n) && groups[5] === 0xffffn) {
    return `::ffff:${format(4, value & 0xffffffffn)}` as Address;
  }
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0n) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((g) => g.toString(16));
  if (best.length < 2) return hex.join(':') as Address;
  const head = hex.slice(0, best.start).join(':');
  const tail = hex.slice(best.start + best.length).join(':');
  return `${head}::${tail}` as Address;
}

/** Parses an address strictly; `undefined` when it is not one. Zones (`%eth0`) are refused. */
export function parseAddress(text: string): Address | undefined {
  const parsed = parse(text);
  return parsed && format(parsed.family, parsed.value);
}

export type PrefixProblem = 'not-a-prefix' | 'host-bits';

/** Parses `address/length` strictly. Host bits are a problem of their own, so that the remedy can be named. */
export function parsePrefix(text: string): Prefix | PrefixProblem {
  if (isCanonicalV4(text)) return text as Prefix;
  const interfaceAddress = parseInterface(text);
  if (!interfaceAddress) return 'not-a-prefix';
  return interfaceAddress.network === `${interfaceAddress.address}/${interfaceAddress.length}`
    ? interfaceAddress.network
    : 'host-bits';
}

/** An address on a link: `10.255.0.0/31` is address 10.255.0.0 in network 10.255.0.0/31. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly length: number;
  readonly network: Prefix;
}

/** Parses `address/length`, host bits allowed; `undefined` when it is not one. */
export function parseInterface(text: string): InterfaceAddress | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const parsed = match && parse(match[1] ?? '');
  if (!match || !parsed) return undefined;
  const length = Number(match[2]);
  if (length > bitsOf(parsed.family)) return undefined;
  const address = format(parsed.family, parsed.value);
  return { address, length, network: prefixOf(address, length) };
}

/** For literals that are known to be good (constants, tests). Throws on anything else. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed) throw new TypeError(`not an IP address: ${JSON.stringify(text)}`);
  return parsed;
}

/** For literals that are known to be good (constants, tests). Throws on anything else. */
export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === 'not-a-prefix' || parsed === 'host-bits') {
    throw new TypeError(`${parsed}: ${JSON.stringify(text)}`);
  }
  return parsed;
}

/** The family of an address or prefix. */
export const familyOf = (text: Address | Prefix): Family => (text.includes(':') ? 6 : 4);

/** The number after the slash. */
export const lengthOf = (p: Prefix): number => Number(p.slice(p.indexOf('/') + 1));

/** The network address of a prefix. */
export const networkOf = (p: Prefix): Address => p.slice(0, p.indexOf('/')) as Address;

const addressIn = (a: Address | Prefix): Address => (a.includes('/') ? networkOf(a as Prefix) : (a as Address));

function valueOf(a: Address): bigint {
  const parsed = parse(a);
  if (!parsed) throw new TypeError(`not an IP address: ${JSON.stringify(a)}`);
  return parsed.value;
}

function maskOf(family: Family, length: number): bigint {
  const bits = BigInt(bitsOf(family));
  return ((1n << BigInt(length)) - 1n) << (bits - BigInt(length));
}

/** The prefix of `length` bits that holds `a`; host bits are cleared. */
export function prefixOf(a: Address, length: number): Prefix {
  const family = familyOf(a);
  return `${format(family, valueOf(a) & maskOf(family, length))}/${length}` as Prefix;
}

interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

/** First and last address of a prefix as numbers, for those who reason about ranges. */
export function rangeOf(p: Prefix): Range {
  const first = valueOf(networkOf(p));
  return { first, last: first + (1n << BigInt(bitsOf(familyOf(p)) - lengthOf(p))) - 1n };
}

/** `192.0.2.1` → `192.0.2.1/32`. */
export const hostPrefix = (a: Address): Prefix => `${a}/${bitsOf(familyOf(a))}` as Prefix;

/** True when `outer` holds all of `inner` (equal prefixes included). */
export function contains(outer: Prefix, inner: Prefix | Address): boolean {
  const family = familyOf(outer);
  if (family !== familyOf(inner)) return false;
  const length = lengthOf(outer);
  if (inner.includes('/') && lengthOf(inner as Prefix) < length) return false;
  if (family === 4) {
    const distance = networkNumber(inner) - networkNumber(outer);
    return distance >= 0 && distance < 2 ** (32 - length);
  }
  const { first, last } = rangeOf(outer);
  const value = valueOf(addressIn(inner));
  return first <= value && value <= last;
}

/** True when the two share at least one address. */
export const overlaps = (a: Prefix, b: Prefix): boolean => a === b || contains(a, b) || contains(b, a);

/** The 4 or 16 octets of an address, or a prefix's, in network order, as they stand in packets. */
export function octetsOf(a: Address | Prefix): Uint8Array {
  if (familyOf(a) === 4) return quad(networkNumber(a));
  if (readGroups(a, LEFT))
    return Uint8Array.from({ length: 16 }, (_, i) => (LEFT[i >> 1] ?? 0) >>> (i % 2 === 0 ? 8 : 0));
  const value = valueOf(addressIn(a));
  return Uint8Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * (15 - i))) & 255n));
}

const quad = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);

/** The address that 4 or 16 octets in network order stand for; `undefined` for any other number of them. */
export function addressFromOctets(octets: Uint8Array): Address | undefined {
  if (octets.length === 4) return octets.join('.') as Address;
  if (octets.length !== 16) return undefined;
  return format(
    6,
    octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n),
  );
}

/**
 * The other end of a point-to-point link: the second address of a /31 or /127
 * (RFC 3021, RFC 6164), or the other host of a /30 or /126. `undefined` for
 * longer networks, where there is no single other end.
 */
export function otherEnd(link: InterfaceAddress): Address | undefined {
  const family = familyOf(link.address);
  const network = valueOf(networkOf(link.network));
  const own = valueOf(link.address) - network;
  switch (bitsOf(family) - link.length) {
    case 1:
      return format(family, network + (1n - own));
    case 2:
      return own === 1n || own === 2n ? format(family, network + (3n - own)) : undefined;
    default:
      return undefined;
  }
}

const [LEFT, RIGHT] = [new Uint16Array(8), new Uint16Array(8)];

function compareNetwork(family: Family, a: Prefix, b: Prefix): number {
  if (family === 4) return networkNumber(a) - networkNumber(b);
  if (readGroups(a, LEFT) && readGroups(b, RIGHT)) {
    for (let group = 0; group < 8; group++) {
      const difference = (LEFT[group] ?? 0) - (RIGHT[group] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
  const [x, y] = [rangeOf(a).first, rangeOf(b).first];
  return x === y ? 0 : x < y ? -1 : 1;
}

/** Where an IPv4 prefix stands in the order of `comparePrefix`, as a number below 2^38; `undefined` for IPv6. */
export const rankV4 = (p: Prefix): number | undefined =>
  familyOf(p) === 4 ? networkNumber(p) * 64 + lengthOf(p) : undefined;

/** Orders by family, then address, then length: the order in which every listing is printed. */
export function comparePrefix(a: Prefix, b: Prefix): number {
  const family = familyOf(a);
  return family - familyOf(b) || compareNetwork(family, a, b) || lengthOf(a) - lengthOf(b);
}
