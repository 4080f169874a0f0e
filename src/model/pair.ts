/**
 * Two lists about the same prefixes, brought together.
 *
 * Where one was made from the other it is known what may differ. Where both
 * are in one order, as nearly always, this is a walk beside each other: what is
 * the same object in both is passed without a look at it. In any other order
 * the result is the same, only later.
 */
import { comparePrefix, type Prefix } from './address.js';
import { placesChanged } from './changes.js';
import { placesApart, prefixesApart } from './edited.js';
import { itemOf, placeFor } from './in-order.js';
import { arrayOf, type List } from './list.js';
import { areAbout, type Named, prefixesIn, saidAt, saidIn } from './said-list.js';

export interface Pairing<A, B> {
  /** The prefix is in both lists; `place` is that of `a` in the first. */
  readonly both: (a: A, b: B, place: number) => void;
  readonly first: (a: A, place: number) => void;
  readonly second: (b: B) => void;
}

/**
 * Tells each prefix once, but for items that are one object in both lists. No
 * list names a prefix twice. Of lists in the order of `comparePrefix`, each of
 * the three is told in that order.
 */
export function pair<A extends Named, B extends Named>(
  firsts: List<A>,
  seconds: List<B>,
  pairing: Pairing<A, B>,
): void {
  const places = placesApart(firsts, seconds);
  const prefixes = places ? undefined : prefixesApart(firsts, seconds);
  if (places) pairPlaces(firsts, seconds, places, pairing);
  else if (prefixes) pairPrefixes(firsts, seconds, prefixes, pairing);
  else if (areAbout(firsts, seconds)) pairPlaces(firsts, seconds, placesChanged(firsts, seconds) ?? [], pairing);
  else walk(arrayOf(firsts), arrayOf(seconds), pairing);
}

/** What two lists say about a prefix, each in the words of its own items. */
export interface SaidPairing<A, B> {
  readonly both: (prefix: Prefix, a: A, b: B) => void;
  readonly second: (prefix: Prefix, b: B) => void;
}

type Said<T extends Named> = Omit<T, 'prefix'>;

/** The same, and no item is made where both lists stand beside the same prefixes. What is said by one object in both is passed. */
export function pairSaid<A extends Named, B extends Named>(
  firsts: List<A>,
  seconds: List<B>,
  { both, second }: SaidPairing<Said<A>, Said<B>>,
): void {
  if (!areAbout(firsts, seconds)) {
    pair(firsts, seconds, {
      both: (a, b) => both(a.prefix, a, b),
      first: () => undefined,
      second: (b) => second(b.prefix, b),
    });
    return;
  }
  const prefixes = prefixesIn(firsts);
  const tell = (place: number, a: Said<A> | undefined, b: Said<B> | undefined): void => {
    const prefix = prefixes[place];
    if (prefix !== undefined && a && b && (a as object) !== b) both(prefix, a, b);
  };
  const places = placesApart(firsts, seconds);
  if (places) {
    const [first, other] = [saidAt(firsts), saidAt(seconds)];
    for (const place of places) tell(place, first(place), other(place));
  } else {
    const [first, other] = [saidIn(firsts), saidIn(seconds)];
    for (let place = 0; place < prefixes.length; place++) tell(place, first[place], other[place]);
  }
}

function pairPlaces<A extends Named, B extends Named>(
  firsts: List<A>,
  seconds: List<B>,
  places: readonly number[],
  { both }: Pairing<A, B>,
): void {
  for (const place of places) {
    const [a, b] = [firsts.at(place), seconds.at(place)];
    if (a && b && (a as Named) !== b) both(a, b, place);
  }
}

function pairPrefixes<A extends Named, B extends Named>(
  firsts: List<A>,
  seconds: List<B>,
  prefixes: readonly Prefix[],
  { both, first, second }: Pairing<A, B>,
): void {
  for (const prefix of prefixes) {
    const place = placeFor(prefix, firsts.length, (at) => firsts.at(at)?.prefix);
    const standing = firsts.at(place);
    const a = standing?.prefix === prefix ? standing : undefined;
    const b = itemOf(prefix, seconds);
    if (a && b && (a as Named) !== b) both(a, b, place);
    else if (a && !b) first(a, place);
    else if (b && !a) second(b);
  }
}

function walk<A extends Named, B extends Named>(
  firsts: readonly A[],
  seconds: readonly B[],
  { both, first, second }: Pairing<A, B>,
): void {
  // Nothing stood before, or nothing is left: there is nothing to bring together.
  if (seconds.length === 0) return firsts.forEach(first);
  if (firsts.length === 0) return seconds.forEach(second);
  const aside: number[] = [];
  const apart = new Map<Prefix, B>();
  let at = 0;
  let beside = 0;
  for (;;) {
    const a = firsts[at];
    const b = seconds[beside];
    if (a === undefined && b === undefined) break;
    if ((a as Named | undefined) === b) {
      at++;
      beside++;
    } else if (a && b?.prefix === a.prefix) {
      both(a, b, at);
      at++;
      beside++;
    } else if (a !== undefined && (b === undefined || comparePrefix(a.prefix, b.prefix) < 0)) {
      aside.push(at++);
    } else if (b !== undefined) {
      apart.set(b.prefix, b);
      beside++;
    }
  }
  for (const place of aside) {
    const a = firsts[place];
    const b = a && apart.get(a.prefix);
    if (a && b) {
      apart.delete(a.prefix);
      both(a, b, place);
    } else if (a) {
      first(a, place);
    }
  }
  for (const b of apart.values()) second(b);
}
