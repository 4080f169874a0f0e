/** The smallest fleet that has everything: one site, two servers, two customers. */
import { address, parseInterface, prefix } from '../src/model/address.js';
import { viewOf, type Customer, type Fleet, type ServerView, type Tunnel } from '../src/model/fleet.js';

const tunnel = (name: string, remote: string, inner: string): Tunnel => ({
  name,
  remote: address(remote),
  inner: parseInterface(inner)!,
  mtu: 1476,
  probe: { kind: 'request', target: address(remote), intervalMs: 200, timeoutMs: 200, rise: 3, fall: 3 },
});

export const acme: Customer = {
  name: 'acme',
  asn: 64512,
  prefixes: [
    { prefix: prefix('203.0.113.0/24'), advertise: true },
    { prefix: prefix('2001:db8:acf::/48'), advertise: true },
  ],
  tunnels: [tunnel('us', '198.51.100.66', '10.255.0.0/31'), tunnel('eu', '198.51.100.130', '10.255.0.2/31')],
  routes: ['203.0.113.0/24', '2001:db8:acf::/48'].flatMap((text) => [
    { prefix: prefix(text), tunnel: 'us', priority: 100, weight: 2 },
    { prefix: prefix(text), tunnel: 'eu', priority: 100, weight: 1 },
  ]),
  firewall: [{ name: 'known-attacker', action: 'drop', source: [prefix('198.18.10.66/32')] }],
  checks: [],
};

export const globex: Customer = {
  name: 'globex',
  asn: 64513,
  prefixes: [{ prefix: prefix('198.19.7.0/24'), advertise: true }],
  tunnels: [tunnel('us', '198.51.100.70', '10.255.0.0/31')],
  routes: [{ prefix: prefix('198.19.7.0/24'), tunnel: 'us', priority: 100, weight: 1 }],
  firewall: [],
  checks: [],
};

export const acmeFleet: Fleet = {
  generation: 'acme-test',
  allowReserved: true,
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
      routers: [
        {
          name: 'ams-r1',
          asn: 64500,
          v4: address('198.18.1.1'),
          v6: address('2001:db8:1::1'),
          hold: 3,
          keepalive: 1,
          ttlSecurity: false,
          gracefulRestart: 0,
          passive: false,
          multihop: 0,
          maxPrefix: {},
          id: address('198.18.1.1'),
          networks: [],
          upstreams: [],
        },
      ],
      servers: ['1', '2'].map((n) => ({
        name: `ams-s${n}`,
        asn: 64500,
        v4: address(`198.18.1.1${n}`),
        v6: address(`2001:db8:1::1${n}`),
        uplinks: ['eth1'],
        speaker: 'gobgp',
      })),
    },
  ],
  customers: [acme, globex],
  safety: {
    remoteFault: 'withdraw',
    lostAgent: 'drain',
    leaseMs: 1000,
    stopGraceMs: 20_000,
    settleMs: 500,
    drainMs: 2000,
    drainMostMs: 30_000,
    bootMaxAgeMs: 86_400_000,
    staleMs: 30_000,
    holdDown: { firstMs: 500, mostMs: 60_000, decayMs: 60_000 },
    suspicion: { remotes: 5, windowMs: 10_000 },
    maxWithdrawnShare: 1,
    minSites: 1,
    tunnels: {
      degradedLoss: 0.001,
      degradedFailures: 2,
      windowMs: 300_000,
      recoveryProbes: 30,
      fallWindowMs: 1000,
      degradedPenalty: 500_000,
      downPenalty: 1_000_000,
    },
  },
  kernel: { mark: 0x77000000, mask: 0xff000000, table: 7700, protocol: 77, rulePreference: 7700 },
};

/** ams-s1 of a fleet. */
export function amsS1(fleet: Fleet = acmeFleet): ServerView {
  const view = viewOf(fleet, 'ams-s1');
  if (!view) throw new Error('the test fleet has no ams-s1');
  return view;
}
