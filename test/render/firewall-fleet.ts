/** Fleets for tests of the firewall, as configuration would hand them over. */
import { address, parseInterface, prefix } from '../../src/model/address.js';
import type { Customer, FirewallRule, Fleet, ServerView, Tunnel } from '../../src/model/fleet.js';
import { viewOf } from '../../src/model/fleet.js';
import { acmeFleet as plain } from '../acme.js';

export function tunnel(name: string, remote: string, inner: string, mtu = 1476): Tunnel {
  const link = parseInterface(inner);
  if (!link) throw new TypeError(inner);
  const probe = {
    kind: 'request' as const,
    target: address(remote),
    intervalMs: 200,
    timeoutMs: 200,
    rise: 3,
    fall: 3,
  };
  return { name, remote: address(remote), inner: link, mtu, probe };
}

export const rule = (
  name: string,
  action: FirewallRule['action'],
  match: Partial<FirewallRule> = {},
): FirewallRule => ({
  ...match,
  name,
  action,
});

const acme: Customer = {
  name: 'acme',
  asn: 64512,
  prefixes: [
    { prefix: prefix('203.0.113.0/24'), advertise: true },
    { prefix: prefix('2001:db8:acf::/48'), advertise: true },
  ],
  tunnels: [tunnel('us', '198.51.100.66', '10.255.0.0/31'), tunnel('eu', '198.51.100.130', '10.255.0.2/31')],
  routes: [],
  firewall: [rule('known-attacker', 'drop', { source: [prefix('198.18.10.66/32')] })],
  checks: [],
};

const globex: Customer = {
  name: 'globex',
  asn: 64513,
  prefixes: [{ prefix: prefix('198.19.7.0/24'), advertise: true }],
  tunnels: [tunnel('us', '198.51.100.70', '10.255.0.0/31')],
  routes: [],
  firewall: [],
  checks: [],
};

/** Two customers, one of them with IPv6 and a firewall; one server. */
const acmeFleet: Fleet = {
  provider: {
    asn: 64500,
    endpoints: { gre4: address('192.0.2.1') },
    covering: [prefix('192.0.2.0/24'), prefix('2001:db8:e::/48')],
    icmpSource: { v4: address('192.0.2.2'), v6: address('2001:db8:e::2') },
    checks: [],
  },
  sites: [
    {
      name: 'ams',
      region: 'eu',
      routers: [],
      servers: [
        {
          name: 'ams-s1',
          asn: 64500,
          v4: address('198.18.1.11'),
          v6: address('2001:db8:1::11'),
          uplinks: ['eth1'],
          speaker: 'gobgp',
        },
      ],
    },
  ],
  customers: [acme, globex],
  safety: plain.safety,
  kernel: { mark: 0x77000000, mask: 0xff000000, table: 77, protocol: 77, rulePreference: 1000 },
  allowReserved: true,
  generation: 'test',
};

/** The fleet's only server, with changes to the fleet and to acme. */
export function viewWith(changes: Partial<Fleet> = {}, acmeChanges: Partial<Customer> = {}): ServerView {
  const customers = [{ ...acme, ...acmeChanges }, globex];
  const view = viewOf({ ...acmeFleet, customers, ...changes }, 'ams-s1');
  if (!view) throw new TypeError('no server ams-s1');
  return view;
}
