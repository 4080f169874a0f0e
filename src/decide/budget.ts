/**
 * Who may leave the wire for what happens at its customer's side.
 *
 * Binds remote causes only: what is proven broken here leaves whatever the
 * budget says. A server that stands alone cannot know who else announces a
 * prefix, so there `remoteFault` decides, and the share counts its own
 * prefixes. One customer may always leave.
 */
import type { Prefix } from '../model/address.js';
import type { Safety } from '../model/fleet.js';

export interface WithdrawalRequest {
  readonly customer: string;
  readonly prefixes: readonly Prefix[];
  /** When it failed: who has been down for longest is served first and stays served. CLOCK_MONOTONIC, milliseconds. */
  readonly since: number;
}

/** What other servers announce, as a controller tells it. */
export interface FleetAnnounced {
  /** Other sites that announce the prefix, at whatever level. */
  sitesWith(prefix: Prefix): number;
  /** Prefixes that other servers have withdrawn for remote causes, and of how many altogether. */
  readonly withdrawn: number;
  readonly total: number;
}

export interface BudgetGrounds {
  readonly safety: Pick<Safety, 'remoteFault' | 'maxWithdrawnShare' | 'minSites'>;
  /** Customers' prefixes that this server announces when all is well. */
  readonly ownTotal: number;
  readonly fleet?: FleetAnnounced;
}

/** `alone`: standing alone, the fleet says degrade. `share`, `sites`: which limit is reached. */
export type Refusal = 'alone' | 'share' | 'sites';

/** By customer; absent from the answer means granted. */
export function refusedWithdrawals(
  requests: readonly WithdrawalRequest[],
  { safety, ownTotal, fleet }: BudgetGrounds,
): ReadonlyMap<string, Refusal> {
  const refused = new Map<string, Refusal>();
  const limit = safety.maxWithdrawnShare * (ownTotal + (fleet?.total ?? 0));
  let withdrawn = fleet?.withdrawn ?? 0;
  for (const { customer, prefixes } of inTurn(requests)) {
    const refusal = ((): Refusal | undefined => {
      if (!fleet && safety.remoteFault === 'degrade') return 'alone';
      if (fleet && prefixes.some((prefix) => fleet.sitesWith(prefix) < safety.minSites)) return 'sites';
      return withdrawn > 0 && withdrawn + prefixes.length > limit ? 'share' : undefined;
    })();
    if (refusal === undefined) withdrawn += prefixes.length;
    else refused.set(customer, refusal);
  }
  return refused;
}

const inTurn = (requests: readonly WithdrawalRequest[]): readonly WithdrawalRequest[] =>
  [...requests].sort((a, b) => a.since - b.since || (a.customer < b.customer ? -1 : 1));
