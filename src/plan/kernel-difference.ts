import { same } from '../model/same.js';

export type Keyed<T> = (item: T) => string;

/** An object that is wanted with what stands in its place, if anything. */
export interface Pair<T> {
  readonly wanted: T;
  readonly found: T | undefined;
}

/** What is absent or not as wanted, and whatever `also` is to be looked at. Most lists are as wanted, in the same order: then no key is needed. */
export function pairs<T>(
  wanted: readonly T[],
  found: readonly T[],
  key: Keyed<T>,
  also: (wanted: T) => boolean = () => false,
): readonly Pair<T>[] {
  if (same(wanted, found)) return wanted.filter(also).map((item) => ({ wanted: item, found: item }));
  const byKey = new Map(found.map((item) => [key(item), item]));
  return wanted.flatMap((item) => {
    const pair = { wanted: item, found: byKey.get(key(item)) };
    return differs(pair) || also(item) ? [pair] : [];
  });
}

export const differs = <T>({ wanted, found }: Pair<T>): boolean => !same(wanted, found);

/** What stands there although nobody wants anything by that key. */
export function surplus<T>(found: readonly T[], wanted: readonly T[], key: Keyed<T>): readonly T[] {
  if (same(found, wanted)) return [];
  const keys = new Set(wanted.map(key));
  return found.filter((item) => !keys.has(key(item)));
}
