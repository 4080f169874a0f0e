/**
 * The simulated fleet: two sites of two servers, one speaking iBGP to its
 * router and, in half of the worlds, one eBGP; two customers, five prefixes.
 *
 *     ams-r1 ── ams-s1, ams-s2        acme   203.0.113.0/24, 2001:db8:acf::/48   tunnels us, eu
 *     sjc-r1 ── sjc-s1, sjc-s2        globex 198.19.7.0/24                       tunnel us
 */
import { governingChecks, type GoverningCheck } from '../../src/decide/checks.js';
import { desiredKernel } from '../../src/decide/kernel.js';
import type { AgentInput } from '../../src/engine/agent-fleet.js';
import { address, parseInterface, prefix, type Prefix } from '../../src/model/address.js';
import type { Check, OnDown } from '../../src/model/check.js';
import {
  viewOf,
  type Customer,
  type Fleet,
  type Safety,
  type Server,
  type Site,
  type Tunnel,
} from '../../src/model/fleet.js';
import type { RulesetState, SysctlState } from '../../src/model/kernel.js';
import { sysctlKey } from '../../src/model/kernel-order.js';
import { netnsOf } from '../../src/model/naming.js';
import type { Random } from './random.js';

/** Up or down is known within three of them. */
const PROBE_INTERVALS = [500, 1_000];
/** The default, and longer ones: renewals are what a quiet world consists of. */
const LEASES = [1_000, 2_000, 4_000, 4_000, 4_000, 4_000];
const PROVIDER = 64500;
/** Of the site that speaks eBGP. */
const SITE_ASN = 64601;

function tunnel(name: string, remote: string, inner: string, intervalMs: number): Tunnel {
  const own = parseInterface(inner);
  if (!own) throw new Error(`${inner} is no address with a length`);
  const kind = name === 'eu' ? 'reply' : 'request';
  const probe = { kind, target: address(remote), intervalMs, timeoutMs: 300, rise: 3, fall: 3 } as const;
  return { name, remote: address(remote), inner: own, mtu: 1476, probe };
}

const routesFor = (prefixes: readonly string[], tunnels: readonly string[]): Customer['routes'] =>
  prefixes.flatMap((text) =>
    tunnels.map((name, index) => ({ prefix: prefix(text), tunnel: name, priority: 100, weight: 2 - index })),
  );

function site(name: string, index: number, external: boolean): Site {
  const numbered = (n: string): Server => ({
    name: `${name}-s${n}`,
    asn: PROVIDER,
    v4: address(`198.18.${index}.1${n}`),
    v6: address(`2001:db8:${index}::1${n}`),
    uplinks: ['eth1'],
    speaker: 'gobgp',
  });
  const router = {
    name: `${name}-r1`,
    asn: external ? SITE_ASN : PROVIDER,
    v4: address(`198.18.${index}.1`),
    v6: address(`2001:db8:${index}::1`),
    hold: 3,
    keepalive: 1,
    ttlSecurity: false,
    gracefulRestart: 0,
    passive: false,
    multihop: 0,
    maxPrefix: {},
    networks: [],
    upstreams: [],
  };
  return { name, region: index === 1 ? 'eu' : 'us', routers: [router], servers: [numbered('1'), numbered('2')] };
}

/** Also named by the fleet, and never to be seen on the wire. */
const SILENT = '198.19.8.0/24';
const ON_DEMAND = '198.19.11.0/24';
const UNROUTED = '198.19.9.0/24';

/** As often as a guard asks at most, four times over, and long enough for two failures within a fault. */
const CHECK_MS = 1_000;

/** Whether its failure withdraws or degrades is for the seed to say. */
const service = (name: string, remote: boolean, onDown: OnDown): Check => ({
  ...{ name, remote, onDown, inside: !remote, intervalMs: CHECK_MS, timeoutMs: 300, rise: 2, fall: 2 },
  probe: { kind: 'tcp', target: address(remote ? '203.0.113.100' : '10.255.255.10'), port: 443 },
});

function customers(intervalMs: number, onDown: OnDown): readonly Customer[] {
  const acme = ['203.0.113.0/24', '2001:db8:acf::/48'];
  const globex = ['198.19.7.0/24'];
  return [
    {
      name: 'acme',
      asn: 64512,
      prefixes: [...acme.map((text) => ({ prefix: prefix(text), advertise: true }))],
      tunnels: [
        tunnel('us', '198.51.100.66', '10.255.0.0/31', intervalMs),
        tunnel('eu', '198.51.100.130', '10.255.0.2/31', intervalMs),
      ],
      routes: routesFor(acme, ['us', 'eu']),
      firewall: [],
      checks: [{ ...service('web', true, onDown), prefixes: [prefix('203.0.113.0/24')] }],
    },
    {
      name: 'globex',
      asn: 64513,
      prefixes: [
        ...globex.map((text) => ({ prefix: prefix(text), advertise: true })),
        { prefix: prefix(SILENT), advertise: false },
        { prefix: prefix(ON_DEMAND), advertise: false, onDemand: true },
      ],
      tunnels: [tunnel('us', '198.51.100.70', '10.255.0.0/31', intervalMs)],
      routes: routesFor([...globex, ON_DEMAND], ['us']),
      firewall: [],
      checks: [service('resolver', false, onDown)],
    },
  ];
}

/** A customer that comes and goes with other generations of the fleet; one prefix of it is named and has no route. */
function initech(intervalMs: number): Customer {
  const carried = '198.19.10.0/24';
  return {
    name: 'initech',
    asn: 64514,
    prefixes: [carried, UNROUTED].map((text) => ({ prefix: prefix(text), advertise: true })),
    tunnels: [tunnel('hq', '198.51.100.74', '10.255.0.0/31', intervalMs)],
    routes: routesFor([carried], ['hq']),
    firewall: [],
    checks: [],
  };
}

export function simulatedFleet(random: Random): Fleet {
  const intervalMs = random.pick(PROBE_INTERVALS);
  const safety: Safety = {
    remoteFault: random.pick(['degrade', 'withdraw'] as const),
    lostAgent: random.pick(['degrade', 'drain'] as const),
    leaseMs: random.pick(LEASES),
    stopGraceMs: random.pick([5_000, 5_000, 8_000]),
    settleMs: 500,
    drainMs: 2_000,
    drainMostMs: random.pick([2_000, 6_000]),
    bootMaxAgeMs: 86_400_000,
    staleMs: random.pick([6_000, 10_000, 30_000]),
    holdDown: { firstMs: 500, mostMs: 8_000, decayMs: 20_000 },
    suspicion: { remotes: random.pick([2, 5]), windowMs: 10_000 },
    maxWithdrawnShare: random.pick([1, 0.4]),
    minSites: 1,
    tunnels: {
      ...{ degradedLoss: 0.001, degradedFailures: 2, windowMs: 300_000, recoveryProbes: 30 },
      ...{ fallWindowMs: 1_000, degradedPenalty: 500_000, downPenalty: 1_000_000 },
    },
  };
  return {
    generation: 'g1',
    allowReserved: true,
    provider: {
      asn: PROVIDER,
      endpoints: { gre4: address('192.0.2.1') },
      covering: [prefix('192.0.2.0/24')],
      icmpSource: { v4: address('192.0.2.2'), v6: address('2001:db8:e::2') },
      checks: [],
    },
    sites: [site('ams', 1, false), site('sjc', 2, random.chance(0.5))],
    customers: customers(intervalMs, random.pick(['withdraw', 'withdraw', 'degrade'] as const)),
    safety,
    kernel: { mark: 0x77000000, mask: 0xff000000, table: 7700, protocol: 77, rulePreference: 7700 },
  };
}

const intervalOf = (fleet: Fleet): number => fleet.customers[0]?.tunnels[0]?.probe.intervalMs ?? 0;

/** The same fleet with another customer more: another generation. */
export const enlarged = (fleet: Fleet, generation: string): Fleet => ({
  ...fleet,
  generation,
  customers: [...fleet.customers, initech(intervalOf(fleet))],
});

/** What it announces when nothing is wrong: the covering prefixes, and whatever is advertised and has a route. */
export const wantedBy = ({ provider, customers: all }: Fleet): ReadonlySet<Prefix> =>
  new Set([
    ...provider.covering,
    ...all.flatMap(({ prefixes, routes }) =>
      prefixes.flatMap((own) =>
        own.advertise && routes.some((route) => route.prefix === own.prefix) ? [own.prefix] : [],
      ),
    ),
  ]);

/** Every check; none of them is of a session, which is not the same at all sites. */
export const checksOf = (fleet: Fleet): readonly GoverningCheck[] =>
  governingChecks(inputOf(fleet, fleet.sites[0]?.servers[0]?.name ?? '').view);

export function inputOf(fleet: Fleet, server: string): AgentInput {
  const view = viewOf(fleet, server);
  if (!view) throw new Error(`the simulated fleet has no ${server}`);
  const namespaces = ['', ...fleet.customers.map(({ name }) => netnsOf(name))];
  return { view, rulesets: namespaces.map((netns): RulesetState => ({ netns, ruleset: `table in ${netns}` })) };
}

/** Every setting that any of these fleets will want to turn; the same at each of its servers, which are built alike. */
export function settingsOf(fleets: readonly Fleet[]): readonly SysctlState[] {
  const all = fleets.flatMap((fleet) => {
    const { view, rulesets } = inputOf(fleet, fleet.sites[0]?.servers[0]?.name ?? '');
    return desiredKernel(view, { tunnelHealth: () => 'up', rulesets, hashing: 'resilient' }).sysctls;
  });
  return [...new Map(all.map((setting) => [sysctlKey(setting), setting])).values()];
}
