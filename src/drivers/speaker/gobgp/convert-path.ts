import {
  type Family,
  lengthOf,
  networkOf,
  parseAddress,
  parsePrefix,
  type Prefix,
  familyOf,
} from '../../../model/address.js';
import type { Address } from '../../../model/address.js';
import type { Community, LargeCommunity, Path, PathAttributes } from '../../../model/path.js';
import type { Attribute, AttributeName, Attributes, Codec, Encoded } from './codec.js';
import { familyFromWire, type ListedPath, wireFamily, type WirePath } from './messages.js';

const ORIGIN_IGP = 0;
/** RFC 4271 4.3. */
const AS_SEQUENCE = 2;

/** Paths that share their attributes share their encoding: three times faster on a full table. */
export type PathEncoder = (path: Path) => WirePath;

const nlriOf = (codec: Codec, prefix: Prefix): Encoded =>
  codec.encodePrefix({ prefix_len: lengthOf(prefix), prefix: networkOf(prefix) });

function communityNumber(community: Community): number {
  const [high = 0, low = 0] = community.split(':').map(Number);
  return high * 0x1_0000 + low;
}

function largeCommunityBody(community: LargeCommunity): Attributes['LargeCommunitiesAttribute']['communities'][number] {
  const [global_admin = 0, local_data1 = 0, local_data2 = 0] = community.split(':').map(Number);
  return { global_admin, local_data1, local_data2 };
}

/** A v6 next hop travels as a plain one too; GoBGP makes MP_REACH_NLRI (RFC 4760) of it and lists it as that. */
function attributesToWire(codec: Codec, attributes: PathAttributes): readonly Encoded[] {
  const { asPath, nextHop, med, localPref, communities, largeCommunities } = attributes;
  return [
    codec.encode('OriginAttribute', { origin: ORIGIN_IGP }),
    codec.encode('AsPathAttribute', {
      segments: asPath.length === 0 ? [] : [{ type: AS_SEQUENCE, numbers: asPath }],
    }),
    codec.encode('NextHopAttribute', { next_hop: nextHop }),
    ...(med === undefined ? [] : [codec.encode('MultiExitDiscAttribute', { med })]),
    ...(localPref === undefined ? [] : [codec.encode('LocalPrefAttribute', { local_pref: localPref })]),
    ...(communities.length === 0
      ? []
      : [codec.encode('CommunitiesAttribute', { communities: communities.map(communityNumber) })]),
    ...(largeCommunities.length === 0
      ? []
      : [codec.encode('LargeCommunitiesAttribute', { communities: largeCommunities.map(largeCommunityBody) })]),
  ];
}

/**
 * Encodes checked paths, remembering attributes for as long as the encoder
 * lives: make one per batch. Source and identifier stay unset: with them a
 * path would stand beside the plain one, and a plain delete would miss it.
 */
export function pathEncoder(codec: Codec): PathEncoder {
  const encoded = new Map<PathAttributes, readonly Encoded[]>();
  return ({ prefix, attributes }) => {
    const pattrs = encoded.get(attributes) ?? attributesToWire(codec, attributes);
    encoded.set(attributes, pattrs);
    return { nlri: nlriOf(codec, prefix), pattrs, family: wireFamily(familyOf(prefix)) };
  };
}

/** The withdrawal of whatever path of ours stands for this prefix; `is_withdraw` spares it its attributes. */
export const withdrawalToWire = (codec: Codec, prefix: Prefix): WirePath => ({
  nlri: nlriOf(codec, prefix),
  pattrs: [],
  family: wireFamily(familyOf(prefix)),
  is_withdraw: true,
});

/** The withdrawal of exactly this listed path, whoever made it. */
export const withdrawalOfListed = (listed: ListedPath, family: Family): WirePath => ({
  nlri: listed.nlri,
  pattrs: [],
  family: wireFamily(family),
  is_withdraw: true,
  ...(listed.source_asn === 0 ? {} : { source_asn: listed.source_asn }),
  ...(isUnset(listed.source_id) ? {} : { source_id: listed.source_id }),
  ...(listed.identifier === 0 ? {} : { identifier: listed.identifier }),
});

/** An absent address is printed as Go does: net.IP's way in GoBGP 3, netip.Addr's in 4. */
const isUnset = (text: string): boolean => text === '' || text === '<nil>' || text === 'invalid IP';

/** True for a path that came through the API, not from a peer. */
export const isLocal = (listed: ListedPath): boolean => isUnset(listed.neighbor_ip);

/** Why a listed path is not one of ours: thrown and caught in this file only. */
class Foreign extends Error {}

/** Far more than any server has sets of attributes. */
const MOST_SHARED = 4_096;

type Found = { readonly [N in AttributeName]?: Attributes[N] };

/** Decodes one attribute; those that many paths share are remembered. */
type Decode = (attribute: Encoded) => Attribute | undefined;

function decoder(codec: Codec): Decode {
  const decoded = new Map<string, Attribute | undefined>();
  return (attribute) => {
    const identity = attribute.toString('latin1');
    if (decoded.has(identity)) return decoded.get(identity);
    const found = readable('an attribute', () => codec.decode(attribute));
    if (decoded.size >= MOST_SHARED) decoded.clear();
    if (found?.name !== 'MpReachNLRIAttribute') decoded.set(identity, found);
    return found;
  };
}

function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Foreign(`${what} does not decode: ${String(error)}`);
  }
}

function decodeAttributes(codec: Codec, decode: Decode, pattrs: readonly Encoded[]): Found {
  const found: Partial<Record<AttributeName, unknown>> = {};
  for (const attribute of pattrs) {
    const decoded = decode(attribute);
    if (!decoded) throw new Foreign(`carries ${codec.describe(attribute)}`);
    if (found[decoded.name]) throw new Foreign(`carries ${decoded.name} twice`);
    found[decoded.name] = decoded.body;
  }
  // Each name was stored with the body that was decoded for it.
  return found as Found;
}

function prefixFromWire(codec: Codec, nlri: Encoded): Prefix {
  const decoded = readable('its NLRI', () => codec.decodePrefix(nlri));
  if (!decoded) throw new Foreign('is not a unicast prefix');
  const text = `${decoded.prefix}/${decoded.prefix_len}`;
  const prefix = parsePrefix(text);
  if (prefix === 'not-a-prefix' || prefix === 'host-bits') throw new Foreign(`${text}: ${prefix}`);
  return prefix;
}

function asPathFromWire(attribute: Attributes['AsPathAttribute'] | undefined): readonly number[] {
  const [segment, ...more] = attribute?.segments ?? [];
  if (!segment) return [];
  if (more.length > 0 || segment.type !== AS_SEQUENCE) throw new Foreign('its AS path is not one AS_SEQUENCE');
  return segment.numbers;
}

function nextHopFromWire({ NextHopAttribute: plain, MpReachNLRIAttribute: reach }: Found, family: Family): Address {
  const hops = [...(plain ? [plain.next_hop] : []), ...(reach?.next_hops ?? [])];
  const hop = parseAddress(hops[0] ?? '');
  if (hops.length !== 1 || !hop || familyOf(hop) !== family) {
    throw new Foreign(`its next hop is ${hops.join(' and ') || 'absent'}`);
  }
  return hop;
}

/** Numeric order. Communities on the wire are a set (RFC 1997), so order carries nothing. */
function sorted<T extends { readonly [index: number]: number }>(list: readonly T[], width: number): readonly T[] {
  return [...list].sort((a, b) => {
    for (let i = 0; i < width; i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
    return 0;
  });
}

function communitiesFromWire(attribute: Attributes['CommunitiesAttribute'] | undefined): readonly Community[] {
  return [...(attribute?.communities ?? [])]
    .sort((a, b) => a - b)
    .map((value): Community => `${value >>> 16}:${value & 0xffff}`);
}

function largeCommunitiesFromWire(
  attribute: Attributes['LargeCommunitiesAttribute'] | undefined,
): readonly LargeCommunity[] {
  const triples = (attribute?.communities ?? []).map(
    ({ global_admin, local_data1, local_data2 }): readonly [number, number, number] => [
      global_admin,
      local_data1,
      local_data2,
    ],
  );
  return sorted(triples, 3).map(([a, b, c]): LargeCommunity => `${a}:${b}:${c}`);
}

export type PathRead =
  | { readonly ours: true; readonly path: Path }
  /** `detail` completes "this path …". */
  | { readonly ours: false; readonly detail: string };

/**
 * Reads local paths back. Ours are exactly what `pathEncoder` can have
 * written, with the tag when one is given; everything else is foreign. Make
 * one for a daemon: paths with equal attributes share them, whenever they are
 * read.
 */
export function pathReader(codec: Codec, tag?: LargeCommunity): (listed: ListedPath) => PathRead {
  const decode = decoder(codec);
  const share = sharing<PathAttributes>();
  return (listed) => {
    try {
      const { prefix, attributes } = readPath(codec, decode, listed, tag);
      return { ours: true, path: { prefix, attributes: share(attributes) } };
    } catch (error) {
      if (!(error instanceof Foreign)) throw error;
      return { ours: false, detail: error.message };
    }
  };
}

/** Equal plain data as one object. */
function sharing<T>(): (item: T) => T {
  const items = new Map<string, T>();
  return (item) => {
    const text = JSON.stringify(item);
    const known = items.get(text) ?? item;
    if (items.size >= MOST_SHARED) items.clear();
    items.set(text, known);
    return known;
  };
}

function readPath(codec: Codec, decode: Decode, listed: ListedPath, tag: LargeCommunity | undefined): Path {
  const prefix = prefixFromWire(codec, listed.nlri);
  const family = familyOf(prefix);
  if (familyFromWire(listed.family) !== family) throw new Foreign('its family does not fit its prefix');
  if (listed.source_asn !== 0 || !isUnset(listed.source_id)) {
    throw new Foreign(`has the source AS ${listed.source_asn} ${listed.source_id}`);
  }
  if (listed.identifier !== 0) throw new Foreign(`has the path identifier ${listed.identifier}`);
  const attributes = decodeAttributes(codec, decode, listed.pattrs);
  const origin = attributes.OriginAttribute?.origin;
  if (origin !== ORIGIN_IGP) throw new Foreign(`has ORIGIN ${origin ?? 'absent'}, not IGP`);
  const largeCommunities = largeCommunitiesFromWire(attributes.LargeCommunitiesAttribute);
  if (tag !== undefined && !largeCommunities.includes(tag)) throw new Foreign(`lacks our large community ${tag}`);
  const { MultiExitDiscAttribute: exit, LocalPrefAttribute: preference } = attributes;
  return {
    prefix,
    attributes: {
      asPath: asPathFromWire(attributes.AsPathAttribute),
      nextHop: nextHopFromWire(attributes, family),
      ...(exit ? { med: exit.med } : {}),
      ...(preference ? { localPref: preference.local_pref } : {}),
      communities: communitiesFromWire(attributes.CommunitiesAttribute),
      largeCommunities,
    },
  };
}
