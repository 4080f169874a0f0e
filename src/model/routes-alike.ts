/** Routes as they are held: of 100,000 nearly all say the same as their neighbours. */
import type { Prefix } from './address.js';
import type { RoutesAlike, RouteState } from './kernel.js';
import { routeKey, routesKey, sortedBy } from './kernel-order.js';

/** Sorted by key. No two routes have the same key. */
export function gathered(routes: readonly RouteState[]): readonly RoutesAlike[] {
  const found = new Map<string, RoutesAlike & { readonly destinations: Prefix[] }>();
  for (const { netns, family, table, target, destination } of routes) {
    const key = routesKey({ netns, family, table, target });
    const alike = found.get(key);
    if (alike) alike.destinations.push(destination);
    else found.set(key, { netns, family, table, target, destinations: [destination] });
  }
  const all = [...found.values()].map((alike) => ({ ...alike, destinations: [...alike.destinations].sort() }));
  return sortedBy(all, routesKey);
}

/** One by one, sorted by key. */
export function routesIn(routes: readonly RoutesAlike[]): readonly RouteState[] {
  const all = routes.flatMap(({ netns, family, table, target, destinations }) =>
    destinations.map((destination): RouteState => ({ netns, family, table, destination, target })),
  );
  return sortedBy(all, routeKey);
}
