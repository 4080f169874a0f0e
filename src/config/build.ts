import type { Address } from '../model/address.js';
import type {
  Customer,
  CustomerRoute,
  FirewallRule,
  Fleet,
  Provider,
  Router,
  Safety,
  Server,
  Site,
  Tunnel,
  TunnelProbe,
  Upstream,
} from '../model/fleet.js';
import { checksOf } from './build-checks.js';
import { ownAddresses, type Own } from './check-targets.js';
import { disjointPorts, disjointPrefixes, protocolOf } from './firewall-values.js';
import { largestMtu } from './rules/tunnel-mtu.js';
import type { DraftFirewallRule } from './schema-firewall.js';
import type { DraftSafety } from './schema-safety.js';
import type { DraftRouter, DraftUpstream } from './schema-routers.js';
import type { CompleteDraft, DraftCustomer, DraftProvider, DraftServer, DraftTunnel } from './schema.js';

/** The shortest wait that is no judgement on a distant router, and the longest that any path on Earth needs. */
const TIMEOUT_MS = { least: 100, most: 1_000 } as const;

const defaultTimeout = (intervalMs: number): number =>
  Math.min(Math.max(intervalMs, TIMEOUT_MS.least), TIMEOUT_MS.most);

function providerOf({ asn, endpoints, covering, icmpSource: { v4, v6 }, checks }: DraftProvider, own: Own): Provider {
  return { asn, endpoints, covering, icmpSource: { v4, ...(v6 && { v6 }) }, checks: checksOf(checks, own) };
}

const addresses = ({
  v4,
  v6,
}: {
  v4?: Address | undefined;
  v6?: Address | undefined;
}): { v4?: Address; v6?: Address } => ({
  ...(v4 && { v4 }),
  ...(v6 && { v6 }),
});

const routerOf = (name: string, written: DraftRouter): Router => ({
  name,
  asn: written.asn,
  ...addresses(written),
  hold: written.hold,
  keepalive: written.keepalive ?? Math.min(3, Math.floor(written.hold / 3)),
  ...(written.password !== undefined && { password: written.password }),
  ttlSecurity: written.ttlSecurity,
  gracefulRestart: written.gracefulRestart,
  passive: written.passive,
  multihop: written.multihop ?? 0,
  maxPrefix: {
    ...(written.maxPrefix.v4 === undefined ? {} : { 4: written.maxPrefix.v4 }),
    ...(written.maxPrefix.v6 === undefined ? {} : { 6: written.maxPrefix.v6 }),
  },
  ...idOf(written),
  networks: written.networks,
  upstreams: Object.entries(written.upstreams).map(([upstream, settings]) => upstreamOf(upstream, settings)),
});

const idOf = ({ id, v4 }: DraftRouter): { id?: Address } => {
  const own = id ?? v4;
  return own === undefined ? {} : { id: own };
};

const upstreamOf = (name: string, written: DraftUpstream): Upstream => ({
  name,
  asn: written.asn,
  ...addresses(written),
  ...(written.password !== undefined && { password: written.password }),
});

const serverOf = (name: string, written: DraftServer, provider: DraftProvider): Server => ({
  name,
  asn: written.asn ?? provider.asn,
  ...addresses(written),
  v4: written.v4,
  uplinks: written.uplinks,
  speaker: written.speaker,
});

const siteOf = (name: string, written: CompleteDraft['sites'][string], provider: DraftProvider): Site => ({
  name,
  region: written.region,
  routers: Object.entries(written.routers).map(([router, settings]) => routerOf(router, settings)),
  servers: Object.entries(written.servers).map(([server, settings]) => serverOf(server, settings, provider)),
});

const probeOf = ({ probe, remote }: DraftTunnel): TunnelProbe => ({
  kind: probe.kind,
  target: probe.target ?? remote,
  intervalMs: probe.interval,
  timeoutMs: probe.timeout ?? defaultTimeout(probe.interval),
  rise: probe.rise,
  fall: probe.fall,
});

const tunnelOf = (name: string, written: DraftTunnel): Tunnel => ({
  name,
  remote: written.remote,
  ...(written.key !== undefined && { key: written.key }),
  inner: written.inner,
  ...(written.inner6 && { inner6: written.inner6 }),
  mtu: written.mtu ?? largestMtu(written.key !== undefined),
  probe: probeOf(written),
});

const actionOf = (action: DraftFirewallRule['action']): FirewallRule['action'] =>
  typeof action === 'string' ? action : action.rateLimit;

const firewallRuleOf = (written: DraftFirewallRule): FirewallRule => ({
  name: written.name,
  action: actionOf(written.action),
  ...(written.source && { source: disjointPrefixes(written.source) }),
  ...(written.destination && { destination: disjointPrefixes(written.destination) }),
  ...(written.protocol !== undefined && { protocol: protocolOf(written.protocol) }),
  ...(written.sourcePorts && { sourcePorts: disjointPorts(written.sourcePorts) }),
  ...(written.destinationPorts && { destinationPorts: disjointPorts(written.destinationPorts) }),
});

const customerOf = (name: string, written: DraftCustomer, own: Own): Customer => ({
  name,
  asn: written.asn,
  prefixes: written.prefixes,
  tunnels: Object.entries(written.tunnels).map(([tunnel, settings]) => tunnelOf(tunnel, settings)),
  routes: written.routes satisfies readonly CustomerRoute[],
  firewall: written.firewall.map(firewallRuleOf),
  checks: checksOf(written.checks, own),
});

const safetyOf = ({ holdDown, suspicion, tunnels, ...written }: DraftSafety): Safety => ({
  remoteFault: written.remoteFault,
  lostAgent: written.lostAgent,
  leaseMs: written.lease,
  stopGraceMs: written.stopGrace,
  settleMs: written.settle,
  drainMs: written.drain,
  drainMostMs: written.drainMost,
  bootMaxAgeMs: written.bootMaxAge,
  staleMs: written.stale,
  holdDown: { firstMs: holdDown.first, mostMs: holdDown.most, decayMs: holdDown.decay },
  suspicion: { remotes: suspicion.remotes, windowMs: suspicion.window },
  maxWithdrawnShare: written.maxWithdrawnShare,
  minSites: written.minSites,
  tunnels: {
    degradedLoss: tunnels.degradedLoss,
    degradedFailures: tunnels.degradedFailures,
    windowMs: tunnels.window,
    recoveryProbes: tunnels.recovery,
    fallWindowMs: tunnels.fallWindow,
    degradedPenalty: tunnels.degradedPenalty,
    downPenalty: tunnels.downPenalty,
  },
});

/** The model of a fleet that every rule has accepted: defaults filled in, in the order in which it was written. */
export function buildFleet(written: CompleteDraft, generation: string): Fleet {
  const own = ownAddresses(written);
  return {
    provider: providerOf(written.provider, own),
    sites: Object.entries(written.sites).map(([name, site]) => siteOf(name, site, written.provider)),
    customers: Object.entries(written.customers).map(([name, customer]) => customerOf(name, customer, own)),
    safety: safetyOf(written.safety),
    kernel: written.kernel,
    allowReserved: written.allowReserved,
    generation,
  };
}
