/**
 * The origination gate: which prefixes this server may announce, and with
 * which origin. The same list stands a second time inside the speaker, as a
 * default-reject policy.
 */
import { familyOf, type Prefix } from '../model/address.js';
import { isAnnounceable, type ServerView } from '../model/fleet.js';
import { inOrder } from '../model/in-order.js';

export interface Gate {
  /** AS_SEQUENCE behind the provider's own ASN, by prefix: empty for the provider's, the customer's ASN for a customer's. */
  readonly origins: ReadonlyMap<Prefix, readonly number[]>;
  /** The same prefixes, sorted: what the speaker's barrier lets through. */
  readonly allow: readonly Prefix[];
  /** Why a prefix that the fleet names is outside nevertheless. */
  readonly excluded: ReadonlyMap<Prefix, string>;
}

/** Opens for the covering prefixes and for every customer prefix that is advertised, always or on demand; exact prefixes only. */
export function gateOf(view: ServerView): Gate {
  const origins = new Map<Prefix, readonly number[]>();
  const excluded = new Map<Prefix, string>();
  const admit = (prefix: Prefix, asPath: readonly number[]): void => {
    if (familyOf(prefix) === 6 && view.server.v6 === undefined) {
      excluded.set(prefix, `${view.server.name} has no v6 address that could be the next hop`);
    } else {
      origins.set(prefix, asPath);
    }
  };
  for (const prefix of view.fleet.provider.covering) admit(prefix, []);
  for (const customer of view.fleet.customers) {
    const asPath = [customer.asn];
    for (const carried of customer.prefixes) {
      if (isAnnounceable(carried)) admit(carried.prefix, asPath);
      else excluded.set(carried.prefix, 'the fleet says advertise: false');
    }
  }
  return { origins, allow: inOrder([...origins.keys()], (prefix) => prefix), excluded };
}

/** What this server may announce, sorted. */
export const allowList = (view: ServerView): readonly Prefix[] => gateOf(view).allow;

const sameSequence = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((asn, index) => asn === b[index]);

/** Why the gate stays shut for this prefix with this origin; `undefined` when it is open. */
export function refusalOf(gate: Gate, prefix: Prefix, asPath: readonly number[]): string | undefined {
  const allowed = gate.origins.get(prefix);
  if (!allowed) return gate.excluded.get(prefix) ?? 'the fleet does not name it';
  if (sameSequence(allowed, asPath)) return undefined;
  return `AS path [${asPath.join(' ')}] was asked for, the fleet says [${allowed.join(' ')}]`;
}
