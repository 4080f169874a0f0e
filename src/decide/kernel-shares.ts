/** A kernel's objects divided among customers, in one walk however many customers there are. */
import type { Fleet, ServerView } from '../model/fleet.js';
import type { KernelDesired, Netns, RouteState, SysctlState } from '../model/kernel.js';
import { DEFAULT_NETNS, netnsOf, vethOf } from '../model/naming.js';
import { once } from '../model/once.js';

type Divided<K extends keyof KernelDesired> = { [P in K]: KernelDesired[P][number][] };

/** Objects that are one customer's, or nobody's in particular. */
export interface Share extends Divided<Exclude<keyof KernelDesired, 'rulesets' | 'routes'>> {
  readonly routes: readonly RouteState[];
}

export interface Shares {
  /** Of the default namespace, without what belongs to a customer there. */
  readonly common: Share;
  ofCustomer(name: string): Share;
}

const shareOf = (routes: readonly RouteState[] = []): Share => ({
  namespaces: [],
  veths: [],
  addresses: [],
  rules: [],
  routes,
  nexthops: [],
  sysctls: [],
  tunnels: [],
});

/** A customer owns its namespace and, in the default one, the outer veth with its routes and settings. */
export function sharesOf({ fleet }: ServerView, kernel: Omit<KernelDesired, 'rulesets'>): Shares {
  const { common: commonRoutes, byCustomer } = routesByOwner(kernel.routes, fleet);
  const common = shareOf(commonRoutes);
  const shares = new Map(fleet.customers.map(({ name }) => [name, shareOf(byCustomer.get(name))]));
  const at = placesOf(fleet, shares, common);
  for (const item of kernel.namespaces) shares.get(item.customer)?.namespaces.push(item);
  for (const item of kernel.veths) shares.get(item.customer)?.veths.push(item);
  for (const item of kernel.addresses) at(item.netns)?.addresses.push(item);
  for (const item of kernel.nexthops) at(item.netns)?.nexthops.push(item);
  for (const item of kernel.sysctls) at(item.netns, deviceOfSysctl(item))?.sysctls.push(item);
  for (const item of kernel.tunnels) at(item.netns)?.tunnels.push(item);
  common.rules.push(...kernel.rules);
  return { common, ofCustomer: (name) => shares.get(name) ?? shareOf() };
}

/** Routes are by far the most, and nearly always those of the last time. */
const routesByOwner = once((routes: readonly RouteState[], fleet: Fleet) => {
  const common: RouteState[] = [];
  const byCustomer = new Map(fleet.customers.map(({ name }): [string, RouteState[]] => [name, []]));
  const at = placesOf(fleet, byCustomer, common);
  for (const route of routes) at(route.netns, deviceOfRoute(route))?.push(route);
  return { common, byCustomer };
});

/** Which of the `shares` has what stands in a namespace, or is a device's in the default one. */
function placesOf<T>(
  { customers }: Fleet,
  shares: ReadonlyMap<string, T>,
  common: T,
): (netns: Netns, device?: string) => T | undefined {
  const byNetns = new Map(customers.map(({ name }) => [netnsOf(name), shares.get(name)]));
  const byVeth = new Map(customers.map(({ name }) => [vethOf(name), shares.get(name)]));
  return (netns, device) =>
    netns === DEFAULT_NETNS ? ((device === undefined ? undefined : byVeth.get(device)) ?? common) : byNetns.get(netns);
}

const deviceOfRoute = ({ target }: RouteState): string | undefined =>
  target.kind === 'via' ? target.device : undefined;

const deviceOfSysctl = ({ key }: SysctlState): string | undefined => /\.conf\.([^.]+)\./.exec(key)?.[1];
