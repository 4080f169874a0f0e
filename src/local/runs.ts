/**
 * Lists about prefixes as they travel: neighbours that are equal but for their
 * prefix are one run. Of 100,000 prefixes nearly all say the same as the one
 * before them, and what is not written need not be read.
 */
import type { Prefix } from '../model/address.js';
import { placeFrom } from '../model/changes.js';
import { withSaid } from '../model/edited.js';
import { placeFor } from '../model/in-order.js';
import type { List } from '../model/list.js';
import { type Named, prefixesIn, SaidList } from '../model/said-list.js';
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
 * that stands there.
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
  return new SaidList(prefixes, said, itemOf);
}

/** The list with news of some of its prefixes, which come in its order; `undefined` when it does not have one of them. */
export function withNews<T extends Named>(list: Listed<T>, news: readonly Run<T>[]): Listed<T> | undefined {
  const { prefixes } = list;
  const count = news.reduce((sum, run) => sum + run.prefixes.length, 0);
  if (count === prefixes.length) return anew(list, news);
  const said = new Map<number, Said<T>>();
  let from = 0;
  for (const { prefixes: named, ...rest } of news) {
    for (const prefix of named) {
      const place = placeFrom(from, prefix, prefixes.length, (at) => prefixes[at]);
      if (place === undefined) return undefined;
      said.set(place, rest as unknown as Said<T>);
      from = place + 1;
    }
  }
  return said.size === 0 ? list : withSaid(list, said);
}

/** News of all of them. */
function anew<T extends Named>(list: Listed<T>, news: readonly Run<T>[]): Listed<T> | undefined {
  const said: Said<T>[] = [];
  for (const { prefixes, ...rest } of news) {
    for (const prefix of prefixes) {
      if (list.prefixes[said.length] !== prefix) return undefined;
      said.push(rest as unknown as Said<T>);
    }
  }
  return list.sayingAll(said);
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

function saysTheSame<T extends Named>(a: T, b: T): boolean {
  for (const field in a) if (field !== 'prefix' && a[field] !== b[field] && !same(a[field], b[field])) return false;
  for (const field in b) if (!(field in a)) return false;
  return true;
}
