/** Lists in the order of `comparePrefix`: where a prefix stands in them, found by halving. */
import { comparePrefix, type Prefix, rankV4 } from './address.js';
import type { List } from './list.js';
import type { Named } from './said-list.js';

/** A new list of these items in the order of `comparePrefix`: of very many in half the time that a plain sort takes. */
export function inOrder<T>(items: readonly T[], prefixOf: (item: T) => Prefix): readonly T[] {
  const ranks = new Float64Array(items.length);
  for (let place = 0; place < items.length; place++) ranks[place] = rankV4(prefixOf(items[place] as T)) ?? UNRANKED;
  const order = (a: number, b: number): number =>
    // Between two without a rank the difference is not a number.
    (ranks[a] ?? 0) - (ranks[b] ?? 0) || comparePrefix(prefixOf(items[a] as T), prefixOf(items[b] as T));
  return [...items.keys()].sort(order).map((place) => items[place] as T);
}

/** Nothing of IPv6 has a rank, and all of IPv4 comes before it. */
const UNRANKED = Number.POSITIVE_INFINITY;

/** True for prefixes that stand in the order of `comparePrefix`, each of them once. */
export const isInOrder = (prefixes: readonly Prefix[]): boolean =>
  prefixes.every((prefix, at) => at === 0 || comparePrefix(prefixes[at - 1] ?? prefix, prefix) < 0);

/** The item of a prefix in a list that is in the order of `comparePrefix`. */
export function itemOf<T extends Named>(prefix: Prefix, list: List<T>): T | undefined {
  const item = list.at(placeFor(prefix, list.length, (at) => list.at(at)?.prefix));
  return item?.prefix === prefix ? item : undefined;
}

/** Where a prefix stands in a list that is in the order of `comparePrefix`; `undefined` when it does not. */
export function placeOf(p: Prefix, list: readonly Prefix[]): number | undefined {
  const place = placeFor(p, list.length, (at) => list[at]);
  return list[place] === p ? place : undefined;
}

/** Where prefixes stand in a list that is in the order of `comparePrefix`: quick where they are asked for in that order too. */
export function placesIn(list: readonly Prefix[]): (p: Prefix) => number | undefined {
  let next = 0;
  return (p) => {
    const place = list[next] === p ? next : placeOf(p, list);
    if (place !== undefined) next = place + 1;
    return place;
  };
}

/**
 * Where each prefix stands among others, -1 where it does not: quick where
 * both are in one order, whatever either has alone.
 */
export function placesOf(prefixes: readonly Prefix[], among: readonly Prefix[]): Int32Array {
  const places = new Int32Array(prefixes.length).fill(-1);
  let next = 0;
  for (let at = 0; at < prefixes.length; at++) if (among[next] === prefixes[at]) places[at] = next++;
  if (next === among.length) return places;
  // Something is out of the common order, or not among the prefixes.
  const index = new Map(among.map((prefix, place) => [prefix, place]));
  return places.map((_, at) => index.get(prefixes[at] ?? NONE) ?? -1);
}

const NONE = '' as Prefix;

/** Where a prefix belongs among `length` others that are in the order of `comparePrefix`. */
export function placeFor(p: Prefix, length: number, at: (place: number) => Prefix | undefined): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = at(middle);
    if (other !== undefined && comparePrefix(other, p) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
