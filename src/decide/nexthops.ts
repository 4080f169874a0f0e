/**
 * Which tunnels carry a prefix, as nexthop objects: one per tunnel and family,
 * and one group per routed prefix. Health changes only a group's members, which
 * the kernel replaces at once; routes and nexthops stay.
 *
 * A bucket of a resilient group is idle when no packet was hashed to it, and
 * IPv4 hashes no packet while a group has one member (fib_select_path,
 * net/ipv4/fib_semantics.c): whatever flows would seem idle, and move, when a
 * second tunnel comes back. So a tunnel that carries alone has a twin beside
 * it, a second nexthop on its device that no bucket falls to.
 */
import { familyOf, type Family, type Prefix } from '../model/address.js';
import type { Customer, CustomerRoute } from '../model/fleet.js';
import type { TunnelHealth } from '../model/health.js';
import type { GroupMember, Hashing, NexthopState, RouteTarget } from '../model/kernel.js';
import { inGroupOrder } from '../model/kernel-order.js';
import { fnv1a, netnsOf, tunnelDeviceOf } from '../model/naming.js';
import { once } from '../model/once.js';
import { PrefixIndex } from '../model/prefix-index.js';
import type { TunnelStates } from '../model/safety.js';
import { hashingFor } from './hashing.js';

type Penalties = Pick<TunnelStates, 'degradedPenalty' | 'downPenalty'>;

/** Ids are 32 bits and not 0 (linux/nexthop.h). */
const MAX_ID = 0xffffffff;

/** Fleets go to 256, for which this stands: half a per cent less. */
const MOST_WEIGHT = 255;
/** Beside it a weight of 1 is worth no bucket of 128, and one of 256. */
const ALONE = MOST_WEIGHT;
const TWIN = 1;

export interface PrefixPath {
  readonly prefix: Prefix;
  /** `unreachable` when no route names a tunnel: the packet must not follow the default back out. */
  readonly target: RouteTarget;
}

function penaltyOf(health: TunnelHealth, { degradedPenalty, downPenalty }: Penalties): number {
  switch (health) {
    case 'down':
      return downPenalty;
    case 'degraded':
      return degradedPenalty;
    case 'up':
    case 'unknown':
      return 0;
  }
}

/**
 * The lowest effective priority wins, all of that priority share. Penalties are
 * far above priorities: degraded tunnels carry what no healthy one carries, and
 * when every tunnel is down the best of them stay.
 */
export function carriersOf(
  routes: readonly CustomerRoute[],
  health: (tunnel: string) => TunnelHealth,
  penalties: Penalties,
): readonly CustomerRoute[] {
  const effective = (route: CustomerRoute): number => route.priority + penaltyOf(health(route.tunnel), penalties);
  const best = Math.min(...routes.map(effective));
  const winners = routes.filter((route) => effective(route) === best);
  // A group holds each nexthop once.
  return winners.filter((route, index) => winners.findIndex((other) => other.tunnel === route.tunnel) === index);
}

/** Whatever of a customer's nexthops no tunnel's health changes. */
const frameOf = once((customer: Customer, hashing: Hashing['kind']) => {
  const netns = netnsOf(customer.name);
  const hashed = routedIn(customer).map(({ prefix, routes }) => {
    const weights = routes.map(weightOf);
    const own = hashingFor(hashing, weights);
    return { prefix, routes, hashing: own, name: groupName(prefix, own) };
  });
  const used = new Map(hashed.flatMap(({ prefix, routes }) => nexthopNames(familyOf(prefix), routes, hashing)));
  const ids = numbered([...used.keys(), ...hashed.map(({ name }) => name)]);
  const idOf = (name: string): number => ids.get(name) ?? 0;
  const membersFor = (family: Family, carriers: readonly CustomerRoute[]): readonly GroupMember[] => {
    const [first, second] = carriers;
    const twin = first && !second ? ids.get(twinName(first.tunnel, family)) : undefined;
    const members = carriers.map((route) => ({
      id: idOf(deviceName(route.tunnel, family)),
      weight: twin === undefined ? weightOf(route) : ALONE,
    }));
    return inGroupOrder(twin === undefined ? members : [...members, { id: twin, weight: TWIN }]);
  };

  const devices = [...used].map(([name, { tunnel, family }]): NexthopState => ({
    netns,
    id: idOf(name),
    family,
    target: { kind: 'device', device: tunnelDeviceOf(tunnel) },
  }));
  const groups = hashed.map(({ name, ...group }) => ({ ...group, id: idOf(name) }));
  const leading = groups.map(({ prefix, id }): PrefixPath => ({ prefix, target: { kind: 'nexthop', id } }));
  return { netns, membersFor, devices, groups, paths: [...leading, ...unroutedOf(customer)] };
});

/** In the fleet's order. */
function routedIn({ routes }: Customer): readonly { readonly prefix: Prefix; readonly routes: CustomerRoute[] }[] {
  const routed = new Map<Prefix, CustomerRoute[]>();
  for (const route of routes) {
    const beside = routed.get(route.prefix);
    if (beside) beside.push(route);
    else routed.set(route.prefix, [route]);
  }
  return [...routed].map(([prefix, own]) => ({ prefix, routes: own }));
}

type Named = readonly [name: string, of: { readonly tunnel: string; readonly family: Family }];

/** Nexthops that one prefix's group may hold. Where it can never hold two tunnels, nothing moves between them. */
function nexthopNames(family: Family, routes: readonly CustomerRoute[], hashing: Hashing['kind']): readonly Named[] {
  const hasTwins = hashing === 'resilient' && routes.some(({ tunnel }) => tunnel !== routes[0]?.tunnel);
  return routes.flatMap(({ tunnel }): readonly Named[] => [
    [deviceName(tunnel, family), { tunnel, family }],
    ...(hasTwins ? ([[twinName(tunnel, family), { tunnel, family }]] as const) : []),
  ]);
}

/** The path of each prefix of one customer. */
export const pathsOf = (customer: Customer, hashing: Hashing['kind']): readonly PrefixPath[] =>
  frameOf(customer, hashing).paths;

/** Nexthops and groups of one customer. */
export function nexthopsOf(
  customer: Customer,
  health: (tunnel: string) => TunnelHealth,
  penalties: Penalties,
  hashing: Hashing['kind'],
): readonly NexthopState[] {
  const frame = frameOf(customer, hashing);
  const groups = frame.groups.map(({ prefix, routes, id, hashing }): NexthopState => {
    const family = familyOf(prefix);
    const members = frame.membersFor(family, carriersOf(routes, health, penalties));
    return { netns: frame.netns, id, family, target: { kind: 'group', members, hashing } };
  });
  return [...frame.devices, ...groups];
}

/** Prefixes that no route holds as a whole. One that a wider route holds follows it. */
function unroutedOf({ prefixes, routes }: Customer): readonly PrefixPath[] {
  const index = new PrefixIndex<CustomerRoute>();
  for (const route of routes) index.add(route.prefix, route);
  return prefixes.flatMap(({ prefix }) =>
    index.holding(prefix).length > 0 ? [] : [{ prefix, target: { kind: 'unreachable' } }],
  );
}

const weightOf = ({ weight }: CustomerRoute): number => Math.min(weight, MOST_WEIGHT);

const deviceName = (tunnel: string, family: Family): string => `tunnel ${tunnel} v${family}`;
const twinName = (tunnel: string, family: Family): string => `twin of ${deviceName(tunnel, family)}`;
/** Neither kind nor size of a group can change: another one is another group, to which the route moves at once. */
const groupName = (prefix: Prefix, hashing: Hashing): string =>
  `prefix ${prefix}${hashing.kind === 'resilient' ? ` in ${hashing.buckets}` : ''}`;

/** Ids from names, free of collisions: a name whose number is taken moves to the next free one. */
export function numbered(
  names: readonly string[],
  hash: (name: string) => number = fnv1a,
): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const taken = new Set<number>();
  for (const name of [...names].sort()) {
    let id = Math.max(1, hash(name));
    while (taken.has(id)) id = id === MAX_ID ? 1 : id + 1;
    taken.add(id);
    ids.set(name, id);
  }
  return ids;
}
