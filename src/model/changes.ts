/** What a complete list about prefixes says differently than the one before it: nearly always a few items, of very many. */
import type { Prefix } from './address.js';
import { same } from './same.js';

interface Named {
  readonly prefix: Prefix;
}

/** The items that are new; `undefined` where the two do not name the same prefixes in the same order. */
export function changedIn<T extends Named>(
  next: readonly T[],
  before: readonly T[] | undefined,
): readonly T[] | undefined {
  if (next === before) return [];
  if (next.length !== before?.length) return undefined;
  const changed: T[] = [];
  for (let place = 0; place < next.length; place++) {
    const item = next[place];
    const last = before[place];
    if (item === last || item === undefined) continue;
    if (item.prefix !== last?.prefix) return undefined;
    if (!same(item, last)) changed.push(item);
  }
  return changed;
}

/**
 * The list with these items in the places of their prefixes, which they come
 * in the order of; `undefined` when one of them has none. The rest stay the
 * same objects.
 */
export function withChanges<T extends Named>(list: readonly T[], changed: readonly T[]): readonly T[] | undefined {
  if (changed.length === 0) return list;
  const next = [...list];
  let placed = 0;
  for (let place = 0; place < list.length && placed < changed.length; place++) {
    const item = changed[placed];
    if (item === undefined || list[place]?.prefix !== item.prefix) continue;
    next[place] = item;
    placed++;
  }
  return placed === changed.length ? next : undefined;
}

/** The places at which two lists have another object; `undefined` where they are not equally long. */
export function placesChanged(next: readonly object[], before: readonly object[]): readonly number[] | undefined {
  if (next.length !== before.length) return undefined;
  const places: number[] = [];
  for (let place = 0; place < next.length; place++) if (next[place] !== before[place]) places.push(place);
  return places;
}
