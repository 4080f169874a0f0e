/** A fleet as small as it can be held: a text or an object that stands in it very often is there once. */
import type { Prefix } from '../model/address.js';
import type { Customer, CustomerPrefix, CustomerRoute, Fleet } from '../model/fleet.js';

/**
 * An equal fleet. What has come out of JSON or from another thread brings its
 * prefix to each route anew, and objects with room for more than they have.
 */
export const compact = (fleet: Fleet): Fleet => ({ ...fleet, customers: fleet.customers.map(compactCustomer) });

function compactCustomer(customer: Customer): Customer {
  const known = new Map<Prefix, Prefix>();
  const names = new Map(customer.tunnels.map(({ name }) => [name, name]));
  const prefixes = customer.prefixes.map(({ prefix, advertise, onDemand }): CustomerPrefix => {
    known.set(prefix, prefix);
    return onDemand === undefined ? { prefix, advertise } : { prefix, advertise, onDemand };
  });
  const routes = customer.routes.map(({ prefix, tunnel, priority, weight, ...scope }): CustomerRoute => {
    const own = { prefix: known.get(prefix) ?? prefix, tunnel: names.get(tunnel) ?? tunnel, priority, weight };
    return scope.sites || scope.regions ? { ...own, ...scope } : own;
  });
  return { ...customer, prefixes, routes };
}
