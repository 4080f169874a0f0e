/** Whether what stands in a customer's namespace carries its prefixes: route, group, nexthop, tunnel. */
import type { Customer } from '../model/fleet.js';
import type { KernelDesired, KernelObserved, NexthopState, RouteState, TunnelState } from '../model/kernel.js';
import { nexthopKey, routeKey, tunnelKey } from '../model/kernel-order.js';
import { netnsOf } from '../model/naming.js';
import { same } from '../model/same.js';

export interface Findings {
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}

/**
 * A prefix is carried while its route leads to a group with at least one
 * member whose tunnel stands. Tunnels that are missing beside it are notes:
 * the kernel has already moved their flows.
 */
export function carriageOf(customer: Customer, desired: KernelDesired, observed: KernelObserved): Findings {
  const netns = netnsOf(customer.name);
  const tunnels = new Map(observed.tunnels.map((tunnel) => [tunnelKey(tunnel), tunnel]));
  const broken = desired.tunnels
    .filter((tunnel) => tunnel.netns === netns)
    .map((tunnel) => ({ tunnel, why: faultOf(tunnel, tunnels.get(tunnelKey(tunnel))) }))
    .flatMap(({ tunnel, why }) => (why === undefined ? [] : [{ device: tunnel.name, text: `${tunnel.name} ${why} in ${netns}` }]));
  const brokenDevices = new Set(broken.map(({ device }) => device));
  const routes = desired.routes.filter((route) => route.netns === netns && route.target.kind === 'nexthop');
  const faults = routes.flatMap((route) => {
    const why = faultOfRoute(route, brokenDevices, desired, observed);
    return why === undefined ? [] : [`${route.destination} in ${netns}: ${why}`];
  });
  const texts = broken.map(({ text }) => text);
  return faults.length > 0 ? { faults: [...texts, ...faults], notes: [] } : { faults: [], notes: texts };
}

/** The MTU is left out: a wrong one costs large packets their size, not their way. */
function faultOf(wanted: TunnelState, found: TunnelState | undefined): string | undefined {
  if (!found) return 'missing';
  if (!found.up) return 'down';
  return same({ ...found, mtu: wanted.mtu }, wanted) ? undefined : 'leads elsewhere';
}

function faultOfRoute(
  route: RouteState,
  brokenDevices: ReadonlySet<string>,
  desired: KernelDesired,
  observed: KernelObserved,
): string | undefined {
  const found = observed.routes.find((other) => routeKey(other) === routeKey(route));
  if (!found || !same(found.target, route.target)) return 'route missing';
  const nexthops = new Map(observed.nexthops.map((nexthop) => [nexthopKey(nexthop), nexthop]));
  const wanted = new Map(desired.nexthops.map((nexthop) => [nexthopKey(nexthop), nexthop]));
  const group = found.target.kind === 'nexthop' ? nexthops.get(nexthopKey({ ...route, id: found.target.id })) : undefined;
  if (group?.target.kind !== 'group') return 'nexthop group missing';
  const intact = group.target.members.filter(({ id }) => {
    const key = nexthopKey({ ...route, id });
    return stands(nexthops.get(key), wanted.get(key), brokenDevices);
  });
  return intact.length > 0 ? undefined : 'no tunnel carries it';
}

const stands = (
  found: NexthopState | undefined,
  wanted: NexthopState | undefined,
  brokenDevices: ReadonlySet<string>,
): boolean =>
  found?.target.kind === 'device' && same(found, wanted) && !brokenDevices.has(found.target.device);
