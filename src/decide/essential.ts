/**
 * The essential checks of a server, and what repeated looks prove.
 *
 * They are derived from the fleet, like everything that the guard checks: a
 * guard that has restarted beside a dead agent knows them too.
 */
import type { Prefix } from '../model/address.js';
import type { CheckSpec } from '../model/check.js';
import type { Essential, EssentialCheck, EssentialFinding } from '../model/essential.js';
import type { Customer, ServerView } from '../model/fleet.js';
import { governingChecks, specOf } from './checks.js';
import { DEFAULT_NETNS, netnsOf, tunnelDeviceOf, vethOf } from '../model/naming.js';
import { routedOf } from './routed.js';

const essential = (check: EssentialCheck, prefixes: readonly Prefix[]): Essential => ({
  key: [check.kind, check.netns, ...(check.kind === 'links' ? check.devices : [check.device, check.address])].join(' '),
  check,
  prefixes,
});

const links = (netns: string, devices: readonly string[], prefixes: readonly Prefix[]): readonly Essential[] => {
  const [first, ...more] = devices;
  return first === undefined ? [] : [essential({ kind: 'links', netns, devices: [first, ...more] }, prefixes)];
};

/** Without an uplink or the endpoint nothing is carried; without its veth or any tunnel, one customer's. */
export function essentialsOf({ fleet, server }: ServerView): readonly Essential[] {
  const { covering, endpoints } = fleet.provider;
  const everything = [...covering, ...fleet.customers.flatMap(prefixesOf)];
  return [
    ...links(DEFAULT_NETNS, server.uplinks, everything),
    essential({ kind: 'address', netns: DEFAULT_NETNS, device: 'lo', address: endpoints.gre4 }, everything),
    ...fleet.customers.flatMap((customer) => {
      const prefixes = prefixesOf(customer);
      return [...links(DEFAULT_NETNS, [vethOf(customer.name)], prefixes), ...tunnelsOf(customer, prefixes)];
    }),
  ];
}

const prefixesOf = ({ prefixes }: Customer): readonly Prefix[] => prefixes.map(({ prefix }) => prefix);

/** One check for all prefixes that the same tunnels carry. */
function tunnelsOf(customer: Customer, all: readonly Prefix[]): readonly Essential[] {
  const routed = routedOf(customer);
  const carried = new Map<readonly string[], Prefix[]>();
  for (const prefix of all) {
    const tunnels = routed.get(prefix) ?? UNROUTED;
    const alike = carried.get(tunnels);
    if (alike) alike.push(prefix);
    else carried.set(tunnels, [prefix]);
  }
  // Nearly always the same tunnels carry everything: one list for all who look at it.
  return [...carried].flatMap(([tunnels, prefixes]) =>
    links(netnsOf(customer.name), tunnels.map(tunnelDeviceOf).sort(), prefixes.length === all.length ? all : prefixes),
  );
}

const UNROUTED: readonly string[] = [];

/** How often a guard asks, unless the fleet asks more often. */
const SERVICE_INTERVAL_MS = 200;

/** A check of a service on this machine, as the guard makes it while the agent is away. */
export interface EssentialService extends Proof {
  readonly spec: CheckSpec;
  readonly prefixes: readonly Prefix[];
}

/**
 * Checks whose failure withdraws and proves something about this server. Not
 * those that run programs, which a guard does not; nor those of something far
 * away, on which no server may act without the others.
 */
export function essentialServicesOf(view: ServerView): readonly EssentialService[] {
  return governingChecks(view).flatMap((governing) => {
    const { check, prefixes } = governing;
    const spec = specOf(view, governing);
    if (!spec || spec.probe.kind === 'exec' || spec.remote || check.onDown !== 'withdraw') return [];
    const intervalMs = Math.min(spec.intervalMs, SERVICE_INTERVAL_MS);
    const often = { ...spec, intervalMs, phaseMs: spec.phaseMs % intervalMs };
    return [{ spec: often, prefixes, rise: check.rise, fall: check.fall }];
  });
}

/** What a guard has seen of one check. */
export interface EssentialRecord {
  /** It has been good before this guard's eyes: only then does its absence say anything. */
  readonly seen: boolean;
  /** Looks in a row that contradict the state. */
  readonly against: number;
  /** Why it is proven broken. */
  readonly broken?: string;
}

export const unseen: EssentialRecord = { seen: false, against: 0 };

/** A service that the agent vouched for when it asked for the announcement. */
export const vouchedFor: EssentialRecord = { seen: true, against: 0 };

/** So many looks in a row prove a fault, and so many its end. */
export interface Proof {
  readonly rise: number;
  readonly fall: number;
}

/** For kernel objects. */
const TWO_LOOKS: Proof = { rise: 2, fall: 2 };

/** Without knowledge a record stays as it is, and the row begins anew. */
export function afterLook(
  record: EssentialRecord,
  finding: EssentialFinding,
  { rise, fall }: Proof = TWO_LOOKS,
): EssentialRecord {
  const { broken, seen, against } = record;
  switch (finding.state) {
    case 'unknown':
      return { ...record, against: 0 };
    case 'good':
      if (broken === undefined || against + 1 >= rise) return { seen: true, against: 0 };
      return { seen, against: against + 1, broken };
    case 'broken':
      if (broken !== undefined || !seen) return { ...record, against: 0 };
      return against + 1 >= fall ? { seen, against: 0, broken: finding.detail } : { seen, against: against + 1 };
  }
}
