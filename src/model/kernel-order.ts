/** Keys of kernel objects, and the order that every list of them has. */
import type {
  AddressState,
  GroupMember,
  KernelDesired,
  NamespaceState,
  NexthopState,
  RoutesAlike,
  RouteState,
  RouteTarget,
  RuleState,
  RulesetState,
  SysctlState,
  TunnelState,
  VethState,
} from './kernel.js';
import { same } from './same.js';

export const namespaceKey = (n: NamespaceState): string => n.name;
export const vethKey = (v: VethState): string => v.name;
export const addressKey = (a: Pick<AddressState, 'netns' | 'device' | 'address'>): string =>
  `${a.netns} ${a.device} ${a.address}`;
/** The whole rule: rules have no other identity, and two that differ can stand side by side. */
export const ruleKey = (r: RuleState): string => `${r.family} ${r.iif} ${r.preference} ${r.mark} ${r.mask} ${r.table}`;
export const routeKey = (r: Pick<RouteState, 'netns' | 'family' | 'table' | 'destination'>): string =>
  `${r.netns} ${r.family} ${r.table} ${r.destination}`;
export const routesKey = (r: Pick<RoutesAlike, 'netns' | 'family' | 'table' | 'target'>): string =>
  `${r.netns} ${r.family} ${r.table} ${wayKey(r.target)}`;
export const nexthopKey = (n: Pick<NexthopState, 'netns' | 'id'>): string => `${n.netns} ${n.id}`;
export const sysctlKey = (s: Pick<SysctlState, 'netns' | 'key'>): string => `${s.netns} ${s.key}`;
export const tunnelKey = (t: Pick<TunnelState, 'netns' | 'name'>): string => `${t.netns} ${t.name}`;
export const rulesetKey = (r: Pick<RulesetState, 'netns'>): string => r.netns;

function wayKey(target: RouteTarget): string {
  switch (target.kind) {
    case 'unreachable':
      return target.kind;
    case 'nexthop':
      return `${target.kind} ${target.id}`;
    case 'via':
      return `${target.kind} ${target.device} ${target.via ?? ''} ${target.source ?? ''}`;
  }
}

/** Of a group. */
export const inGroupOrder = (members: readonly GroupMember[]): readonly GroupMember[] =>
  [...members].sort((a, b) => b.weight - a.weight || a.id - b.id);

/** Sorted by key, code unit by code unit: the same on every machine, whatever its locale. */
export function sortedBy<T>(items: Iterable<T>, key: (item: T) => string): readonly T[] {
  const all = [...items];
  const keys = all.map(key);
  // Most lists are in order already.
  if (keys.every((own, index) => index === 0 || (keys[index - 1] ?? '') <= own)) return all;
  return all
    .map((item, index) => ({ item, key: keys[index] ?? '' }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}

/**
 * `found` with the very objects of `known` where they are equal, and `known`
 * itself where all are: what stands as it should is held once, and compared at
 * a glance. Both are in the order of their keys.
 */
export function sharing<T>(found: readonly T[], known: readonly T[], key: (item: T) => string): readonly T[] {
  let [at, shared] = [0, 0];
  const list = found.map((item) => {
    if (!same(item, known[at])) {
      const own = key(item);
      for (let other = known[at]; other !== undefined && key(other) < own; other = known[at]) at++;
      if (!same(item, known[at])) return item;
    }
    shared++;
    return known[at++] ?? item;
  });
  return shared === found.length && shared === known.length ? known : list;
}

/** Every list in the order of its keys. */
export const inOrder = (k: KernelDesired): KernelDesired => ({
  namespaces: sortedBy(k.namespaces, namespaceKey),
  veths: sortedBy(k.veths, vethKey),
  addresses: sortedBy(k.addresses, addressKey),
  rules: sortedBy(k.rules, ruleKey),
  routes: sortedBy(k.routes, routesKey),
  nexthops: sortedBy(k.nexthops, nexthopKey),
  sysctls: sortedBy(k.sysctls, sysctlKey),
  tunnels: sortedBy(k.tunnels, tunnelKey),
  rulesets: sortedBy(k.rulesets, rulesetKey),
});
