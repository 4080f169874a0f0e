import { same } from '../model/same.js';

export type Keyed<T> = (item: T) => string;

/** Objects of `wanted` with what stands in their place, if anything. */
export interface Pair<T> {
  readonly wanted: T;
  readonly found: T | undefined;
}

/** Most lists are as wanted, in the same order: then no key is needed. */
export function pairs<T>(wanted: readonly T[], found: readonly T[], key: Keyed<T>): readonly Pair<T>[] {
  if (same(wanted, found)) return wanted.map((item) => ({ wanted: item, found: item }));
  const byKey = new Map(found.map((item) => [key(item), item]));
  return wanted.map((item) => ({ wanted: item, found: byKey.get(key(item)) }));
}

/** Absent, or not as wanted. */
export const differs = <T>({ wanted, found }: Pair<T>): boolean => !same(wanted, found);

/** What stands there although nobody wants anything by that key. */
export function surplus<T>(found: readonly T[], wanted: readonly T[], key: Keyed<T>): readonly T[] {
  if (same(found, wanted)) return [];
  const keys = new Set(wanted.map(key));
  return found.filter((item) => !keys.has(key(item)));
}
