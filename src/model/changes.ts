/** What a complete list about prefixes says differently than the one before it: nearly always a few items, of very many. */
import type { Prefix } from './address.js';
import { placesApart } from './edited.js';
import { placeFor } from './in-order.js';
import { arrayOf, type List } from './list.js';
import { isSaidList, type Named, only, prefixIn } from './said-list.js';
import { same } from './same.js';

/** The items that are new; `undefined` where the two do not name the same prefixes in the same order. */
export function changedIn<T extends Named>(next: List<T>, before: List<T> | undefined): List<T> | undefined {
  const places = before && placesChanged(next, before);
  if (!places || places.some((place) => prefixIn(next, place) !== prefixIn(before, place))) return undefined;
  const isSame = comparison(next, before);
  return only(
    next,
    places.filter((place) => !isSame(place)),
  );
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
  const known = placesApart(next, before);
  if (known) {
    const parts =
      isSaidList(next) && isSaidList(before) ? ([next.said, before.said] as const) : ([next, before] as const);
    return known.filter((place) => parts[0].at(place) !== parts[1].at(place)).sort((a, b) => a - b);
  }
  const apart = isSaidList(next) && isSaidList(before);
  const [parts, others] = apart ? [arrayOf(next.said), arrayOf(before.said)] : [arrayOf(next), arrayOf(before)];
  const [prefixes, named] = apart ? [next.prefixes, before.prefixes] : [[], []];
  const places: number[] = [];
  for (let place = 0; place < parts.length; place++)
    if (parts[place] !== others[place] || prefixes[place] !== named[place]) places.push(place);
  return places;
}
