/** What a complete list about prefixes says differently than the one before it: nearly always a few items, of very many. */
import type { Prefix } from './address.js';
import { placesApart, withItems } from './edited.js';
import { placeFor } from './in-order.js';
import { arrayOf, type List } from './list.js';
import { same } from './same.js';

interface Named {
  readonly prefix: Prefix;
}

/** The items that are new; `undefined` where the two do not name the same prefixes in the same order. */
export function changedIn<T extends Named>(next: List<T>, before: List<T> | undefined): readonly T[] | undefined {
  const places = before && placesChanged(next, before);
  if (!places) return undefined;
  const changed: T[] = [];
  for (const place of places) {
    const [item, last] = [next.at(place), before.at(place)];
    if (item === undefined || item.prefix !== last?.prefix) return undefined;
    if (!same(item, last)) changed.push(item);
  }
  return changed;
}

/**
 * The list with these items in the places of their prefixes, which they come
 * in the order of; `undefined` when one of them has none. The rest stay the
 * same objects.
 */
export function withChanges<T extends Named>(list: List<T>, changed: readonly T[]): List<T> | undefined {
  if (changed.length === 0) return list;
  if (changed.length === list.length)
    return changed.every(({ prefix }, at) => prefix === list.at(at)?.prefix) ? changed : undefined;
  const items = new Map<number, T>();
  let from = 0;
  for (const item of changed) {
    const place = placeFrom(from, item.prefix, list.length, (at) => list.at(at)?.prefix);
    if (place === undefined) return undefined;
    items.set(place, item);
    from = place + 1;
  }
  return withItems(list, items);
}

/**
 * Where a prefix stands among `length`, not before `from`; `undefined` when it
 * does not. By halving where they are in the order of `comparePrefix`, as
 * nearly always; by a walk where they are not.
 */
export function placeFrom(
  from: number,
  prefix: Prefix,
  length: number,
  prefixAt: (place: number) => Prefix | undefined,
): number | undefined {
  if (prefixAt(from) === prefix) return from;
  const halved = placeFor(prefix, length, prefixAt);
  if (halved >= from && prefixAt(halved) === prefix) return halved;
  for (let place = from; place < length; place++) if (prefixAt(place) === prefix) return place;
  return undefined;
}

/** The places at which two lists have another object; `undefined` where they are not equally long. */
export function placesChanged(next: List<Named>, before: List<Named>): readonly number[] | undefined {
  if (next.length !== before.length) return undefined;
  const known = placesApart(next, before);
  if (known) return known.filter((place) => next.at(place) !== before.at(place)).sort((a, b) => a - b);
  const [nexts, befores] = [arrayOf(next), arrayOf(before)];
  const places: number[] = [];
  for (let place = 0; place < nexts.length; place++) if (nexts[place] !== befores[place]) places.push(place);
  return places;
}
