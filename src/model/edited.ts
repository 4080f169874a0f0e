/**
 * Lists that were made from others by changing a few of very many items, and
 * what two of them have differently. Every stage asks what is new, and a walk
 * over 100,000 items is a millisecond: a list that remembers what it was made
 * from answers at once. Only the last step is remembered, of either list or of
 * both; about any other two it says nothing, and they have to be walked.
 */
import { comparePrefix, type Prefix } from './address.js';
import { placeFor } from './in-order.js';
import { Draft, type List } from './list.js';
import type { Named, SaidList } from './said-list.js';

/** Where a list may differ from the one that it was made from, in order. */
interface Edit<T> {
  readonly from: WeakRef<List<Named>>;
  readonly at: readonly T[];
}

const inPlace = new WeakMap<List<Named>, Edit<number>>();
const byPrefix = new WeakMap<List<Named>, Edit<Prefix>>();

const inNumericOrder = (places: Iterable<number>): readonly number[] => [...places].sort((a, b) => a - b);
const inPrefixOrder = (prefixes: Iterable<Prefix>): readonly Prefix[] => [...prefixes].sort(comparePrefix);

/** The list with these items in these places, about the same prefixes as those that stood there. */
export function withItems<T extends Named>(list: List<T>, items: ReadonlyMap<number, T>): List<T> {
  const draft = new Draft(list);
  for (const [place, item] of items) {
    if (list.at(place)?.prefix !== item.prefix) throw new TypeError(`${item.prefix} does not stand in place ${place}`);
    draft.set(place, item);
  }
  const next = draft.done();
  inPlace.set(next, { from: new WeakRef(list), at: inNumericOrder(items.keys()) });
  return next;
}

/** The list with something else said in these places. */
export function withSaid<S, T extends Named>(list: SaidList<S, T>, news: ReadonlyMap<number, S>): SaidList<S, T> {
  const next = list.saying(news);
  inPlace.set(next, { from: new WeakRef(list), at: inNumericOrder(news.keys()) });
  return next;
}

/** A list in the order of `comparePrefix` with these items in the places of their prefixes, and without those that have none. */
export function withPrefixes<T extends Named>(list: List<T>, items: ReadonlyMap<Prefix, T | undefined>): List<T> {
  const draft = new Draft(list);
  for (const [prefix, item] of items) {
    const place = placeFor(prefix, draft.length, (at) => draft.at(at)?.prefix);
    const stands = draft.at(place)?.prefix === prefix;
    if (stands && item) draft.set(place, item);
    else if (stands) draft.remove(place);
    else if (item) draft.insert(place, item);
  }
  const next = draft.done();
  byPrefix.set(next, { from: new WeakRef(list), at: inPrefixOrder(items.keys()) });
  return next;
}

/** Places outside of which two lists have the same objects, in order; `undefined` when nobody knows. */
export const placesApart = (a: List<Named>, b: List<Named>): readonly number[] | undefined =>
  apart(inPlace, a, b, inNumericOrder);

/** Prefixes beside which two lists, both in the order of `comparePrefix`, have the same objects, in that order; `undefined` when nobody knows. */
export const prefixesApart = (a: List<Named>, b: List<Named>): readonly Prefix[] | undefined =>
  apart(byPrefix, a, b, inPrefixOrder);

function apart<T>(
  edits: WeakMap<List<Named>, Edit<T>>,
  a: List<Named>,
  b: List<Named>,
  ordered: (all: Iterable<T>) => readonly T[],
): readonly T[] | undefined {
  if (a === b) return [];
  const [last, other] = [edits.get(a), edits.get(b)];
  const from = last?.from.deref();
  if (last && from === b) return last.at;
  const origin = other?.from.deref();
  if (other && origin === a) return other.at;
  return last && other && from !== undefined && from === origin
    ? ordered(new Set([...last.at, ...other.at]))
    : undefined;
}
