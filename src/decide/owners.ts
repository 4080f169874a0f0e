/**
 * Whose prefixes a server announces. Most of a customer's are alike: the same
 * tunnels carry them, the same checks govern them. What is found out about one
 * holds for all of its kind, so that very many cost hardly more than a few.
 */
import { comparePrefix, type Prefix } from '../model/address.js';
import type { Customer, CustomerPrefix, ServerView } from '../model/fleet.js';
import { once } from '../model/once.js';
import { routedOf } from './routed.js';

export interface Owner {
  /** Absent for the provider, who owns the covering prefixes. */
  readonly customer?: Customer;
  /** AS_SEQUENCE at full level; see `Announcement`. */
  readonly asPath: readonly number[];
  readonly prefixes: readonly Prefix[];
  /** Where each of them stands among all prefixes of the server, in the order of `comparePrefix`. */
  readonly places: ArrayLike<number>;
  readonly kinds: readonly Kind[];
}

/** Prefixes that only their history can tell apart. */
export interface Kind {
  /** Indices of the owner's prefixes; at least one. */
  readonly members: readonly number[];
  /** One of them, to ask about all. */
  readonly one: CustomerPrefix;
  /** Names of those that carry them. */
  readonly tunnels: readonly string[];
}

export const ownership = once((view: ServerView): readonly Owner[] => {
  const { provider, customers } = view.fleet;
  const owners = [
    {
      asPath: [],
      ...membersOf(
        provider.covering.map((prefix) => ({ prefix, advertise: true })),
        () => NO_TUNNELS,
      ),
    },
    ...customers.map((customer) => {
      const routed = routedOf(customer);
      return {
        customer,
        asPath: customer.asn === view.server.asn ? [] : [customer.asn],
        ...membersOf(customer.prefixes, ({ prefix }) => routed.get(prefix) ?? NO_TUNNELS, choosy(customer)),
      };
    }),
  ];
  const all = owners.flatMap(({ prefixes }) => prefixes);
  const places = new Uint32Array(all.length);
  const order = [...all.keys()].sort((a, b) => comparePrefix(all[a] ?? NONE, all[b] ?? NONE));
  for (const [place, index] of order.entries()) places[index] = place;
  let first = 0;
  return owners.map((owner) => ({ ...owner, places: places.subarray(first, (first += owner.prefixes.length)) }));
});

const NO_TUNNELS: readonly string[] = [];
const NONE = '' as Prefix;

/** Checks that govern some of the customer's prefixes only, by these. */
function choosy({ checks }: Customer): ReadonlyMap<Prefix, string> {
  const chosen = new Map<Prefix, string>();
  for (const [index, { prefixes = [] }] of checks.entries()) {
    for (const prefix of prefixes) chosen.set(prefix, `${chosen.get(prefix) ?? ''} ${index}`);
  }
  return chosen;
}

function membersOf(
  entries: readonly CustomerPrefix[],
  tunnelsOf: (entry: CustomerPrefix) => readonly string[],
  chosen: ReadonlyMap<Prefix, string> = new Map(),
): Pick<Owner, 'prefixes' | 'kinds'> {
  const kinds = new Map<string, Kind & { readonly members: number[] }>();
  for (const [index, one] of entries.entries()) {
    const tunnels = tunnelsOf(one);
    const key = `${one.advertise} ${one.onDemand} ${tunnels.join()} ${chosen.get(one.prefix)}`;
    const kind = kinds.get(key);
    if (kind) kind.members.push(index);
    else kinds.set(key, { members: [index], one, tunnels });
  }
  return { prefixes: entries.map(({ prefix }) => prefix), kinds: [...kinds.values()] };
}
