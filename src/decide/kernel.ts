/** What this server's kernel shall hold. Every server carries every customer. */
import { bitsOf, familyOf, prefix, type Address, type Family, type Prefix } from '../model/address.js';
import { EDGE_INSIDE, EDGE_OUTSIDE } from '../model/edge.js';
import type { Customer, Fleet, ServerView } from '../model/fleet.js';
import type { TunnelHealth } from '../model/health.js';
import {
  TABLE_MAIN,
  type AddressState,
  type Hashing,
  type KernelDesired,
  type Netns,
  type RouteState,
  type RouteTarget,
  type RuleState,
  type RulesetState,
  type TunnelState,
} from '../model/kernel.js';
import { inOrder, nexthopKey, sortedBy } from '../model/kernel-order.js';
import { DEFAULT_NETNS, EDGE_DEVICE, netnsOf, tunnelDeviceOf, vethOf } from '../model/naming.js';
import { once } from '../model/once.js';
import { gathered } from '../model/routes-alike.js';
import { nexthopsOf, pathsOf } from './nexthops.js';
import { customerSysctls, sharedSysctls } from './sysctls.js';

export interface KernelInputs {
  readonly tunnelHealth: (customer: string, tunnel: string) => TunnelHealth;
  /** Rendered firewall text, one per namespace. */
  readonly rulesets: readonly RulesetState[];
  /** What this kernel's nexthop groups can do. */
  readonly hashing: Hashing['kind'];
}

const LOOPBACK = 'lo';

const FAMILIES: readonly Family[] = [4, 6];
const EVERYTHING: Readonly<Record<Family, Prefix>> = { 4: prefix('0.0.0.0/0'), 6: prefix('::/0') };

/** Equal inputs give deeply equal answers, sorted by key. Whatever no tunnel's health changes is the same objects as before. */
export function desiredKernel(view: ServerView, { tunnelHealth, rulesets, hashing }: KernelInputs): KernelDesired {
  const { customers, safety } = view.fleet;
  const nexthops = customers.flatMap((customer) =>
    nexthopsOf(customer, (tunnel) => tunnelHealth(customer.name, tunnel), safety.tunnels, hashing),
  );
  return { ...frameOf(view, hashing, rulesets), nexthops: sortedBy(nexthops, nexthopKey) };
}

/** All but the nexthops: what no tunnel's health changes. */
const frameOf = once((view: ServerView, hashing: Hashing['kind'], rulesets: readonly RulesetState[]) => {
  const { customers } = view.fleet;
  const veths = customers.map(({ name }) => vethOf(name));
  const inside = customers.map((customer) => insideOf(customer, view.fleet, hashing));
  return inOrder({
    namespaces: customers.map(({ name }) => ({ name: netnsOf(name), customer: name })),
    veths: customers.map(({ name }) => ({ name: vethOf(name), customer: name, netns: netnsOf(name), ready: true })),
    addresses: [endpointAddress(view), ...inside.flatMap(({ addresses }) => addresses)],
    rules: rulesOf(view),
    routes: gathered([...sharedRoutes(view), ...inside.flatMap(({ routes }) => routes)]),
    nexthops: [],
    sysctls: [...sharedSysctls(DEFAULT_NETNS, view.server.uplinks, veths), ...inside.flatMap(({ sysctls }) => sysctls)],
    tunnels: inside.flatMap(({ tunnels }) => tunnels),
    rulesets,
  });
});

const onLoopback = (netns: Netns, own: Address): AddressState => ({
  netns,
  device: LOOPBACK,
  address: own,
  length: bitsOf(familyOf(own)),
});

/** The anycast address that terminates tunnels. */
const endpointAddress = ({ fleet }: ServerView): AddressState =>
  onLoopback(DEFAULT_NETNS, fleet.provider.endpoints.gre4);

/** What the firewall marks on an uplink is looked up in our table. */
function rulesOf({ fleet, server }: ServerView): readonly RuleState[] {
  const { mark, mask, table, rulePreference: preference } = fleet.kernel;
  return server.uplinks.flatMap((iif) => FAMILIES.map((family) => ({ family, iif, mark, mask, table, preference })));
}

const route = (netns: Netns, table: number, destination: Prefix, target: RouteTarget): RouteState => ({
  netns,
  family: familyOf(destination),
  table,
  destination,
  target,
});

/** In the default namespace. What nobody carries ends here instead of circling between us and our routers. */
function sharedRoutes({ fleet }: ServerView): readonly RouteState[] {
  const { table } = fleet.kernel;
  const unreachable: RouteTarget = { kind: 'unreachable' };
  return [
    ...fleet.provider.covering.map((covering) => route(DEFAULT_NETNS, TABLE_MAIN, covering, unreachable)),
    ...FAMILIES.map((family) => route(DEFAULT_NETNS, table, EVERYTHING[family], unreachable)),
    ...fleet.customers.flatMap((customer) => {
      const inside: RouteTarget = { kind: 'via', device: vethOf(customer.name), via: EDGE_INSIDE };
      return customer.prefixes.map((own) => route(DEFAULT_NETNS, table, own.prefix, inside));
    }),
  ];
}

/** All but the nexthops. */
function insideOf(customer: Customer, { provider }: Fleet, hashing: Hashing['kind']) {
  const netns = netnsOf(customer.name);
  const { icmpSource, endpoints } = provider;
  const sources = [icmpSource.v4, ...(icmpSource.v6 === undefined ? [] : [icmpSource.v6])];
  return {
    addresses: [...sources.map((source) => onLoopback(netns, source)), ...innerAddresses(netns, customer)],
    routes: [
      ...pathsOf(customer, hashing).map(({ prefix: destination, target }) =>
        route(netns, TABLE_MAIN, destination, target),
      ),
      ...FAMILIES.map((family) => wayOut(netns, family, family === 4 ? icmpSource.v4 : icmpSource.v6)),
    ],
    sysctls: customerSysctls(
      netns,
      EDGE_DEVICE,
      customer.tunnels.map(({ name }) => tunnelDeviceOf(name)),
    ),
    tunnels: customer.tunnels.map((tunnel): TunnelState => ({
      netns,
      name: tunnelDeviceOf(tunnel.name),
      local: endpoints.gre4,
      remote: tunnel.remote,
      ...(tunnel.key === undefined ? {} : { key: tunnel.key }),
      mtu: tunnel.mtu,
      up: true,
    })),
  };
}

/** ICMP errors and decapsulated packets leave by the edge; its source is what errors carry (RFC 1812 4.3.2.4). */
const wayOut = (netns: Netns, family: Family, source: Address | undefined): RouteState =>
  route(netns, TABLE_MAIN, EVERYTHING[family], {
    kind: 'via',
    device: EDGE_DEVICE,
    via: EDGE_OUTSIDE,
    ...(source === undefined ? {} : { source }),
  });

const innerAddresses = (netns: Netns, customer: Customer): readonly AddressState[] =>
  customer.tunnels.flatMap(({ name, inner, inner6 }) =>
    [inner, ...(inner6 === undefined ? [] : [inner6])].map(({ address: own, length }) => ({
      netns,
      device: tunnelDeviceOf(name),
      address: own,
      length,
    })),
  );
