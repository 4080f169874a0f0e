/** Whether what stands in a customer's namespace carries its prefixes: route, group, nexthop, tunnel. */
import type { Netns, NexthopState, RouteState, TunnelState } from '../model/kernel.js';
import { nexthopKey, routeKey, tunnelKey } from '../model/kernel-order.js';
import { routesIn } from '../model/routes-alike.js';
import { same } from '../model/same.js';
import type { FaultKind } from '../model/verdict.js';
import type { Share } from './kernel-shares.js';

export interface Fault {
  readonly kind: FaultKind;
  readonly text: string;
}

export interface Findings {
  readonly faults: readonly Fault[];
  readonly notes: readonly string[];
}

/**
 * A prefix is carried while its route leads to a group with at least one
 * member whose tunnel stands. Tunnels that are missing beside it are notes:
 * the kernel has already moved their flows.
 */
export function carriageOf(netns: Netns, routes: readonly RouteState[], wanted: Share, found: Share): Findings {
  const tunnels = new Map(found.tunnels.map((tunnel) => [tunnelKey(tunnel), tunnel]));
  const broken = new Map(
    wanted.tunnels.flatMap((tunnel): [string, string][] => {
      const why = faultOf(tunnel, tunnels.get(tunnelKey(tunnel)));
      return why === undefined ? [] : [[tunnel.name, `${tunnel.name} ${why} in ${netns}`]];
    }),
  );
  const standing = new Map(routesIn(found.routes).map((route) => [routeKey(route), route]));
  const groups = new Map(found.nexthops.map((nexthop) => [nexthopKey(nexthop), nexthop]));
  const wishes = new Map(wanted.nexthops.map((nexthop) => [nexthopKey(nexthop), nexthop]));
  const carries = (id: number): boolean => {
    const key = nexthopKey({ netns, id });
    const member = groups.get(key);
    return member?.target.kind === 'device' && same(member, wishes.get(key)) && !broken.has(member.target.device);
  };
  const faults = routes.flatMap((route) => {
    const why = faultOfRoute(route, standing.get(routeKey(route)), groups, carries);
    return why === undefined ? [] : [`${route.destination} in ${netns}: ${why}`];
  });
  const texts = [...broken.values()];
  if (faults.length === 0) return { faults: [], notes: texts };
  return { faults: [...texts, ...faults].map((text) => ({ kind: 'carriage', text })), notes: [] };
}

/** The MTU is left out: a wrong one costs large packets their size, not their way. */
function faultOf(wanted: TunnelState, found: TunnelState | undefined): string | undefined {
  if (!found) return 'missing';
  if (!found.up) return 'down';
  return same({ ...found, mtu: wanted.mtu }, wanted) ? undefined : 'leads elsewhere';
}

function faultOfRoute(
  wanted: RouteState,
  found: RouteState | undefined,
  nexthops: ReadonlyMap<string, NexthopState>,
  carries: (id: number) => boolean,
): string | undefined {
  if (found?.target.kind !== 'nexthop' || !same(found.target, wanted.target)) return 'route missing';
  const group = nexthops.get(nexthopKey({ netns: wanted.netns, id: found.target.id }));
  if (group?.target.kind !== 'group') return 'nexthop group missing';
  return group.target.members.some(({ id }) => carries(id)) ? undefined : 'no tunnel carries it';
}
