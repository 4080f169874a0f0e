/** What GoBGP answers when it lists: encoded by the interface description, and attributes as RFC 4271 4.3 has them. */
import { fileURLToPath } from 'node:url';
import { familyOf, octetsOf } from '../../../src/model/address.js';
import type { Path, PathAttributes } from '../../../src/model/path.js';
import { loadInterface, messageType } from '../../../src/drivers/speaker/client.js';
import { readDestination, readSet } from '../../../src/drivers/speaker/gobgp/listed.js';
import type { ListedPath, ListedSet, WireDefinedSet } from '../../../src/drivers/speaker/gobgp/messages.js';

const definition = loadInterface(fileURLToPath(new URL('../../../protos/gobgp/v4.proto', import.meta.url)));
const pathMessage = messageType(definition, 'gobgp.ListPathResponse');
const setMessage = messageType(definition, 'gobgp.ListDefinedSetResponse');

const OPTIONAL = 0x80;
const TRANSITIVE = 0x40;
const EXTENDED_LENGTH = 0x10;

/** Longer ones than 255 octets have a length of two. */
export function attribute(flags: number, code: number, value: Uint8Array): Buffer {
  const head =
    value.length > 255
      ? [flags | EXTENDED_LENGTH, code, value.length >> 8, value.length & 255]
      : [flags, code, value.length];
  return Buffer.concat([Buffer.from(head), value]);
}

const numbers = (...list: readonly number[]): Buffer =>
  Buffer.from(list.flatMap((n) => [n >>> 24, n >>> 16, n >>> 8, n]));

const parts = (list: readonly string[]): readonly (readonly number[])[] =>
  list.map((text) => text.split(':').map(Number));

export const origin = (value: number): Buffer => attribute(TRANSITIVE, 1, Buffer.from([value]));
export const asPath = (type: number, asns: readonly number[]): Buffer =>
  attribute(TRANSITIVE, 2, Buffer.concat([Buffer.from([type, asns.length]), numbers(...asns)]));
export const nextHop = (octets: Uint8Array): Buffer => attribute(TRANSITIVE, 3, octets);
export const reach = (prefix: Buffer, ...hops: readonly Uint8Array[]): Buffer => {
  const hop = Buffer.concat(hops);
  return attribute(OPTIONAL, 14, Buffer.concat([Buffer.from([0, 2, 1, hop.length]), hop, Buffer.from([0]), prefix]));
};

/** In the order of their codes, as GoBGP lists them: MP_REACH_NLRI in place of an IPv6 next hop. */
export function attributesOf(attributes: PathAttributes): readonly Buffer[] {
  const { med, localPref, communities, largeCommunities } = attributes;
  const hop = octetsOf(attributes.nextHop);
  const isV6 = familyOf(attributes.nextHop) === 6;
  return [
    origin(0),
    attributes.asPath.length === 0 ? attribute(TRANSITIVE, 2, Buffer.alloc(0)) : asPath(2, attributes.asPath),
    ...(isV6 ? [] : [nextHop(hop)]),
    ...(med === undefined ? [] : [attribute(OPTIONAL, 4, numbers(med))]),
    ...(localPref === undefined ? [] : [attribute(TRANSITIVE, 5, numbers(localPref))]),
    ...(communities.length === 0
      ? []
      : [attribute(OPTIONAL | TRANSITIVE, 8, numbers(...parts(communities).map(([a = 0, b = 0]) => a * 65_536 + b)))]),
    ...(isV6 ? [reach(Buffer.from([8, 0x20]), hop)] : []),
    ...(largeCommunities.length === 0
      ? []
      : [attribute(OPTIONAL | TRANSITIVE, 32, numbers(...parts(largeCommunities).flat()))]),
  ];
}

interface Wire {
  readonly pattrs_binary?: readonly Buffer[];
  readonly family?: { readonly afi: number; readonly safi: number };
  readonly source_asn?: number;
  readonly source_id?: string;
  readonly identifier?: number;
  readonly nlri?: Buffer;
}

/** A path as it is read from its listing. */
export function listed({ prefix, attributes }: Path, changed: Wire = {}): ListedPath {
  const path = {
    pattrs_binary: attributesOf(attributes),
    family: { afi: familyOf(prefix) === 4 ? 1 : 2, safi: 1 },
    ...{ source_asn: 0, source_id: '<nil>', neighbor_ip: '<nil>', identifier: 0 },
    ...changed,
  };
  const destination = readDestination(pathMessage.serialize({ destination: { prefix, paths: [path] } }));
  if (destination?.prefix !== prefix || !destination.paths[0]) throw new Error(`${prefix} is not listed`);
  return destination.paths[0];
}

/** A set as it is read from its listing. */
export function listedSet(set: WireDefinedSet): ListedSet {
  const read = readSet(setMessage.serialize({ defined_set: set }));
  if (!read) throw new Error(`${set.name} is not listed`);
  return read;
}
