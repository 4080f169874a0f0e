import type { ServerView } from '../../model/fleet.js';
import type { Netns, RulesetState } from '../../model/kernel.js';
import { DEFAULT_NETNS, netnsOf } from '../../model/naming.js';
import { customerTable } from './customer.js';
import { serverTable } from './server.js';

/**
 * The complete `table inet culvert` of every namespace of a server, sorted by
 * namespace: text for `nft -f` that replaces whatever the table held, in one
 * transaction. Loading it again changes nothing but the counters, which start
 * anew. Throws TypeError or RangeError when the view holds a name or number
 * that configuration never lets through.
 */
export function serverRulesets(view: ServerView): readonly RulesetState[] {
  const customers = view.fleet.customers.map((customer) =>
    written(netnsOf(customer.name), () => customerTable(customer)),
  );
  return [written(DEFAULT_NETNS, () => serverTable(view)), ...customers.sort(byNetns)];
}

/** The text is as long as the fleet, and needed when something has changed: it is not held. */
function written(netns: Netns, write: () => string): RulesetState {
  write();
  return {
    netns,
    get ruleset() {
      return write();
    },
  };
}

const byNetns = (a: RulesetState, b: RulesetState): number => (a.netns < b.netns ? -1 : 1);
