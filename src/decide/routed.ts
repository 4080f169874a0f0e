/**
 * Which tunnels carry the packets for each of a customer's prefixes: those of
 * the longest route that holds all of it, as the kernel chooses, and those of
 * routes for its parts.
 */
import type { Prefix } from '../model/address.js';
import type { Customer, CustomerRoute } from '../model/fleet.js';
import { PrefixIndex } from '../model/prefix-index.js';

/** Names, in the fleet's order. */
export type Routed = ReadonlyMap<Prefix, readonly string[]>;

/** A prefix without any route is absent. Much work: whoever needs it again and again keeps what follows from it. */
export function routedOf({ prefixes, routes }: Customer): Routed {
  const [byRoute, byPrefix] = [new PrefixIndex<CustomerRoute>(), new PrefixIndex<Prefix>()];
  for (const route of routes) byRoute.add(route.prefix, route);
  for (const { prefix } of prefixes) byPrefix.add(prefix, prefix);
  const meeting = new Map<Prefix, Set<CustomerRoute>>();
  const meet = (prefix: Prefix, route: CustomerRoute): void => {
    const met = meeting.get(prefix);
    if (met) met.add(route);
    else meeting.set(prefix, new Set([route]));
  };
  for (const { prefix } of prefixes) {
    const holding = byRoute.holding(prefix);
    for (const route of holding) if (route.prefix === holding[0]?.prefix) meet(prefix, route);
  }
  for (const route of routes) for (const prefix of byPrefix.holding(route.prefix)) meet(prefix, route);
  const order = new Map(routes.map((route, index) => [route, index]));
  const place = (route: CustomerRoute): number => order.get(route) ?? 0;
  const lists = new Map<string, readonly string[]>();
  return new Map(
    [...meeting].map(([prefix, met]) => {
      const tunnels = [...new Set([...met].sort((a, b) => place(a) - place(b)).map(({ tunnel }) => tunnel))];
      const known = lists.get(tunnels.join()) ?? tunnels;
      lists.set(tunnels.join(), known);
      return [prefix, known];
    }),
  );
}
