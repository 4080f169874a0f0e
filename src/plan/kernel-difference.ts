import type { RoutesAlike, RouteState } from '../model/kernel.js';
import { routeKey, routesKey } from '../model/kernel-order.js';
import { routesIn } from '../model/routes-alike.js';
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

/** `pairs` of routes, one by one; whatever leads alike in both as a whole is not looked into. */
export function routePairs(
  wanted: readonly RoutesAlike[],
  found: readonly RoutesAlike[],
  also: (wanted: Pick<RoutesAlike, 'netns' | 'target'>) => boolean,
): readonly Pair<RouteState>[] {
  const open = [...new Set([...unlike(wanted, found), ...wanted.filter(also)])];
  return pairs(routesIn(open), routesIn(beside(open, found)), routeKey, also);
}

/** `surplus` of routes, one by one. */
export function surplusRoutes(found: readonly RoutesAlike[], wanted: readonly RoutesAlike[]): readonly RouteState[] {
  const open = unlike(found, wanted);
  return surplus(routesIn(open), routesIn(beside(open, wanted)), routeKey);
}

/** Those of the first that are not the same in the second. */
function unlike(some: readonly RoutesAlike[], others: readonly RoutesAlike[]): readonly RoutesAlike[] {
  if (some === others) return [];
  const byKey = new Map(others.map((alike) => [routesKey(alike), alike]));
  return some.filter((alike) => !same(alike, byKey.get(routesKey(alike))));
}

/** Those of the second that stand in the namespaces of the first. */
function beside(some: readonly RoutesAlike[], others: readonly RoutesAlike[]): readonly RoutesAlike[] {
  const places = new Set(some.map(({ netns }) => netns));
  return others.filter(({ netns }) => places.has(netns));
}
