/**
 * Which tunnels carry a prefix, as nexthop objects: one per tunnel and family,
 * and one group for all prefixes that are routed alike. Health changes only a
 * group's members, which the kernel replaces at once, for a thousand prefixes
 * as for one; routes and nexthops stay.
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
  const alike = routedAlike(customer).map((own) => {
    const { name, hashing: sort } = named(own, hashing);
    return { ...own, name, hashing: sort };
  });
  const used = new Map(alike.flatMap(({ family, routes }) => nexthopNames(family, routes, hashing)));
  const ids = numbered([...used.keys(), ...alike.map(({ name }) => name)]);
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
  const groups = alike.map(({ family, routes, hashing: sort, name }) => ({
    family,
    routes,
    hashing: sort,
    id: idOf(name),
  }));
  return { netns, idOf, membersFor, devices, groups };
});

/** Prefixes of one family whose routes say the same; the routes of one of them stand for all. */
interface RoutedAlike {
  readonly family: Family;
  readonly routes: readonly CustomerRoute[];
  readonly prefixes: readonly Prefix[];
  /** No others of the family are more. */
  readonly most: boolean;
}

/** In the fleet's order. */
function routedAlike({ routes }: Customer): readonly RoutedAlike[] {
  const routed = new Map<Prefix, CustomerRoute[]>();
  for (const route of routes) {
    const beside = routed.get(route.prefix);
    if (beside) beside.push(route);
    else routed.set(route.prefix, [route]);
  }
  const found = new Map<string, Omit<RoutedAlike, 'most'> & { readonly prefixes: Prefix[] }>();
  for (const [prefix, own] of routed) {
    const family = familyOf(prefix);
    const says = [family, ...own.map(({ tunnel, priority, weight }) => `${tunnel} ${priority} ${weight}`)].join();
    const alike = found.get(says);
    if (alike) alike.prefixes.push(prefix);
    else found.set(says, { family, routes: own, prefixes: [prefix] });
  }
  const all = [...found.values()];
  return all.map((own) => ({ ...own, most: own === mostOf(all.filter(({ family }) => family === own.family)) }));
}

/** Of several that have as many, the first. */
const mostOf = <T extends Pick<RoutedAlike, 'prefixes'>>(all: readonly T[]): T | undefined =>
  all.reduce<T | undefined>(
    (most, own) => (own.prefixes.length > (most?.prefixes.length ?? 0) ? own : most),
    undefined,
  );

type Named = readonly [name: string, of: { readonly tunnel: string; readonly family: Family }];

/** Nexthops that one group may hold. Where it can never hold two tunnels, nothing moves between them. */
function nexthopNames(family: Family, routes: readonly CustomerRoute[], hashing: Hashing['kind']): readonly Named[] {
  const hasTwins = hashing === 'resilient' && routes.some(({ tunnel }) => tunnel !== routes[0]?.tunnel);
  return routes.flatMap(({ tunnel }): readonly Named[] => [
    [deviceName(tunnel, family), { tunnel, family }],
    ...(hasTwins ? ([[twinName(tunnel, family), { tunnel, family }]] as const) : []),
  ]);
}

/** The path of each prefix of one customer. */
export function pathsOf(customer: Customer, hashing: Hashing['kind']): readonly PrefixPath[] {
  const { idOf } = frameOf(customer, hashing);
  const leading = routedAlike(customer).flatMap((alike) => {
    const target: RouteTarget = { kind: 'nexthop', id: idOf(named(alike, hashing).name) };
    return alike.prefixes.map((prefix) => ({ prefix, target }));
  });
  return [...leading, ...unroutedOf(customer)];
}

/** Nexthops and groups of one customer. */
export function nexthopsOf(
  customer: Customer,
  health: (tunnel: string) => TunnelHealth,
  penalties: Penalties,
  hashing: Hashing['kind'],
): readonly NexthopState[] {
  const frame = frameOf(customer, hashing);
  const groups = frame.groups.map(({ family, routes, id, hashing }): NexthopState => {
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

/**
 * Neither kind nor size of a group can change: another one is another group,
 * to which the routes move at once. Most of a family's prefixes keep theirs
 * while routes change and prefixes come and go; those that are routed
 * differently are named after the first of them.
 */
function named(
  { family, routes, prefixes: [first], most }: RoutedAlike,
  kind: Hashing['kind'],
): { readonly name: string; readonly hashing: Hashing } {
  const hashing = hashingFor(kind, routes.map(weightOf));
  const size = hashing.kind === 'resilient' ? ` in ${hashing.buckets}` : '';
  return { name: `${most ? `prefixes v${family}` : `prefix ${first ?? ''}`}${size}`, hashing };
}

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
