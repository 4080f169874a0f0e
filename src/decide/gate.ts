/**
 * The origination gate: which prefixes this server may announce, and with
 * which origin. The same list stands a second time inside the speaker, as a
 * default-reject policy.
 */
import { familyOf, type Prefix } from '../model/address.js';
import { isAnnounceable, type ServerView } from '../model/fleet.js';
import { inOrder, placesIn } from '../model/in-order.js';

/** AS_SEQUENCE behind the provider's own ASN: empty for the provider's prefixes, the customer's ASN for a customer's. */
export type Origin = readonly number[];

export interface Gate {
  /** What the speaker's barrier lets through, sorted. */
  readonly allow: readonly Prefix[];
  /** In the places of `allow`. */
  readonly origins: readonly Origin[];
  /** Why a prefix that the fleet names is outside nevertheless. */
  readonly excluded: ReadonlyMap<Prefix, string>;
}

/** Opens for the covering prefixes and for every customer prefix that is advertised, always or on demand; exact prefixes only. */
export function gateOf(view: ServerView): Gate {
  const admitted = new Map<Prefix, Origin>();
  const excluded = new Map<Prefix, string>();
  const admit = (prefix: Prefix, origin: Origin): void => {
    if (familyOf(prefix) === 6 && view.server.v6 === undefined) {
      excluded.set(prefix, `${view.server.name} has no v6 address that could be the next hop`);
    } else {
      admitted.set(prefix, origin);
    }
  };
  for (const prefix of view.fleet.provider.covering) admit(prefix, []);
  for (const customer of view.fleet.customers) {
    const origin = [customer.asn];
    for (const carried of customer.prefixes) {
      if (isAnnounceable(carried)) admit(carried.prefix, origin);
      else excluded.set(carried.prefix, 'the fleet says advertise: false');
    }
  }
  const sorted = inOrder([...admitted], ([prefix]) => prefix);
  return { allow: sorted.map(([prefix]) => prefix), origins: sorted.map(([, origin]) => origin), excluded };
}

/** The origin of each prefix that the gate is open for; quick when they are asked for in their order. */
export function originsIn({ allow, origins }: Gate): (prefix: Prefix) => Origin | undefined {
  const placeOf = placesIn(allow);
  return (prefix) => origins[placeOf(prefix) ?? -1];
}

/** What this server may announce, sorted. */
export const allowList = (view: ServerView): readonly Prefix[] => gateOf(view).allow;

const sameSequence = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((asn, index) => asn === b[index]);

/** Why the gate stays shut for a prefix with an origin, where it names `allowed` for it, or does not name it; `undefined` when it is open. */
export function refusalOf(
  { excluded }: Gate,
  prefix: Prefix,
  allowed: Origin | undefined,
  asked: Origin,
): string | undefined {
  if (!allowed) return excluded.get(prefix) ?? 'the fleet does not name it';
  if (sameSequence(allowed, asked)) return undefined;
  return `AS path [${asked.join(' ')}] was asked for, the fleet says [${allowed.join(' ')}]`;
}
