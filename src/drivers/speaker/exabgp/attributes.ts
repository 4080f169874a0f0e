/**
 * A path's attributes in ExaBGP's own words: in the order and the form in
 * which `show adj-rib out extensive` prints them, and which its API reads as
 * well. So what was given and what is held compare as text.
 */
import { parseAddress, type Prefix } from '../../../model/address.js';
import type { Community, LargeCommunity, Path, PathAttributes } from '../../../model/path.js';

/** The two ends of a session: equal AS numbers make it internal. */
export interface Ends {
  readonly localAsn: number;
  readonly asn: number;
}

/** RFC 1997, 3765, 7999: printed by name. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  '65535:666': 'blackhole',
  '65535:65281': 'no-export',
  '65535:65282': 'no-advertise',
  '65535:65283': 'no-export-subconfed',
  '65535:65284': 'no-peer',
};
const BY_NAME: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(WELL_KNOWN).map(([number, name]) => [name, number]),
);

/** RFC 4271 5.1.5 wants one on internal sessions; this is what every implementation takes for none. */
const DEFAULT_LOCAL_PREF = 100;

/** What the attributes are on the wire of one session. */
export interface WireAttributes {
  readonly nextHop: string;
  readonly origin: string;
  readonly asPath: readonly number[];
  readonly med?: number | undefined;
  readonly localPref?: number | undefined;
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
}

/** The session's own: ExaBGP prepends nothing to a path that it was given, and leaves LOCAL_PREF to us. */
export function towards(attributes: PathAttributes, { localAsn, asn }: Ends): WireAttributes {
  const internal = localAsn === asn;
  const { asPath, localPref = DEFAULT_LOCAL_PREF } = attributes;
  return {
    ...attributes,
    origin: 'igp',
    asPath: internal ? asPath : [localAsn, ...asPath],
    localPref: internal ? localPref : undefined,
  };
}

const numerically = (a: string, b: string): number => {
  const [x, y] = [a.split(':').map(Number), b.split(':').map(Number)];
  const first = x.findIndex((part, index) => part !== y[index]);
  return first < 0 ? 0 : (x[first] ?? 0) - (y[first] ?? 0);
};

function listText(name: string, values: readonly string[]): string {
  if (values.length === 0) return '';
  const sorted = [...values].sort(numerically).map((value) => WELL_KNOWN[value] ?? value);
  return sorted.length === 1 ? ` ${name} ${sorted[0] ?? ''}` : ` ${name} [ ${sorted.join(' ')} ]`;
}

export function attributesText(wire: WireAttributes): string {
  return [
    `next-hop ${wire.nextHop} origin ${wire.origin}`,
    wire.asPath.length === 0 ? '' : ` as-path [ ${wire.asPath.join(' ')} ]`,
    wire.med === undefined ? '' : ` med ${wire.med}`,
    wire.localPref === undefined ? '' : ` local-preference ${wire.localPref}`,
    listText('community', wire.communities),
    listText('large-community', wire.largeCommunities),
  ].join('');
}

const LIST = String.raw`(\[[^\]]*\]|\S+)`;
const TEXT = new RegExp(
  String.raw`^next-hop (\S+) origin igp(?: as-path \[ ((?:\d+ )*)\])?(?: med (\d+))?(?: local-preference (\d+))?` +
    `(?: community ${LIST})?(?: large-community ${LIST})?$`,
);
const COMMUNITY = /^\d+:\d+$/;
const LARGE = /^\d+:\d+:\d+$/;

const wordsOf = (list = ''): readonly string[] => list.split(/[[\]\s]+/).filter((word) => word !== '');

/** The path behind what an Adj-RIB-Out holds; `undefined` when none of ours reads like this. */
export function readPath(prefix: Prefix, text: string, { localAsn, asn }: Ends): Path | undefined {
  const [whole, hop = '', path = '', med, localPref, communities, large] = TEXT.exec(text) ?? [];
  const nextHop = parseAddress(hop);
  if (whole === undefined || nextHop === undefined) return undefined;
  const asPath = path.split(' ').filter(Boolean).map(Number);
  if (localAsn !== asn && asPath.shift() !== localAsn) return undefined;
  const plain = wordsOf(communities).map((word) => BY_NAME[word] ?? word);
  const wide = wordsOf(large);
  if (!plain.every((word) => COMMUNITY.test(word)) || !wide.every((word) => LARGE.test(word))) return undefined;
  return {
    prefix,
    attributes: {
      nextHop,
      asPath,
      ...(med === undefined ? {} : { med: Number(med) }),
      // The default says as much as none.
      ...(localPref === undefined || Number(localPref) === DEFAULT_LOCAL_PREF ? {} : { localPref: Number(localPref) }),
      communities: [...plain].sort() as Community[],
      largeCommunities: [...wide].sort() as LargeCommunity[],
    },
  };
}
