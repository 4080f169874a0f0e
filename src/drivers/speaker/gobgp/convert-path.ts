import { type Address, type Family, familyOf, parsePrefix, type Prefix } from '../../../model/address.js';
import type { Community, LargeCommunity, Path, PathAttributes } from '../../../model/path.js';
import { type Attributes as Found, readAttributes } from './attributes.js';
import { contentField, contentTag, numberField } from './fields.js';
import { attributesIn } from './listed.js';
import { familyFromWire, type ListedPath, wireFamily } from './messages.js';
import { AS_SEQUENCE, attributeOctets, ORIGIN_IGP, prefixSize, writePrefix } from './octets.js';

/** Paths that share their attributes share their encoding. */
export type PathEncoder = (path: Path) => Buffer;

// Field numbers of a Path: `protos/gobgp/messages.proto`.
const [NLRI, IS_WITHDRAW, FAMILY, SOURCE_ASN, SOURCE_ID, IDENTIFIER] = [1, 5, 9, 10, 11, 18];
const [NLRI_BINARY, PATTRS_BINARY] = [20, 21];

const NLRI_TAG = contentTag(NLRI_BINARY);

/** A path to a prefix, with fields that it shares with others. */
function pathTo(prefix: Prefix, shared: Buffer): Buffer {
  const size = prefixSize(prefix);
  const start = NLRI_TAG.length + 1;
  const bytes = Buffer.allocUnsafe(start + size + shared.length);
  bytes.set(NLRI_TAG);
  bytes[NLRI_TAG.length] = size;
  writePrefix(prefix, bytes, start);
  bytes.set(shared, start + size);
  return bytes;
}

const familyField = (family: Family): Buffer => {
  const { afi, safi } = wireFamily(family);
  return contentField(FAMILY, Buffer.concat([numberField(1, afi), numberField(2, safi)]));
};

/**
 * Encodes checked paths, remembering attributes for as long as the encoder
 * lives: make one per batch. NLRI and attributes are written as they stand in
 * an UPDATE, which GoBGP decodes much faster than its other form. Source and
 * identifier stay unset: with them a path would stand beside the plain one,
 * and a plain delete would miss it.
 */
export function pathEncoder(): PathEncoder {
  const encoded = new Map<PathAttributes, Buffer>();
  return ({ prefix, attributes }) => {
    let shared = encoded.get(attributes);
    if (!shared) {
      const fields = attributeOctets(attributes).map((each) => contentField(PATTRS_BINARY, each));
      shared = Buffer.concat([familyField(familyOf(prefix)), ...fields]);
      encoded.set(attributes, shared);
    }
    return pathTo(prefix, shared);
  };
}

const WITHDRAWN: Readonly<Record<Family, Buffer>> = {
  4: Buffer.concat([familyField(4), numberField(IS_WITHDRAW, 1)]),
  6: Buffer.concat([familyField(6), numberField(IS_WITHDRAW, 1)]),
};

/** The withdrawal of whatever path of ours stands for this prefix; `is_withdraw` spares it its attributes. */
export const withdrawalToWire = (prefix: Prefix): Buffer => pathTo(prefix, WITHDRAWN[familyOf(prefix)]);

/** The withdrawal of exactly this listed path, whoever made it. */
export const withdrawalOfListed = (listed: ListedPath, family: Family): Buffer =>
  Buffer.concat([
    contentField(NLRI, listed.nlri),
    WITHDRAWN[family],
    ...(listed.source_asn === 0 ? [] : [numberField(SOURCE_ASN, listed.source_asn)]),
    ...(isUnset(listed.source_id) ? [] : [contentField(SOURCE_ID, Buffer.from(listed.source_id))]),
    ...(listed.identifier === 0 ? [] : [numberField(IDENTIFIER, listed.identifier)]),
  ]);

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
