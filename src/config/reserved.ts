/** Addresses and AS numbers that are not for the Internet: the IANA special-purpose registries. */
import { familyOf, hostPrefix, overlaps, prefix, type Address, type Prefix } from '../model/address.js';

/**
 * `reserved`: works on a private network, never on the Internet.
 * `link-local`: only on one link. `unroutable`: never routed anywhere.
 */
export type SpecialKind = 'reserved' | 'link-local' | 'unroutable';

export interface SpecialPurpose {
  readonly prefix: Prefix;
  readonly kind: SpecialKind;
  /** What it is for, with its document. */
  readonly use: string;
}

const special = (kind: SpecialKind, entries: Readonly<Record<string, string>>): readonly SpecialPurpose[] =>
  Object.entries(entries).map(([text, use]) => ({ prefix: prefix(text), kind, use }));

/** RFC 6890 and its successors in the registries; 2000::/3 is all of IPv6 that has been given out (RFC 4291 2.4). */
const SPECIAL_PURPOSE: readonly SpecialPurpose[] = [
  ...special('unroutable', {
    '0.0.0.0/8': 'this network, RFC 791',
    '127.0.0.0/8': 'loopback, RFC 1122',
    '224.0.0.0/4': 'multicast, RFC 5771',
    '255.255.255.255/32': 'limited broadcast, RFC 919',
    '::/127': 'unspecified and loopback, RFC 4291',
    '::ffff:0.0.0.0/96': 'IPv4-mapped, RFC 4291',
    'ff00::/8': 'multicast, RFC 4291',
  }),
  ...special('link-local', {
    '169.254.0.0/16': 'link-local, RFC 3927',
    'fe80::/10': 'link-local, RFC 4291',
  }),
  ...special('reserved', {
    '10.0.0.0/8': 'private, RFC 1918',
    '100.64.0.0/10': 'shared address space, RFC 6598',
    '172.16.0.0/12': 'private, RFC 1918',
    '192.0.0.0/24': 'IETF protocol assignments, RFC 6890',
    '192.0.2.0/24': 'documentation, RFC 5737',
    '192.31.196.0/24': 'AS112, RFC 7535',
    '192.52.193.0/24': 'AMT, RFC 7450',
    '192.88.99.0/24': '6to4 relay anycast, RFC 7526',
    '192.168.0.0/16': 'private, RFC 1918',
    '192.175.48.0/24': 'AS112, RFC 7534',
    '198.18.0.0/15': 'benchmarking, RFC 2544',
    '198.51.100.0/24': 'documentation, RFC 5737',
    '203.0.113.0/24': 'documentation, RFC 5737',
    '240.0.0.0/4': 'reserved, RFC 1112',
    '::/3': 'not given out, RFC 4291',
    '2001::/23': 'IETF protocol assignments, RFC 2928',
    '2001:db8::/32': 'documentation, RFC 3849',
    '2002::/16': '6to4, RFC 3056',
    '2620:4f:8000::/48': 'AS112, RFC 7534',
    '3fff::/20': 'documentation, RFC 9637',
    '4000::/2': 'not given out, RFC 4291',
    '8000::/2': 'not given out, RFC 4291',
    'c000::/3': 'not given out, RFC 4291',
    'e000::/4': 'not given out, RFC 4291',
    'f000::/5': 'not given out, RFC 4291',
    'f800::/6': 'not given out, RFC 4291',
    'fc00::/7': 'unique local, RFC 4193',
    'fe00::/9': 'not given out, RFC 4291',
    'fec0::/10': 'site-local, RFC 3879',
  }),
];

/** The special-purpose range that the prefix or address touches: the strictest kind first. */
export function specialPurposeOf(subject: Prefix | Address): SpecialPurpose | undefined {
  const range = subject.includes('/') ? (subject as Prefix) : hostPrefix(subject as Address);
  const family = familyOf(range);
  return SPECIAL_PURPOSE.find((entry) => familyOf(entry.prefix) === family && overlaps(entry.prefix, range));
}

/** `never`: no one may use it. `private` and `reserved`: not on the Internet. */
export type AsnKind = 'never' | 'private' | 'reserved';

const ASN_RANGES: readonly {
  readonly from: number;
  readonly to: number;
  readonly kind: AsnKind;
  readonly use: string;
}[] = [
  { from: 0, to: 0, kind: 'never', use: 'AS 0, RFC 7607' },
  { from: 23_456, to: 23_456, kind: 'never', use: 'AS_TRANS, RFC 6793' },
  { from: 64_496, to: 64_511, kind: 'reserved', use: 'documentation, RFC 5398' },
  { from: 64_512, to: 65_534, kind: 'private', use: 'private, RFC 6996' },
  { from: 65_535, to: 65_535, kind: 'never', use: 'last 16-bit AS number, RFC 7300' },
  { from: 65_536, to: 65_551, kind: 'reserved', use: 'documentation, RFC 5398' },
  { from: 65_552, to: 131_071, kind: 'reserved', use: 'reserved by IANA' },
  { from: 4_200_000_000, to: 4_294_967_294, kind: 'private', use: 'private, RFC 6996' },
  { from: 4_294_967_295, to: 4_294_967_295, kind: 'never', use: 'last 32-bit AS number, RFC 7300' },
];

/** What an AS number is set aside for; `undefined` for ordinary ones. */
export const specialAsn = (asn: number): { readonly kind: AsnKind; readonly use: string } | undefined =>
  ASN_RANGES.find(({ from, to }) => asn >= from && asn <= to);
