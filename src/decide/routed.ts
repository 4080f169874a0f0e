/**
 * Which tunnels carry the packets for each of a customer's prefixes: those of
 * the longest route that holds all of it, as the kernel chooses, and those of
 * routes for its parts.
 */
import type { Prefix } from '../model/address.js';
import type { Customer } from '../model/fleet.js';
import { PrefixIndex } from '../model/prefix-index.js';

/** Names, in the fleet's order. */
type Names = readonly string[];

/** Prefixes that the same tunnels carry share their list. */
export type Routed = ReadonlyMap<Prefix, Names>;

const NONE: Names = [];

/** A prefix without any route is absent. Much work: whoever needs it again and again keeps what follows from it. */
export function routedOf({ prefixes, routes, tunnels }: Customer): Routed {
  const join = joining(tunnels.map(({ name }) => name));
  const byRoute = new Map<Prefix, Names>();
  for (const { prefix, tunnel } of routes) byRoute.set(prefix, join(byRoute.get(prefix) ?? NONE, [tunnel]));
  const [wider, narrower] = [new PrefixIndex<Names>(), new PrefixIndex<Prefix>()];
  for (const [prefix, names] of byRoute) wider.add(prefix, names);
  for (const { prefix } of prefixes) narrower.add(prefix, prefix);
  const routed = new Map<Prefix, Names>();
  for (const { prefix } of prefixes) {
    const [longest] = wider.holding(prefix);
    if (longest) routed.set(prefix, longest);
  }
  for (const [part, names] of byRoute) {
    for (const whole of narrower.holding(part)) {
      if (whole !== part) routed.set(whole, join(routed.get(whole) ?? NONE, names));
    }
  }
  return routed;
}

/** The names that stand in either list, in the order of `all`; one list for as often as it is asked for. */
function joining(all: Names): (some: Names, more: Names) => Names {
  const lists = new Map<string, Names>();
  return (some, more) => {
    const names = all.filter((name) => some.includes(name) || more.includes(name));
    const known = lists.get(names.join()) ?? names;
    lists.set(names.join(), known);
    return known;
  };
}
