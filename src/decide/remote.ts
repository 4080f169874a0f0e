/** What a fault at the customer's side costs: suspicion and budget, for all customers of a server together. */
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { ReasonCode } from '../model/reason.js';
import { refusedWithdrawals, type FleetAnnounced, type Refusal, type WithdrawalRequest } from './budget.js';
import { kept, type Footing, type TunnelFact } from './footing.js';
import { failureKey, suspectedOf, type FailureKey, type RemoteFailure } from './suspicion.js';

export interface RemoteVerdicts {
  /** Why a remote fault costs this customer no more than degraded; `undefined` where it may withdraw. */
  spares(customer: string): ReasonCode | undefined;
  readonly suspects: ReadonlySet<FailureKey>;
}

/** Prefixes of one owner that stand on the same. */
interface Governed {
  readonly prefixes: readonly Prefix[];
  readonly customer?: string;
  readonly footings: readonly Footing[];
  readonly wish: { readonly cap: string };
}

/** The footing of a customer after suspicion and budget; what is not remote passes unchanged. */
export const settled = (footing: Footing, spared: ReasonCode | undefined): Footing =>
  footing.remote && spared !== undefined ? kept(footing, spared) : footing;

interface Facts {
  tunnel(customer: string, tunnel: string): TunnelFact;
  readonly fleet?: FleetAnnounced;
}

const REFUSED: { readonly [K in Refusal]: ReasonCode } = {
  alone: 'remote-fault-kept',
  share: 'budget-exhausted',
  sites: 'last-sites',
};

export function judgeRemotes(
  view: ServerView,
  facts: Facts,
  governed: readonly Governed[],
  before: ReadonlySet<FailureKey>,
): RemoteVerdicts {
  const { safety } = view.fleet;
  const failures = [...tunnelFailures(view, facts), ...checkFailures(governed)];
  const suspects = suspectedOf(failures, before, safety.suspicion);
  const suspected = new Set(
    failures.filter((failure) => suspects.has(failureKey(failure))).map(({ customer }) => customer),
  );
  const wanted = governed.filter(({ wish }) => wish.cap !== 'withdrawn');
  const refused = refusedWithdrawals(
    requestsOf(wanted).filter(({ customer }) => !suspected.has(customer)),
    {
      safety,
      ownTotal: wanted.reduce((sum, { customer, prefixes }) => sum + (customer === undefined ? 0 : prefixes.length), 0),
      ...(facts.fleet === undefined ? {} : { fleet: facts.fleet }),
    },
  );
  return {
    suspects,
    spares: (customer) => {
      if (suspected.has(customer)) return 'prober-suspected';
      const refusal = refused.get(customer);
      return refusal && REFUSED[refusal];
    },
  };
}

/** Every tunnel that is down; one of several fails without lowering a prefix, and still says something about us. */
function tunnelFailures({ fleet }: ServerView, facts: Facts): readonly RemoteFailure[] {
  return fleet.customers.flatMap((customer) =>
    customer.tunnels.flatMap(({ name, remote }) => {
      const { health, since } = facts.tunnel(customer.name, name);
      return health === 'down' ? [{ customer: customer.name, remote, since }] : [];
    }),
  );
}

function checkFailures(governed: readonly Governed[]): readonly RemoteFailure[] {
  const failures = new Map<string, RemoteFailure>();
  for (const { customer, footings } of governed) {
    for (const { remote } of footings) {
      if (customer === undefined || remote?.check === undefined) continue;
      failures.set(remote.check, { customer, remote: remote.check, since: remote.since });
    }
  }
  return [...failures.values()];
}

/** What is proven broken here leaves anyway and takes nothing from the budget. */
const isLocallyBroken = (footings: readonly Footing[]): boolean =>
  footings.some(({ supports, remote }) => supports === 'withdrawn' && !remote);

/** One per customer: its prefixes leave together or not at all. */
function requestsOf(governed: readonly Governed[]): readonly WithdrawalRequest[] {
  const requests = new Map<string, WithdrawalRequest>();
  for (const { customer, prefixes, footings } of governed) {
    const times = footings.flatMap(({ remote }) => remote?.since ?? []);
    if (customer === undefined || times.length === 0 || isLocallyBroken(footings)) continue;
    const known = requests.get(customer);
    const since = Math.min(known?.since ?? Number.POSITIVE_INFINITY, ...times);
    requests.set(customer, { customer, since, prefixes: [...(known?.prefixes ?? []), ...prefixes] });
  }
  return [...requests.values()];
}
