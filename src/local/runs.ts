/**
 * Lists about prefixes as they travel: neighbours that are equal but for their
 * prefix are one run. Of 100,000 prefixes nearly all say the same as the one
 * before them, and what is not written need not be read.
 */
import type { Prefix } from '../model/address.js';
import { placeFrom } from '../model/changes.js';
import { withSaid } from '../model/edited.js';
import { placeFor } from '../model/in-order.js';
import { arrayOf, type List } from '../model/list.js';
import { type Named, prefixesIn, prefixIn, saidAt, SaidList } from '../model/said-list.js';
import { same } from '../model/same.js';

/** What an item says beside its prefix. */
type Said<T extends Named> = Omit<T, 'prefix'>;

export type Run<T extends Named> = Said<T> & { readonly prefixes: readonly Prefix[] };

/** In the same order. */
export function runsOf<T extends Named>(items: List<T>): readonly Run<T>[] {
  const runs: (Omit<T, 'prefix'> & { readonly prefixes: Prefix[] })[] = [];
  let last: T | undefined;
  for (const item of items) {
    if (last && saysTheSame(last, item)) {
      runs.at(-1)?.prefixes.push(item.prefix);
      continue;
    }
    const { prefix, ...rest } = item;
    runs.push({ prefixes: [prefix], ...rest });
    last = item;
  }
  return runs;
}

export type Listed<T extends Named> = SaidList<Said<T>, T>;

/**
 * What runs were made of; all items of one run share what they say. A prefix
 * that stands in `known`, which is in the order of `comparePrefix`, is the text
 * that stands there; where all of them do, they are the same list of prefixes.
 */
export function listOf<T extends Named>(
  runs: readonly Run<T>[],
  itemOf: (prefix: Prefix, said: Said<T>) => T,
  known: List<Named> = [],
): Listed<T> {
  const textOf = textsOf(known);
  const prefixes: Prefix[] = [];
  const said: Said<T>[] = [];
  for (const { prefixes: own, ...rest } of runs) {
    for (const prefix of own) {
      prefixes.push(textOf(prefix));
      // A run is what its items say, and their prefixes.
      said.push(rest as unknown as Said<T>);
    }
  }
  const own = prefixesIn(known);
  const isKnown = own.length === prefixes.length && own.every((prefix, place) => prefix === prefixes[place]);
  return new SaidList(isKnown ? own : prefixes, said, itemOf);
}

/**
 * News of neighbours in a list that both sides have, which say the same now:
 * how many they are, and the first and the last of them, so that nobody counts
 * in another list.
 */
export type Span<T extends Named> = Said<T> & {
  readonly first: Prefix;
  readonly last: Prefix;
  readonly count: number;
};

/** What is said in these places, which are in order. */
export function spansOf<T extends Named>(list: List<T>, places: readonly number[]): readonly Span<T>[] {
  const wordsAt = saidAt(list);
  const spans: Span<T>[] = [];
  for (let at = 0; at < places.length;) {
    const place = places[at] ?? 0;
    const own = wordsAt(place);
    if (!own) throw new RangeError(`nothing stands in place ${place}`);
    let count = 1;
    while (places[at + count] === place + count && saysTheSame(own, wordsAt(place + count))) count++;
    const [first, last] = [prefixIn(list, place), prefixIn(list, place + count - 1)];
    // An item says its prefix too.
    const { prefix: _, ...rest } = own as Said<T> & Partial<Named>;
    spans.push({ first, last, count, ...rest } as unknown as Span<T>);
    at += count;
  }
  return spans;
}

/** News of more items than these are as quickly written into a copy of all that is said. */
const FEW = 1_000;

/** The list with news of some of its prefixes, which come in its order; `undefined` when it is not the list that they are of. */
export function withNews<T extends Named>(list: Listed<T>, news: readonly Span<T>[]): Listed<T> | undefined {
  const { prefixes } = list;
  const placed: { readonly from: number; readonly to: number; readonly said: Said<T> }[] = [];
  let [next, total] = [0, 0];
  for (const { first, last, count, ...said } of news) {
    const from = placeFrom(next, first, prefixes.length, (at) => prefixes[at]);
    if (from === undefined || prefixes[from + count - 1] !== last) return undefined;
    next = from + count;
    total += count;
    placed.push({ from, to: next, said: said as unknown as Said<T> });
  }
  if (total > FEW) {
    const all = [...arrayOf(list.said)];
    for (const { from, to, said } of placed) all.fill(said, from, to);
    return list.sayingAll(all);
  }
  const few = new Map<number, Said<T>>();
  for (const { from, to, said } of placed) for (let place = from; place < to; place++) few.set(place, said);
  return few.size === 0 ? list : withSaid(list, few);
}

/** For prefixes in order: each stands right behind the one before it, or is looked for. */
function textsOf(known: List<Named>): (prefix: Prefix) => Prefix {
  const texts = prefixesIn(known);
  let next = 0;
  return (prefix) => {
    if (texts[next] !== prefix) next = placeFor(prefix, texts.length, (place) => texts[place]);
    const text = texts[next];
    if (text !== prefix) return prefix;
    next++;
    return text;
  };
}

/** All but the prefix. */
function saysTheSame<T extends object>(a: T, b: T | undefined): boolean {
  if (a === b) return true;
  if (!b) return false;
  for (const field in a) if (field !== 'prefix' && a[field] !== b[field] && !same(a[field], b[field])) return false;
  for (const field in b) if (!(field in a)) return false;
  return true;
}
