import {
  type Address,
  type Family,
  familyOf,
  lengthOf,
  networkOf,
  parsePrefix,
  type Prefix,
} from '../../../model/address.js';
import type { Community, LargeCommunity, Path, PathAttributes } from '../../../model/path.js';
import { type Attributes as Found, readAttributes } from './attributes.js';
import type { Attributes, Codec, Encoded } from './codec.js';
import { attributesIn } from './listed.js';
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

function prefixFromWire(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === 'not-a-prefix' || prefix === 'host-bits') throw new Foreign(`${text || 'nothing'}: ${prefix}`);
  return prefix;
}

function decodeAttributes(listed: ListedPath): Partial<Found> {
  try {
    return readAttributes(attributesIn(listed));
  } catch (error) {
    throw new Foreign(error instanceof Error ? error.message : String(error));
  }
}

function asPathFromWire([segment, ...more]: Found['AS_PATH'] = []): readonly number[] {
  if (!segment) return [];
  if (more.length > 0 || segment.type !== AS_SEQUENCE) throw new Foreign('its AS path is not one AS_SEQUENCE');
  return segment.numbers;
}

function nextHopFromWire({ NEXT_HOP = [], MP_REACH_NLRI = [] }: Partial<Found>, family: Family): Address {
  const [hop, ...more] = [...NEXT_HOP, ...MP_REACH_NLRI];
  if (hop === undefined || more.length > 0 || familyOf(hop) !== family) {
    throw new Foreign(`its next hop is ${hop === undefined ? 'absent' : [hop, ...more].join(' and ')}`);
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

const communitiesFromWire = (numbers: Found['COMMUNITIES'] = []): readonly Community[] =>
  [...numbers].sort((a, b) => a - b).map((value): Community => `${value >>> 16}:${value & 0xffff}`);

const largeCommunitiesFromWire = (triples: Found['LARGE_COMMUNITY'] = []): readonly LargeCommunity[] =>
  sorted(triples, 3).map(([a, b, c]): LargeCommunity => `${a}:${b}:${c}`);

export type PathRead =
  | { readonly ours: true; readonly path: Path }
  /** `detail` completes "this path …". */
  | { readonly ours: false; readonly detail: string };

/**
 * Reads local paths back. Ours are exactly what `pathEncoder` can have
 * written; everything else is foreign. Make one for a daemon: paths with equal attributes share them, whenever they are
 * read, and attributes that come again byte for byte are not decoded again.
 * Throws for a path that is listed without its attributes: that is no answer.
 */
export function pathReader(): (prefix: string, listed: ListedPath) => PathRead {
  const byBytes = new Shared<PathAttributes>();
  const byContent = new Shared<PathAttributes>();
  const attributesOf = (family: Family, listed: ListedPath): PathAttributes =>
    // Each of them stands there with its length: no others read the same.
    byBytes.get(`${family} ${listed.attributes}`, () => {
      const read = attributesFromWire(decodeAttributes(listed), family);
      return byContent.get(JSON.stringify(read), () => read);
    });
  return (text, listed) => {
    if (listed.attributes === '') throw new TypeError(`${text} is listed without its attributes`);
    try {
      const prefix = prefixFromWire(text);
      const family = familyOf(prefix);
      requirePlain(listed, family);
      return { ours: true, path: { prefix, attributes: attributesOf(family, listed) } };
    } catch (error) {
      if (!(error instanceof Foreign)) throw error;
      return { ours: false, detail: error.message };
    }
  };
}

/** Why a path that could be ours is not: it does not bear the tag that was asked for. `undefined` when it does. */
export const strangerTo = (tag: LargeCommunity | undefined, { attributes }: Path): string | undefined =>
  tag === undefined || attributes.largeCommunities.includes(tag) ? undefined : `lacks our large community ${tag}`;

/** Far more than any server has sets of attributes. MP_REACH_NLRI holds the prefix, so that no two are alike in their bytes. */
const MOST_SHARED = 4_096;

/** Items by what identifies them; forgotten all together when they are too many. */
class Shared<T> {
  private readonly items = new Map<string, T>();

  get(identity: string, make: () => T): T {
    const known = this.items.get(identity);
    if (known !== undefined) return known;
    const item = make();
    if (this.items.size >= MOST_SHARED) this.items.clear();
    this.items.set(identity, item);
    return item;
  }
}

/** A path that stands where a plain delete finds it. */
function requirePlain(listed: ListedPath, family: Family): void {
  if (familyFromWire(listed.family) !== family) throw new Foreign('its family does not fit its prefix');
  if (listed.source_asn !== 0 || !isUnset(listed.source_id)) {
    throw new Foreign(`has the source AS ${listed.source_asn} ${listed.source_id}`);
  }
  if (listed.identifier !== 0) throw new Foreign(`has the path identifier ${listed.identifier}`);
}

function attributesFromWire(found: Partial<Found>, family: Family): PathAttributes {
  const { ORIGIN: origin, MULTI_EXIT_DISC: med, LOCAL_PREF: localPref } = found;
  if (origin !== ORIGIN_IGP) throw new Foreign(`has ORIGIN ${origin ?? 'absent'}, not IGP`);
  return {
    asPath: asPathFromWire(found.AS_PATH),
    nextHop: nextHopFromWire(found, family),
    ...(med === undefined ? {} : { med }),
    ...(localPref === undefined ? {} : { localPref }),
    communities: communitiesFromWire(found.COMMUNITIES),
    largeCommunities: largeCommunitiesFromWire(found.LARGE_COMMUNITY),
  };
}
