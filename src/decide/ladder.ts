/**
 * The ladder: how strongly this server announces each prefix, and why.
 *
 * A proven fault withdraws; missing knowledge keeps the level that stands.
 * What the guard makes of it (lease, drain, gate) is decided in `wire.ts`.
 */
import { comparePrefix, overlaps, type Prefix } from '../model/address.js';
import type { Customer, CustomerPrefix, Safety, ServerView } from '../model/fleet.js';
import type { TunnelHealth } from '../model/health.js';
import type { Level } from '../model/level.js';
import type { Announcement } from '../model/path.js';
import type { Reason, ReasonCode } from '../model/reason.js';
import type { DataPlaneVerdict, Verdict } from '../model/verdict.js';

export interface LadderFacts {
  readonly dataPlane: DataPlaneVerdict;
  tunnelHealth(customer: string, tunnel: string): TunnelHealth;
}

interface Decision {
  readonly level: Level;
  readonly reasons: readonly Reason[];
}

const because = (level: Level, code: ReasonCode, detail?: string): Decision => ({
  level,
  reasons: [detail === undefined ? { code } : { code, detail }],
});

/**
 * The complete set of announcements of one server, sorted by prefix; withdrawn
 * ones are listed with their reasons. `standing` holds the levels asked for
 * last, which missing knowledge keeps.
 */
export function climb(
  view: ServerView,
  facts: LadderFacts,
  standing: ReadonlyMap<Prefix, Level>,
): readonly Announcement[] {
  const covering = view.fleet.provider.covering.map((prefix) => ({
    prefix,
    asPath: [],
    ...coveringLevel(facts.dataPlane.endpoint, standing.get(prefix)),
  }));
  const customers = view.fleet.customers.flatMap((customer) =>
    customer.prefixes.map((entry) => ({
      prefix: entry.prefix,
      asPath: customer.asn === view.server.asn ? [] : [customer.asn],
      ...customerLevel(customer, entry, facts, standing.get(entry.prefix), view.fleet.safety),
    })),
  );
  return [...covering, ...customers].sort((a, b) => comparePrefix(a.prefix, b.prefix));
}

function coveringLevel(endpoint: Verdict, standing: Level | undefined): Decision {
  switch (endpoint.state) {
    case 'verified':
      return because('full', 'healthy');
    case 'fault':
      return because('withdrawn', 'endpoint-fault', endpoint.details.join('; '));
    case 'unknown':
      return unknownDataPlane(endpoint.detail, standing);
  }
}

function unknownDataPlane(detail: string, standing: Level | undefined): Decision {
  return standing === undefined
    ? because('withdrawn', 'data-plane-pending', detail)
    : because(standing, 'data-plane-unknown', detail);
}

function customerLevel(
  customer: Customer,
  entry: CustomerPrefix,
  facts: LadderFacts,
  standing: Level | undefined,
  safety: Safety,
): Decision {
  if (!entry.advertise) return because('withdrawn', 'not-advertised');
  const { endpoint, customers } = facts.dataPlane;
  const own: Verdict = customers.get(customer.name) ?? { state: 'unknown', detail: 'not judged yet' };
  if (endpoint.state === 'fault') return because('withdrawn', 'endpoint-fault', endpoint.details.join('; '));
  if (own.state === 'fault') return because('withdrawn', 'data-plane-fault', own.details.join('; '));
  if (endpoint.state === 'unknown') return unknownDataPlane(endpoint.detail, standing);
  if (own.state === 'unknown') return unknownDataPlane(own.detail, standing);
  return remoteLevel(customer, entry.prefix, facts, standing, safety);
}

function remoteLevel(
  customer: Customer,
  prefix: Prefix,
  facts: LadderFacts,
  standing: Level | undefined,
  safety: Safety,
): Decision {
  const routes = customer.routes.filter((route) => overlaps(route.prefix, prefix));
  const tunnels = [...new Set(routes.map((route) => route.tunnel))];
  if (tunnels.length === 0) return because('withdrawn', 'no-route');
  const byHealth = (health: TunnelHealth): readonly string[] =>
    tunnels.filter((tunnel) => facts.tunnelHealth(customer.name, tunnel) === health);
  const carrying = [...byHealth('up'), ...byHealth('degraded')];
  const [down, unknown] = [byHealth('down'), byHealth('unknown')];
  if (carrying.length > 0) {
    return because('full', 'healthy', down.length > 0 ? `tunnels down: ${down.join(', ')}` : undefined);
  }
  if (unknown.length > 0) {
    const detail = `no verdict on ${unknown.join(', ')}`;
    return standing === undefined || standing === 'withdrawn'
      ? because('withdrawn', 'tunnels-pending', detail)
      : because(standing, 'tunnels-unknown', detail);
  }
  const level = safety.remoteFault === 'withdraw' ? 'withdrawn' : 'degraded';
  return because(level, 'tunnels-down', down.join(', '));
}
