/** What a complete list about prefixes says differently than the one before it: nearly always a few items, of very many. */
import type { Prefix } from './address.js';
import { placesApart } from './edited.js';
import { placeFor } from './in-order.js';
import { arrayOf, type List } from './list.js';
import { areAbout, isSaidList, type Named, only, prefixIn, saidIn } from './said-list.js';
import { same } from './same.js';

/** The items that are new; `undefined` where the two do not name the same prefixes in the same order. */
export function changedIn<T extends Named>(next: List<T>, before: List<T> | undefined): List<T> | undefined {
  const news = newsIn(next, before);
  return news?.length === next.length ? next : news && only(next, news);
}

/** Where the items are that are new, in order; `undefined` as above. */
export function newsIn<T extends Named>(next: List<T>, before: List<T> | undefined): readonly number[] | undefined {
  if (!before) return undefined;
  if (areAbout(next, before) && !placesApart(next, before)) return newlySaid(saidIn(next), saidIn(before));
  const places = placesChanged(next, before);
  if (!places?.every((place) => prefixIn(next, place) === prefixIn(before, place))) return undefined;
  if (!isSaidList(next) || !isSaidList(before))
    return places.filter((place) => !same(next.at(place), before.at(place)));
  return places.filter((place) => !same(next.said.at(place), before.said.at(place)));
}

/** What is said by neighbours in one object is looked at once. */
function newlySaid(said: readonly object[], before: readonly object[]): readonly number[] {
  const places: number[] = [];
  let [lastA, lastB, isNew]: [unknown, unknown, boolean] = [undefined, undefined, false];
  for (let place = 0; place < said.length; place++) {
    const [a, b] = [said[place], before[place]];
    if (a === b) continue;
    if (a !== lastA || b !== lastB) [lastA, lastB, isNew] = [a, b, !same(a, b)];
    if (isNew) places.push(place);
  }
  return places;
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
 * The places, in order, at which two lists have another object, or where items are made
 * for each look, other parts of one; `undefined` where they are not equally long.
 */
export function placesChanged(next: List<Named>, before: List<Named>): readonly number[] | undefined {
  if (next.length !== before.length) return undefined;
  const known = placesApart(next, before);
  if (known) {
    const parts =
      isSaidList(next) && isSaidList(before) ? ([next.said, before.said] as const) : ([next, before] as const);
    return known.filter((place) => parts[0].at(place) !== parts[1].at(place));
  }
  const apart = isSaidList(next) && isSaidList(before);
  const [parts, others] = apart ? [arrayOf(next.said), arrayOf(before.said)] : [arrayOf(next), arrayOf(before)];
  const prefixes = apart && !areAbout(next, before) ? ([next.prefixes, before.prefixes] as const) : undefined;
  const places: number[] = [];
  for (let place = 0; place < parts.length; place++)
    if (parts[place] !== others[place] || (prefixes && prefixes[0][place] !== prefixes[1][place])) places.push(place);
  return places;
}
