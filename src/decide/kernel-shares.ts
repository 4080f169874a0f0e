/** A kernel's objects divided among customers, in one walk however many customers there are. */
import type { ServerView } from '../model/fleet.js';
import type { KernelDesired, Netns, RoutesAlike, SysctlState } from '../model/kernel.js';
import { DEFAULT_NETNS, netnsOf, vethOf } from '../model/naming.js';

/** Objects that are one customer's, or nobody's in particular. */
export type Share = { [P in Exclude<keyof KernelDesired, 'rulesets'>]: KernelDesired[P][number][] };

export interface Shares {
  /** Of the default namespace, without what belongs to a customer there. */
  readonly common: Share;
  ofCustomer(name: string): Share;
}

const nothing = (): Share => ({
  namespaces: [],
  veths: [],
  addresses: [],
  rules: [],
  routes: [],
  nexthops: [],
  sysctls: [],
  tunnels: [],
});

/** A customer owns its namespace and, in the default one, the outer veth with its routes and settings. */
export function sharesOf({ fleet }: ServerView, kernel: Omit<KernelDesired, 'rulesets'>): Shares {
  const common = nothing();
  const shares = new Map(fleet.customers.map(({ name }) => [name, nothing()]));
  const byNetns = new Map([...shares].map(([name, share]) => [netnsOf(name), share]));
  const byVeth = new Map([...shares].map(([name, share]) => [vethOf(name), share]));
  const at = (netns: Netns, device?: string): Share | undefined =>
    netns === DEFAULT_NETNS ? ((device === undefined ? undefined : byVeth.get(device)) ?? common) : byNetns.get(netns);
  for (const item of kernel.namespaces) shares.get(item.customer)?.namespaces.push(item);
  for (const item of kernel.veths) shares.get(item.customer)?.veths.push(item);
  for (const item of kernel.addresses) at(item.netns)?.addresses.push(item);
  for (const item of kernel.routes) at(item.netns, deviceOfRoutes(item))?.routes.push(item);
  for (const item of kernel.nexthops) at(item.netns)?.nexthops.push(item);
  for (const item of kernel.sysctls) at(item.netns, deviceOfSysctl(item))?.sysctls.push(item);
  for (const item of kernel.tunnels) at(item.netns)?.tunnels.push(item);
  common.rules.push(...kernel.rules);
  return { common, ofCustomer: (name) => shares.get(name) ?? nothing() };
}

const deviceOfRoutes = ({ target }: RoutesAlike): string | undefined =>
  target.kind === 'via' ? target.device : undefined;

const deviceOfSysctl = ({ key }: SysctlState): string | undefined => /\.conf\.([^.]+)\./.exec(key)?.[1];
