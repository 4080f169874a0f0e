/** The last look at a path before it goes to the daemon, which does not look: it takes `""/0` for a default route. */
import {
  type Address,
  address,
  contains,
  type Family,
  familyOf,
  lengthOf,
  parseAddress,
  parsePrefix,
  type Prefix,
  prefix as literal,
} from '../../model/address.js';
import type { Path } from '../../model/path.js';
import { SpeakerError } from '../../ports/speaker.js';

/** Shortest and longest prefix that may be announced. Beyond /24 and /48 nobody listens; above /8 and /16 it is a mistake. */
const LENGTHS: Readonly<Record<Family, readonly [number, number]>> = { 4: [8, 24], 6: [16, 48] };

/** "This network", loopback, link-local, multicast and reserved: no customer has these (RFC 6890, RFC 4291 2.4). */
const NEVER = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/8', 'fe80::/10', 'ff00::/8'].map(
  literal,
);

/** 0 (RFC 7607), AS_TRANS (RFC 6793) and the last of 16 and 32 bit (RFC 7300) are no autonomous systems. */
const NO_ASN: readonly number[] = [0, 23_456, 65_535, 4_294_967_295];

/** Longer than any path of ours can become, prepends included. */
const MAX_AS_PATH = 64;
/** What a BGP message of 4,096 bytes has room for, with a wide margin. */
const MAX_COMMUNITIES = 100;

const MAPPED = literal('::ffff:0.0.0.0/96');
const UNSPECIFIED = [address('0.0.0.0'), address('::')];

const invalid = (what: string, problem: string): SpeakerError => new SpeakerError('invalid', `${what}: ${problem}`);
const isUint = (value: number, bits: 16 | 32): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** bits;

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
  const reserved = NEVER.find((range) => contains(range, prefix));
  if (reserved !== undefined) throw invalid(prefix, `inside ${reserved}, which is never announced`);
}

/** Throws `SpeakerError` `invalid` unless it is the canonical text of an address that another machine can be reached at. */
export function checkUnicast(what: string, given: Address): void {
  if (parseAddress(given) !== given) throw invalid(what, `${JSON.stringify(given)} is not a canonical address`);
  const unreachable = UNSPECIFIED.includes(given) || contains(MAPPED, given) || NEVER.some((r) => contains(r, given));
  if (unreachable) throw invalid(what, `${given} is not a unicast address that others can reach`);
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

/** Throws `SpeakerError` `invalid`, naming prefix and problem, unless all of the path may go on the wire. */
export function checkPath(path: Path): void {
  const { prefix } = path;
  checkPrefix(prefix);
  checkUnicast(`${prefix}: next hop`, path.nextHop);
  if (familyOf(path.nextHop) !== familyOf(prefix)) {
    throw invalid(prefix, `next hop ${path.nextHop} is of the other address family`);
  }
  checkAsPath(prefix, path.asPath);
  if (path.med !== undefined && !isUint(path.med, 32)) throw invalid(prefix, `MED ${path.med} is not of 32 bit`);
  if (path.localPref !== undefined && !isUint(path.localPref, 32)) {
    throw invalid(prefix, `LOCAL_PREF ${path.localPref} is not of 32 bit`);
  }
  checkList(prefix, 'community', path.communities);
  checkList(prefix, 'large community', path.largeCommunities);
  for (const community of path.communities) checkCommunity(prefix, 'community', community, 2, 16);
  for (const community of path.largeCommunities) checkCommunity(prefix, 'large community', community, 3, 32);
}
