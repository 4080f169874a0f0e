/**
 * Names of the counters in our nft tables. An underscore separates what is
 * counted from the fleet's own name, which holds none, so that a reader can
 * split them again. A counter starts anew when its ruleset is replaced.
 */

/** Default namespace: GRE to the endpoint from an address that is no tunnel's remote; dropped. */
export const GRE_STRANGER = 'gre_stranger';
/** Default namespace: GRE to the endpoint from a tunnel's remote, on its way to decapsulation. */
export const GRE_DECAPSULATED = 'gre_decapsulated';
/** Customer's namespace: left a tunnel with a source outside the customer's prefixes; dropped. */
export const INNER_SOURCE_REFUSED = 'inner_source_refused';
/** Customer's namespace: came in for one of the customer's prefixes when no route to a tunnel was there; dropped. */
export const NO_TUNNEL = 'no_tunnel';

/** Default namespace: arrived on an uplink for one of the customer's prefixes. */
export const carriedCounterOf = (customer: string): string => `carried_${customer}`;
export const isCarriedCounter = (name: string): boolean => name.startsWith(carriedCounterOf(''));
/** Customer's namespace: matched by this rule of its firewall, whatever became of it. */
export const ruleCounterOf = (rule: string): string => `rule_${rule}`;
/** Customer's namespace: matched by a rate limit and dropped because it was over the rate. */
export const overRateCounterOf = (rule: string): string => `over_${rule}`;
