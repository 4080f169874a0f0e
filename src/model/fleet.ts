/**
 * The fleet: what an operator writes down. Everything here has been validated
 * (`src/config`); the rest of the program may rely on the rules stated below.
 */
import type { Address, InterfaceAddress, Prefix } from './address.js';
import type { Check } from './check.js';
import type { MaxPrefix } from './path.js';
import type { HoldDown, Suspicion, TunnelStates } from './safety.js';

export interface Fleet {
  readonly provider: Provider;
  readonly sites: readonly Site[];
  readonly customers: readonly Customer[];
  readonly safety: Safety;
  readonly kernel: KernelNumbers;
  /** A lab, in which documentation and private numbers stand for public ones. */
  readonly allowReserved: boolean;
  /** Short hash of the source text; two processes that read the same fleet agree on it. */
  readonly generation: string;
}

export interface Provider {
  /** Origin of the covering prefixes and first ASN in front of customers' prefixes. */
  readonly asn: number;
  readonly endpoints: Endpoints;
  /** Announced only while this server can decapsulate. Every endpoint lies inside one of them. */
  readonly covering: readonly Prefix[];
  /** Source of ICMP errors sent from inside customers' namespaces. Public, or path-MTU discovery breaks. */
  readonly icmpSource: { readonly v4: Address; readonly v6?: Address };
  /** Govern everything that a server announces, covering prefixes included. */
  readonly checks: readonly Check[];
}

/** Anycast addresses that terminate tunnels, the same on every server. */
export interface Endpoints {
  readonly gre4: Address;
}

export interface Site {
  readonly name: string;
  readonly region: string;
  readonly routers: readonly Router[];
  readonly servers: readonly Server[];
}

/** A site's own router: not ours, it spreads flows over our servers. */
export interface Router {
  readonly name: string;
  readonly asn: number;
  /** At least one of the two. */
  readonly v4?: Address;
  readonly v6?: Address;
  /** Seconds; RFC 4271 4.2 and 4.4. `hold` is 0 or at least 3, `keepalive` at most a third of it. */
  readonly hold: number;
  readonly keepalive: number;
  /** TCP MD5 signature key, RFC 2385. */
  readonly password?: string;
  /** GTSM, RFC 5082; eBGP only. */
  readonly ttlSecurity: boolean;
  /**
   * Graceful restart, RFC 4724: seconds for which the router keeps the routes
   * of a session that broke. 0 is off. A router cannot tell a daemon that
   * restarts from a server that died.
   */
  readonly gracefulRestart: number;
  /** It opens the session; our servers only listen. */
  readonly passive: boolean;
  /** TTL of our packets to it, 2 to 255, when it is not on the link; 0 when it is. eBGP only. */
  readonly multihop: number;
  /** Most prefixes that it may send for each family; see `MaxPrefix`. */
  readonly maxPrefix: MaxPrefix;
  /** Router id, RFC 4271 4.2. Absent only where a router has neither an IPv4 address nor upstreams. */
  readonly id?: Address;
  /** The site's own networks, which the router announces itself. No part of what servers announce. */
  readonly networks: readonly Prefix[];
  /** With them the router's configuration can be rendered as a whole. */
  readonly upstreams: readonly Upstream[];
}

/** A network that carries a site's routes into the Internet: eBGP, one session for each address. */
export interface Upstream {
  readonly name: string;
  readonly asn: number;
  /** At least one of the two. */
  readonly v4?: Address;
  readonly v6?: Address;
  /** TCP MD5 signature key, RFC 2385. */
  readonly password?: string;
}

/** The BGP daemon beside a server's guard. */
export type SpeakerKind = 'gobgp' | 'exabgp';

export interface Server {
  readonly name: string;
  /** The provider's ASN unless the site speaks eBGP to its routers. */
  readonly asn: number;
  /** Unicast; next hop of everything this server announces, and source of its probes. */
  readonly v4: Address;
  readonly v6?: Address;
  /** Interfaces on which customers' packets arrive. At least one. */
  readonly uplinks: readonly string[];
  readonly speaker: SpeakerKind;
}

export interface Customer {
  readonly name: string;
  /** Origin AS of the customer's prefixes; the path on the wire is `provider customer`. */
  readonly asn: number;
  readonly prefixes: readonly CustomerPrefix[];
  readonly tunnels: readonly Tunnel[];
  readonly routes: readonly CustomerRoute[];
  readonly firewall: readonly FirewallRule[];
  readonly checks: readonly Check[];
}

export interface CustomerPrefix {
  readonly prefix: Prefix;
  /** False: carried and tunnelled when traffic comes, but not announced. */
  readonly advertise: boolean;
  /** An operator may announce it nevertheless, prefix by prefix: inside the gate, and off the wire until then. */
  readonly onDemand?: boolean;
}

/** Whether servers may announce it, always or on demand. */
export const isAnnounceable = ({ advertise, onDemand }: CustomerPrefix): boolean => advertise || onDemand === true;

/** Everything that servers may announce. */
export const announceable = ({ provider, customers }: Fleet): readonly Prefix[] => [
  ...provider.covering,
  ...customers.flatMap(({ prefixes }) => prefixes.filter(isAnnounceable).map(({ prefix }) => prefix)),
];

/** GRE (RFC 2784, RFC 2890) between the endpoint and a customer's router. */
export interface Tunnel {
  readonly name: string;
  /** The customer router's public IPv4 address. */
  readonly remote: Address;
  readonly key?: number;
  /** Our address inside the tunnel. */
  readonly inner: InterfaceAddress;
  readonly inner6?: InterfaceAddress;
  /** Of the inner packet; the outer adds 24 bytes, 28 with a key. */
  readonly mtu: number;
  readonly probe: TunnelProbe;
}

/**
 * ICMP echo through the tunnel. `request`: the target answers, outside the
 * tunnel, to the probing server's unicast address. `reply`: the answer itself
 * goes through the tunnel, with the target as its source; the customer's
 * router only has to forward it.
 */
export interface TunnelProbe {
  readonly kind: 'request' | 'reply';
  /** The tunnel's remote unless the fleet says otherwise. A Linux router forwards replies from an address of its own only with `accept_local`. */
  readonly target: Address;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Consecutive successes until up, consecutive failures until down. */
  readonly rise: number;
  readonly fall: number;
}

export interface CustomerRoute {
  readonly prefix: Prefix;
  readonly tunnel: string;
  /** Lower wins. */
  readonly priority: number;
  /** Share among routes of equal priority, 1 to 256. */
  readonly weight: number;
  /** It counts at these sites and in these regions; everywhere when both are absent. Neither is ever empty. */
  readonly sites?: readonly string[];
  readonly regions?: readonly string[];
}

export type Protocol = 'tcp' | 'udp' | 'icmp' | 'icmpv6' | 'gre' | 'esp' | number;
export type PortRange = readonly [from: number, to: number];

/** First match decides; what matches no rule is permitted. Absent fields match everything. */
export interface FirewallRule {
  readonly name: string;
  readonly action: 'drop' | 'permit' | { readonly packetsPerSecond: number; readonly burst: number };
  readonly source?: readonly Prefix[];
  readonly destination?: readonly Prefix[];
  readonly protocol?: Protocol;
  readonly sourcePorts?: readonly PortRange[];
  readonly destinationPorts?: readonly PortRange[];
}

export interface Safety {
  /** What a customer whose every tunnel is down does to this server's announcement of it. A lone server has no fleet view, so `degrade` is the default. */
  readonly remoteFault: 'degrade' | 'withdraw';
  /** What follows `stopGrace` after an agent died without a hand-over. */
  readonly lostAgent: 'degrade' | 'drain';
  /** Time-to-live of the desired set handed to the guard. */
  readonly leaseMs: number;
  /** How long the guard keeps the wire after a hand-over. */
  readonly stopGraceMs: number;
  /** Between "confirmed withdrawn" and anything being torn down: routers' FIBs lag their RIBs. */
  readonly settleMs: number;
  /** How long a drain stays degraded at least before it withdraws. */
  readonly drainMs: number;
  /** And at most, while customers' packets still arrive. */
  readonly drainMostMs: number;
  /** A server that has not run for longer announces nothing until an operator has confirmed. */
  readonly bootMaxAgeMs: number;
  /** How long facts may be unknown before the level that they keep is degraded. */
  readonly staleMs: number;
  readonly holdDown: HoldDown;
  readonly suspicion: Suspicion;
  /** Share of the prefixes, 0 to 1, that may be withdrawn at once for what happens at customers, or be dropped by one new fleet; one customer always may. */
  readonly maxWithdrawnShare: number;
  /** Sites that go on announcing a prefix when one asks to withdraw it for what happens at the customer. Needs the fleet's view. */
  readonly minSites: number;
  readonly tunnels: TunnelStates;
}

/** Numbers by which our kernel objects are told from everybody else's. */
export interface KernelNumbers {
  readonly mark: number;
  readonly mask: number;
  /** Routing table of customers' prefixes. */
  readonly table: number;
  /** Protocol number on every route we install (rtnetlink(7), rtm_protocol). */
  readonly protocol: number;
  /** Preference of our one rule per family and uplink. */
  readonly rulePreference: number;
}

/** Whether a route counts at a site. */
export const isInScope = (
  { sites, regions }: Pick<CustomerRoute, 'sites' | 'regions'>,
  { name, region }: Pick<Site, 'name' | 'region'>,
): boolean => (!sites && !regions) || sites?.includes(name) === true || regions?.includes(region) === true;

/** One server and what it stands in. */
export interface ServerView {
  /** With those routes only that count here. Tunnels are everywhere: whatever comes out of one may arrive at any server. */
  readonly fleet: Fleet;
  readonly site: Site;
  readonly server: Server;
}

/** Finds a server by name; `undefined` when the fleet has none of that name. */
export function viewOf(fleet: Fleet, serverName: string): ServerView | undefined {
  for (const site of fleet.sites) {
    const server = site.servers.find((candidate) => candidate.name === serverName);
    if (server) return { fleet: fleetAt(fleet, site), site, server };
  }
  return undefined;
}

function fleetAt(fleet: Fleet, site: Site): Fleet {
  const customers = fleet.customers.map((customer) => {
    const routes = customer.routes.filter((route) => isInScope(route, site));
    return routes.length === customer.routes.length ? customer : { ...customer, routes };
  });
  return customers.every((customer, index) => customer === fleet.customers[index]) ? fleet : { ...fleet, customers };
}

/** iBGP when the router's ASN is the server's own (RFC 4271 1.1). */
export const isInternal = (server: Server, router: Router): boolean => server.asn === router.asn;
