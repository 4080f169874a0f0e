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
  for (const [index, item] of next.entries()) {
    const last = before[index];
    if (item === last) continue;
    if (item.prefix !== last?.prefix) return undefined;
    if (!same(item, last)) changed.push(item);
  }
  return changed;
}

/** The list with these items in the places of their prefixes; `undefined` when one of them has none. The rest stay the same objects. */
export function withChanges<T extends Named>(list: readonly T[], changed: readonly T[]): readonly T[] | undefined {
  if (changed.length === 0) return list;
  const items = new Map(changed.map((item) => [item.prefix, item]));
  let placed = 0;
  const next = list.map((item) => {
    const other = items.get(item.prefix);
    if (!other) return item;
    placed++;
    return other;
  });
  return placed === items.size ? next : undefined;
}
