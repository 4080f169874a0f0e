/**
 * Lists about prefixes as they travel: neighbours that are equal but for their
 * prefix are one run. Of 100,000 prefixes nearly all say the same as the one
 * before them, and what is not written need not be read.
 */
import type { Prefix } from '../model/address.js';
import { placeFor } from '../model/in-order.js';
import type { List } from '../model/list.js';
import { same } from '../model/same.js';

interface Named {
  readonly prefix: Prefix;
}

export type Run<T extends Named> = Omit<T, 'prefix'> & { readonly prefixes: readonly Prefix[] };

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

/**
 * What runs were made of, each item by `make`; all items of one run share its
 * lists. A prefix that stands in `known`, which is in the order of
 * `comparePrefix`, is the text that stands there: one copy for both.
 */
export function itemsIn<T extends Named>(
  runs: readonly Run<T>[],
  make: (prefix: Prefix, said: Omit<T, 'prefix'>) => T,
  known: List<Named> = [],
): readonly T[] {
  const items: T[] = [];
  let next = 0;
  const knownAs = (named: Prefix): Prefix => {
    if (known.at(next)?.prefix !== named) next = placeFor(named, known.length, (at) => known.at(at)?.prefix);
    const text = known.at(next)?.prefix;
    if (text !== named) return named;
    next++;
    return text;
  };
  for (const run of runs) for (const prefix of run.prefixes) items.push(make(knownAs(prefix), run));
  return items;
}

function saysTheSame<T extends Named>(a: T, b: T): boolean {
  for (const field in a) if (field !== 'prefix' && !same(a[field], b[field])) return false;
  for (const field in b) if (!(field in a)) return false;
  return true;
}
