/** What a complete list about prefixes says differently than the one before it: nearly always a few items, of very many. */
import type { Prefix } from './address.js';
import { placesApart, withItems } from './edited.js';
import { placeFor } from './in-order.js';
import type { List } from './list.js';
import { isSaidList, type Named, prefixIn } from './said-list.js';
import { same } from './same.js';

/** The items that are new; `undefined` where the two do not name the same prefixes in the same order. */
export function changedIn<T extends Named>(next: List<T>, before: List<T> | undefined): readonly T[] | undefined {
  const places = before && placesChanged(next, before);
  if (!places) return undefined;
  const isSame = comparison(next, before);
  const changed: T[] = [];
  for (const place of places) {
    if (prefixIn(next, place) !== prefixIn(before, place)) return undefined;
    const item = isSame(place) ? undefined : next.at(place);
    if (item) changed.push(item);
  }
  return changed;
}

/** Whether two lists say the same in a place. What is said by neighbours in one object is looked at once. */
function comparison(next: List<Named>, before: List<Named>): (place: number) => boolean {
  if (!isSaidList(next) || !isSaidList(before)) return (place) => same(next.at(place), before.at(place));
  let last: { readonly a: unknown; readonly b: unknown; readonly isSame: boolean } | undefined;
  return (place) => {
    const [a, b] = [next.said.at(place), before.said.at(place)];
    if (!last || last.a !== a || last.b !== b) last = { a, b, isSame: same(a, b) };
    return last.isSame;
  };
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
    const place = placeFrom(from, item.prefix, list.length, (at) => prefixIn(list, at));
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

/**
 * The places at which two lists have another object, or where items are made
 * for each look, other parts of one; `undefined` where they are not equally long.
 */
export function placesChanged(next: List<Named>, before: List<Named>): readonly number[] | undefined {
  if (next.length !== before.length) return undefined;
  const standsIn = (place: number): boolean =>
    isSaidList(next) && isSaidList(before)
      ? next.prefixes[place] === before.prefixes[place] && next.said.at(place) === before.said.at(place)
      : next.at(place) === before.at(place);
  const known = placesApart(next, before);
  if (known) return known.filter((place) => !standsIn(place)).sort((a, b) => a - b);
  const places: number[] = [];
  for (let place = 0; place < next.length; place++) if (!standsIn(place)) places.push(place);
  return places;
}
