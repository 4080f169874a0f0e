/** What ExaBGP 4.2 tells its API process unasked: sessions that come and go, and each UPDATE as it goes out. */
import { type Address, parseAddress, parsePrefix, type Prefix } from '../../../model/address.js';
import { attributesText } from './attributes.js';

export type Event =
  | { readonly kind: 'up' | 'down'; readonly peer: Address }
  | {
      readonly kind: 'sent';
      readonly peer: Address;
      /** With their attributes, as `attributesText`. */
      readonly announced: readonly (readonly [Prefix, string])[];
      readonly withdrawn: readonly Prefix[];
    }
  /** Nothing that says anything about paths or sessions. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unreadable' };

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);

const FAMILIES = ['ipv4 unicast', 'ipv6 unicast'] as const;
const NOTHING: Event = { kind: 'nothing' };
const UNREADABLE: Event = { kind: 'unreadable' };

export function readEvent(line: string): Event {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return UNREADABLE;
  }
  const { type, neighbor: told } = objectOf(json);
  const neighbor = objectOf(told);
  const peer = parseAddress(String(objectOf(neighbor.address).peer));
  if (type !== 'state' && type !== 'update') return NOTHING;
  if (peer === undefined) return UNREADABLE;
  if (type === 'state') {
    const { state } = neighbor;
    return state === 'up' || state === 'down' ? { kind: state, peer } : NOTHING;
  }
  if (neighbor.direction !== 'send') return NOTHING;
  return readUpdate(peer, objectOf(objectOf(neighbor.message).update));
}

function readUpdate(peer: Address, update: Json): Event {
  const announced: (readonly [Prefix, string])[] = [];
  const withdrawn: Prefix[] = [];
  const attributes = objectOf(update.attribute);
  for (const family of FAMILIES) {
    for (const [nextHop, routes] of Object.entries(objectOf(objectOf(update.announce)[family]))) {
      const text = wireText(nextHop, attributes);
      for (const prefix of prefixesOf(routes)) announced.push([prefix, text]);
    }
    withdrawn.push(...prefixesOf(objectOf(update.withdraw)[family]));
  }
  return { kind: 'sent', peer, announced, withdrawn };
}

function prefixesOf(routes: unknown): readonly Prefix[] {
  return listOf(routes).flatMap((route) => {
    const parsed = parsePrefix(String(objectOf(route).nlri));
    return parsed === 'not-a-prefix' || parsed === 'host-bits' ? [] : [parsed];
  });
}

const numbersOf = (value: unknown): readonly number[] => listOf(value).map(Number);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const communitiesOf = (value: unknown): readonly string[] => listOf(value).map((one) => numbersOf(one).join(':'));

const wireText = (nextHop: string, attributes: Json): string =>
  attributesText({
    nextHop,
    origin: String(attributes.origin),
    asPath: numbersOf(attributes['as-path']),
    med: numberOf(attributes.med),
    localPref: numberOf(attributes['local-preference']),
    communities: communitiesOf(attributes.community),
    largeCommunities: communitiesOf(attributes['large-community']),
  });
