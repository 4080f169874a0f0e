/** Fleets as an operator writes them, for what routers make of them. */
import { formatIssue } from '../../src/config/issue.js';
import { parseFleet } from '../../src/config/parse.js';
import type { Fleet, Router, Site } from '../../src/model/fleet.js';

export function fleetOf(text: string): Fleet {
  const parsed = parseFleet([{ path: 'fleet.yaml', text }], 'test');
  if (!parsed.ok) throw new Error(parsed.issues.map(formatIssue).join('\n'));
  return parsed.fleet;
}

/** Documentation's addresses and numbers stand for public ones; what is private is private. */
const outside = (text: string): Fleet => ({ ...fleetOf(text), allowReserved: false });

/** A router of a fleet with its site. */
export function routerIn(fleet: Fleet, name: string): { readonly site: Site; readonly router: Router } {
  for (const site of fleet.sites) {
    const router = site.routers.find((candidate) => candidate.name === name);
    if (router) return { site, router };
  }
  throw new Error(`no router ${name}`);
}

const customer = (name: string, asn: number, remote: string, prefixes: readonly string[]): string => `
  ${name}:
    asn: ${asn}
    prefixes: [${prefixes.map((prefix) => `{ prefix: "${prefix}", advertise: true }`).join(', ')}]
    tunnels: { home: { remote: ${remote}, inner: 10.255.0.0/31 } }
    routes: [${prefixes.map((prefix) => `{ prefix: "${prefix}", tunnel: home }`).join(', ')}]`;

/** By pair of servers, whose paths shall carry them. Private AS numbers of two and of four octets; 64510 stands for a public one. */
export const CUSTOMERS = {
  internal: { asn: 64512, prefixes: ['203.0.112.0/23', '2001:db8:a0::/47'] },
  same: { asn: 64510, prefixes: ['198.51.100.0/24', '2001:db8:b0::/48'] },
  differing: { asn: 4_200_000_007, prefixes: ['198.19.7.0/24', '2001:db8:c0::/48'] },
} as const;

const provider = `
allowReserved: true
provider:
  asn: 64500
  endpoints: { gre4: 192.0.2.1 }
  covering: [192.0.2.0/24, 198.18.4.0/24, "2001:db8:e::/48"]
  icmpSource: { v4: 192.0.2.2, v6: "2001:db8:e::2" }
customers:${Object.entries(CUSTOMERS)
  .map(([name, { asn, prefixes }], index) => customer(name, asn, `198.51.99.${index + 1}`, prefixes))
  .join('')}
`;

const PAIRS = `
      s1: { v4: 198.18.1.11, v6: "2001:db8:1::11", uplinks: [eth1] }
      s2: { v4: 198.18.1.12, v6: "2001:db8:1::12", uplinks: [eth1] }
      s3: { asn: 65001, v4: 198.18.1.13, v6: "2001:db8:1::13", uplinks: [eth1] }
      s4: { asn: 65001, v4: 198.18.1.14, v6: "2001:db8:1::14", uplinks: [eth1] }
      s5: { asn: 65002, v4: 198.18.1.15, v6: "2001:db8:1::15", uplinks: [eth1] }
      s6: { asn: 65003, v4: 198.18.1.16, v6: "2001:db8:1::16", uplinks: [eth1] }`;

const router = (name: string, n: number, password: string): string => `
      ${name}:
        asn: 64500
        v4: 198.18.1.${n}
        v6: "2001:db8:1::${n}"
        password: ${JSON.stringify(password)}
        networks: [198.18.1.0/24, "2001:db8:1::/48"]
        upstreams:
          isp-a: { asn: 64496, v4: 198.18.0.11, v6: "2001:db8:0:2::11" }
          isp-b: { asn: 64497, v4: 198.18.0.12, v6: "2001:db8:0:2::12", password: "up-${name}" }`;

/**
 * isp-a AS64496 ─┐                    ┌─ s1, s2  AS64500          iBGP
 *                ├─ r1 FRR, r2 BIRD ──┼─ s3, s4  AS65001          eBGP, one AS
 * isp-b AS64497 ─┘   both AS64500     └─ s5, s6  AS65002, AS65003  eBGP, differing
 *
 * As on the Internet: its private AS numbers are private.
 *
 * Every sign that may stand in a key stands in one of them; BIRD has no way to write a double quote.
 */
export const every = outside(`${provider}
sites:
  ams:
    region: eu
    routers:${router('r1', 1, 'aA0!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~')}${router('r2', 2, "aA0!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")}
    servers:${PAIRS}
`);

const site = (routers: string, servers: string): Fleet =>
  fleetOf(`${provider}
sites:
  ams:
    region: eu
    routers: { ${routers} }
    servers: { ${servers} }
`);

const V4 = 's1: { v4: 198.18.1.11, uplinks: [eth1] }, s2: { v4: 198.18.1.12, uplinks: [eth1] }';
const BOTH = `s1: { v4: 198.18.1.11, v6: "2001:db8:1::11", uplinks: [eth1] }, s2: { v4: 198.18.1.12, uplinks: [eth1] }`;

/** Both vendors' routers with every protection, and no upstreams: the servers' part of somebody's own configuration. */
export const guarded = site(
  [1, 2]
    .map(
      (n) =>
        `r${n}: { asn: 65100, v4: 198.18.1.${n}, v6: "2001:db8:1::${n}", hold: 6, keepalive: 2, password: "blue-whale", ttlSecurity: true, gracefulRestart: 60 }`,
    )
    .join(', '),
  's1: { v4: 198.18.1.11, v6: "2001:db8:1::11", uplinks: [eth1] }, s2: { v4: 198.18.1.12, v6: "2001:db8:1::12", uplinks: [eth1] }',
);

/** By what is special about them. The router is r1 in each. */
export const FLEETS: Readonly<Record<string, Fleet>> = {
  every,
  guarded,
  'servers-v4': site('r1: { asn: 64500, v4: 198.18.1.1, hold: 0 }', V4),
  'beyond-the-link': site('r1: { asn: 65100, v4: 198.18.9.1, multihop: 4 }', V4),
  'over-v6': site(
    `r1: { asn: 4200000001, v6: "2001:db8:1::1", id: 198.18.1.1, upstreams: { isp: { asn: 64496, v4: 198.18.0.2 } } },
      r2: { asn: 4200000001, v4: 198.18.1.2 }`,
    BOTH,
  ),
  'reserved-words': fleetOf(`${provider}
sites:
  table:
    region: eu
    routers:
      1st: { asn: 64500, v4: 198.18.1.9, upstreams: { path: { asn: 64496, v4: 198.18.0.2 }, ${'u'.repeat(63)}: { asn: 64497, v4: 198.18.0.4, v6: "2001:db8::4" } } }
      r1: { asn: 64500, v4: 198.18.1.1, upstreams: { path: { asn: 64496, v4: 198.18.0.2 }, ${'u'.repeat(63)}: { asn: 64497, v4: 198.18.0.4, v6: "2001:db8::4" } } }
    servers:
      filter: { v4: 198.18.1.11, uplinks: [eth1] }
      1-2-3: { v4: 198.18.1.12, uplinks: [eth1] }
      ${'s'.repeat(62)}a: { v4: 198.18.1.13, uplinks: [eth1] }
      ${'s'.repeat(62)}b: { v4: 198.18.1.14, uplinks: [eth1] }
`),
};
