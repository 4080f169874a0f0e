/** What is ours among rules, routes and nexthop objects: by protocol number, routes also by metric. */
import type { Netns, NexthopState, RouteState, RouteTarget, RuleState } from '../../model/kernel.js';
import { inGroupOrder } from '../../model/kernel-order.js';
import type { Nexthop, Route, Rule } from '../../ports/rtnetlink.js';
import { ROUTE_METRIC } from './steps.js';

/** rtm_type, linux/rtnetlink.h. */
const RTN_UNREACHABLE = 7;

/** Rules that bear our number but no mark or interface are none of the kind we make, and are left alone. */
export const rulesFrom = (rules: readonly Rule[], protocol: number): readonly RuleState[] =>
  rules.flatMap(({ protocol: owner, family, iif, mark, mask, table, preference }) =>
    owner === protocol && iif !== undefined && mark !== undefined
      ? [{ family, iif, mark, mask, table, preference }]
      : [],
  );

/** Of a dump of our protocol. */
export const routesFrom = (routes: readonly Route[], netns: Netns): readonly RouteState[] =>
  routes
    .filter(({ metric }) => metric === ROUTE_METRIC)
    .map((route) => ({
      netns,
      family: route.family,
      table: route.table,
      destination: route.destination,
      target: targetOf(route),
    }));

function targetOf({ type, nexthop, device, via, source }: Route): RouteTarget {
  if (type === RTN_UNREACHABLE) return { kind: 'unreachable' };
  if (nexthop !== undefined) return { kind: 'nexthop', id: nexthop };
  return {
    kind: 'via',
    // A route over several devices without a nexthop object is not of our making: it names none, and will be replaced.
    device: device ?? '',
    ...(via !== undefined && { via }),
    ...(source !== undefined && { source }),
  };
}

/** A group has the family of its members. */
export function nexthopsFrom(nexthops: readonly Nexthop[], netns: Netns, protocol: number): readonly NexthopState[] {
  const own = nexthops.filter((nexthop) => nexthop.protocol === protocol);
  const families = new Map(own.map(({ id, family }) => [id, family]));
  return own.map(({ id, family, device, via, group, hashing }): NexthopState => {
    // A sort of group that we do not know is read as what nobody wants, a nexthop without a device, and so is replaced.
    if (group === undefined || hashing === undefined) {
      return {
        netns,
        id,
        family: family ?? 4,
        target: { kind: 'device', device: via === undefined ? (device ?? '') : '' },
      };
    }
    const members = inGroupOrder(group);
    return { netns, id, family: families.get(members[0]?.id ?? id) ?? 4, target: { kind: 'group', members, hashing } };
  });
}
