/** Customers' packets on their way in. */
export interface CarriedTraffic {
  /**
   * How many have arrived on the uplinks of this server since some moment,
   * which changes when the firewall is replaced; `undefined` when they cannot
   * be counted. Takes microseconds and never throws.
   */
  packets(): number | undefined;
}
