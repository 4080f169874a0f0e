/**
 * What a plan's own operations take away with them. Making a device again
 * drops its addresses, routes, settings and nexthops; deleting a nexthop
 * empties groups, and an empty group drops its routes. Planning with that in
 * view lets one pass reach the desired state.
 */
import type {
  KernelObserved,
  Netns,
  NexthopState,
  RouteState,
  SysctlState,
  TunnelState,
  VethState,
} from '../model/kernel.js';
import { nexthopKey } from '../model/kernel-order.js';
import { EDGE_DEVICE } from '../model/naming.js';

const deviceKey = (netns: Netns, device: string): string => `${netns} ${device}`;
const sourceKey = (netns: Netns, address: string): string => `${netns} ${address}`;

/** Namespaces and devices that the plan creates or repairs. */
export class Disturbance {
  private readonly namespaces: ReadonlySet<Netns>;
  private readonly devices: ReadonlySet<string>;

  constructor(namespaces: readonly Netns[], veths: readonly VethState[], tunnels: readonly TunnelState[]) {
    this.namespaces = new Set(namespaces);
    this.devices = new Set([
      ...veths.flatMap(({ name, netns }) => [deviceKey('', name), deviceKey(netns, EDGE_DEVICE)]),
      ...tunnels.map(({ netns, name }) => deviceKey(netns, name)),
    ]);
  }

  ofNamespace(netns: Netns): boolean {
    return this.namespaces.has(netns);
  }

  ofDevice(netns: Netns, device: string): boolean {
    return this.namespaces.has(netns) || (this.devices.size > 0 && this.devices.has(deviceKey(netns, device)));
  }

  /** A setting is lost with its namespace or its device; `all` and `default` stand for no device. */
  ofSysctl({ netns, key }: SysctlState): boolean {
    const device = /^net\.ipv[46]\.conf\.([^.]+)\./.exec(key)?.[1]?.replaceAll('/', '.');
    return this.ofNamespace(netns) || (device !== undefined && this.ofDevice(netns, device));
  }
}

/** Keys of nexthops that may vanish: those removed, those on disturbed devices, and every group that holds one of them. */
export function lostNexthops(
  observed: KernelObserved,
  removed: readonly NexthopState[],
  disturbance: Disturbance,
): ReadonlySet<string> {
  const lost = new Set(removed.map(nexthopKey));
  for (const nexthop of observed.nexthops) {
    const { netns, target } = nexthop;
    const gone = target.kind === 'device' ? disturbance.ofDevice(netns, target.device) : disturbance.ofNamespace(netns);
    if (gone) lost.add(nexthopKey(nexthop));
  }
  for (const group of observed.nexthops) {
    const { netns, target } = group;
    if (target.kind === 'group' && target.members.some(({ id }) => lost.has(nexthopKey({ netns, id })))) {
      lost.add(nexthopKey(group));
    }
  }
  return lost;
}

/** Whether a route may vanish under the plan. `sources` are addresses that it takes away. */
export class RouteDisturbance {
  private readonly sources: ReadonlySet<string>;

  constructor(
    private readonly devices: Disturbance,
    private readonly nexthops: ReadonlySet<string>,
    sources: readonly { readonly netns: Netns; readonly address: string }[],
  ) {
    this.sources = new Set(sources.map(({ netns, address }) => sourceKey(netns, address)));
  }

  of({ netns, target }: Pick<RouteState, 'netns' | 'target'>): boolean {
    switch (target.kind) {
      case 'unreachable':
        return this.devices.ofNamespace(netns);
      case 'nexthop':
        if (this.devices.ofNamespace(netns)) return true;
        return this.nexthops.size > 0 && this.nexthops.has(nexthopKey({ netns, id: target.id }));
      case 'via': {
        const source = target.source !== undefined && this.sources.has(sourceKey(netns, target.source));
        return source || this.devices.ofDevice(netns, target.device);
      }
    }
  }
}
