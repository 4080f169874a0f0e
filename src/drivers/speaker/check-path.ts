/** The last look at a path before it goes to the daemon, which does not look: it takes `""/0` for a default route. */
import {
  type Address,
  type Family,
  familyOf,
  lengthOf,
  parseAddress,
  parsePrefix,
  type Prefix,
} from '../../model/address.js';
import type { Path, PathAttributes } from '../../model/path.js';
import { SpeakerError } from '../../ports/speaker.js';

/** Shortest and longest prefix that may be announced. Beyond /24 and /48 nobody listens; above /8 and /16 it is a mistake. */
const LENGTHS: Readonly<Record<Family, readonly [number, number]>> = { 4: [8, 24], 6: [16, 48] };

/** 0 (RFC 7607), AS_TRANS (RFC 6793) and the last of 16 and 32 bit (RFC 7300) are no autonomous systems. */
const NO_ASN: readonly number[] = [0, 23_456, 65_535, 4_294_967_295];

/** Longer than any path of ours can become, prepends included. */
const MAX_AS_PATH = 64;
/** What a BGP message of 4,096 bytes has room for, with a wide margin. */
const MAX_COMMUNITIES = 100;

const invalid = (what: string, problem: string): SpeakerError => new SpeakerError('invalid', `${what}: ${problem}`);
const isUint = (value: number, bits: 16 | 32): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** bits;

/**
 * The range that no customer has and no next hop lies in, if it is one:
 * "this network", loopback, link-local, multicast and reserved (RFC 6890),
 * and what RFC 4291 2.4 sets aside, mapped addresses among it. Told by the
 * first bits alone, as a full table passes through here.
 */
function reservedRange(canonical: Address | Prefix): string | undefined {
  if (familyOf(canonical) === 4) {
    const first = Number.parseInt(canonical, 10);
    if (first === 0 || first === 127) return `${first}.0.0.0/8`;
    if (canonical.startsWith('169.254.')) return '169.254.0.0/16';
    return first >= 224 ? '224.0.0.0/3' : undefined;
  }
  const first = canonical.startsWith('::') ? 0 : Number.parseInt(canonical, 16);
  if (first < 0x100) return '::/8';
  if ((first & 0xffc0) === 0xfe80) return 'fe80::/10';
  return first >= 0xff00 ? 'ff00::/8' : undefined;
}

/** Throws `SpeakerError` `invalid` unless the prefix may be announced or allowed at all. */
export function checkPrefix(prefix: Prefix): void {
  const parsed = parsePrefix(prefix);
  if (parsed === 'not-a-prefix') throw invalid(JSON.stringify(prefix), 'not a prefix');
  if (parsed === 'host-bits') throw invalid(prefix, 'has bits set beyond its length');
  if (parsed !== prefix) throw invalid(prefix, `not written canonically, that is ${parsed}`);
  const [shortest, longest] = LENGTHS[familyOf(prefix)];
  const length = lengthOf(prefix);
  if (length < shortest || length > longest) {
    throw invalid(prefix, `its length is not within /${shortest} and /${longest}`);
  }
  const reserved = reservedRange(prefix);
  if (reserved !== undefined) throw invalid(prefix, `inside ${reserved}, which is never announced`);
}

/** Throws `SpeakerError` `invalid` unless it is the canonical text of an address that another machine can be reached at. */
export function checkUnicast(what: string, given: Address): void {
  if (parseAddress(given) !== given) throw invalid(what, `${JSON.stringify(given)} is not a canonical address`);
  if (reservedRange(given) !== undefined) {
    throw invalid(what, `${given} is not a unicast address that others can reach`);
  }
}

function checkCommunity(prefix: Prefix, kind: string, text: string, parts: 2 | 3, bits: 16 | 32): void {
  const values = text.split(':');
  const fine = values.length === parts && values.every((v) => /^(0|[1-9]\d{0,9})$/.test(v) && isUint(Number(v), bits));
  if (!fine) throw invalid(prefix, `${JSON.stringify(text)} is not a ${kind} (${parts} numbers of ${bits} bit)`);
}

function checkList(prefix: Prefix, kind: string, list: readonly string[]): void {
  if (list.length > MAX_COMMUNITIES) throw invalid(prefix, `more than ${MAX_COMMUNITIES} of ${kind}`);
  if (new Set(list).size !== list.length) throw invalid(prefix, `a ${kind} is named twice`);
}

function checkAsPath(prefix: Prefix, asPath: readonly number[]): void {
  if (asPath.length > MAX_AS_PATH) throw invalid(prefix, `an AS path longer than ${MAX_AS_PATH}`);
  const wrong = asPath.find((asn) => !isUint(asn, 32) || NO_ASN.includes(asn));
  if (wrong !== undefined) throw invalid(prefix, `${wrong} in the AS path is not an ASN`);
}

function checkAttributes(prefix: Prefix, attributes: PathAttributes): void {
  const { nextHop, asPath, med, localPref, communities, largeCommunities } = attributes;
  checkUnicast(`${prefix}: next hop`, nextHop);
  checkAsPath(prefix, asPath);
  if (med !== undefined && !isUint(med, 32)) throw invalid(prefix, `MED ${med} is not of 32 bit`);
  if (localPref !== undefined && !isUint(localPref, 32)) {
    throw invalid(prefix, `LOCAL_PREF ${localPref} is not of 32 bit`);
  }
  checkList(prefix, 'community', communities);
  checkList(prefix, 'large community', largeCommunities);
  for (const community of communities) checkCommunity(prefix, 'community', community, 2, 16);
  for (const community of largeCommunities) checkCommunity(prefix, 'large community', community, 3, 32);
}

/**
 * Throws `SpeakerError` `invalid`, naming prefix and problem, unless all of
 * every path may go on the wire. Attributes that paths share are looked at
 * once.
 */
export function checkPaths(paths: readonly Path[]): void {
  const checked = new Set<PathAttributes>();
  for (const { prefix, attributes } of paths) {
    checkPrefix(prefix);
    if (familyOf(attributes.nextHop) !== familyOf(prefix)) {
      throw invalid(prefix, `next hop ${attributes.nextHop} is of the other address family`);
    }
    if (checked.has(attributes)) continue;
    checkAttributes(prefix, attributes);
    checked.add(attributes);
  }
}
