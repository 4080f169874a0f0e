/** The checks of one server: what they govern, and how they run there. */
import type { Address, Prefix } from '../model/address.js';
import type { ActiveProbe, Check, CheckAddress, CheckKey, CheckSpec } from '../model/check.js';
import type { Customer, ServerView } from '../model/fleet.js';
import { DEFAULT_NETNS, fnv1a, netnsOf, tunnelDeviceOf } from '../model/naming.js';

export interface GoverningCheck {
  readonly key: CheckKey;
  readonly check: Check;
  /** `undefined` for the provider's, which govern everything on the server. */
  readonly customer?: Customer;
  /** Sorted as the fleet has them. */
  readonly prefixes: readonly Prefix[];
}

/** Every check that says something at this server: a `bgp` check of another site's router does not. */
export function governingChecks(view: ServerView): readonly GoverningCheck[] {
  const { customers } = view.fleet;
  const all: readonly GoverningCheck[] = [
    ...providersChecks(view),
    ...customers.flatMap((customer) =>
      customer.checks.map((check) => ({
        key: `customers/${customer.name}/${check.name}`,
        check,
        customer,
        prefixes: check.prefixes ?? prefixesOf(customer),
      })),
    ),
  ];
  return all.filter(({ check: { probe } }) => probe.kind !== 'bgp' || isAtSite(view, probe.router));
}

function providersChecks({ fleet: { provider, customers } }: ServerView): readonly GoverningCheck[] {
  // Of very many prefixes no list is made that nobody asks for.
  if (provider.checks.length === 0) return [];
  const prefixes = [...provider.covering, ...customers.flatMap(prefixesOf)];
  return provider.checks.map((check) => ({ key: `provider/${check.name}`, check, prefixes }));
}

const prefixesOf = ({ prefixes }: Customer): readonly Prefix[] => prefixes.map(({ prefix }) => prefix);

const isAtSite = ({ site }: ServerView, router: string): boolean => site.routers.some(({ name }) => name === router);

/** What the checker of this server runs; `bgp` checks are read from the guard's wire state instead. */
export const checkSpecsOf = (view: ServerView): readonly CheckSpec[] =>
  governingChecks(view).flatMap((governing) => specOf(view, governing) ?? []);

/** How it runs there; `undefined` for what the checker does not run. */
export function specOf(view: ServerView, { key, check, customer }: GoverningCheck): CheckSpec | undefined {
  const probe = resolved(view, check);
  if (probe === undefined) return undefined;
  const through = probe.kind === 'icmp' ? probe.through : undefined;
  const isInside = customer !== undefined && (check.inside || through !== undefined);
  return {
    key,
    probe,
    netns: isInside ? netnsOf(customer.name) : DEFAULT_NETNS,
    ...(through !== undefined && { device: tunnelDeviceOf(through) }),
    ...(check.source !== undefined && { source: addressOf(view, check.source) }),
    remote: check.remote,
    intervalMs: check.intervalMs,
    timeoutMs: check.timeoutMs,
    phaseMs: fnv1a(`${view.server.name} ${key}`) % check.intervalMs,
  };
}

function resolved(view: ServerView, { probe }: Check): ActiveProbe | undefined {
  switch (probe.kind) {
    case 'icmp':
    case 'tcp':
    case 'http':
      return { ...probe, target: addressOf(view, probe.target) };
    case 'exec':
      return probe;
    case 'bgp':
      return undefined;
  }
}

/** Configuration refuses `self6` where a server has no IPv6 address. */
function addressOf({ server }: ServerView, written: CheckAddress): Address {
  if (written === 'self') return server.v4;
  return written === 'self6' ? (server.v6 ?? server.v4) : written;
}
