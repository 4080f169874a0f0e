import { parseFleet } from '../../src/config/parse.js';
import type { Issue } from '../../src/config/issue.js';

/** A fleet of public addresses, one setting a line, that every rule accepts without a warning. */
export const SAMPLE = `provider:
  asn: 400100
  endpoints: { gre4: 45.9.0.1 }
  covering:
    - 45.9.0.0/24
    - 2a10:9::/48
  icmpSource:
    v4: 45.9.0.2
    v6: 2a10:9::2
kernel:
  mark: 0x77000000
  mask: 0xff000000
sites:
  ams:
    region: eu
    routers:
      ams-r1: { asn: 400100, v4: 45.10.1.1, v6: "2a10:10:1::1" }
      ams-r2:
        asn: 400100
        v4: 45.10.1.2
        hold: 9
        keepalive: 3
    servers:
      ams-s1: { v4: 45.10.1.11, v6: "2a10:10:1::11", uplinks: [eth1] }
  sjc:
    region: us
    routers:
      sjc-r1: { asn: 400200, v4: 45.10.2.1, v6: "2a10:10:2::1", ttlSecurity: true }
    servers:
      sjc-s1: { v4: 45.10.2.11, v6: "2a10:10:2::11", uplinks: [eth1, eth2] }
customers:
  acme:
    asn: 64512
    prefixes:
      - { prefix: 45.20.0.0/24, advertise: true }
      - { prefix: "2a10:20::/48", advertise: true }
      - { prefix: 45.20.4.0/22, advertise: false }
    tunnels:
      us: { remote: 45.30.0.1, inner: 10.255.0.0/31, mtu: 1476 }
      eu: { remote: 45.30.0.2, inner: 10.255.0.2/31 }
    routes:
      - { prefix: 45.20.0.0/24, tunnel: us, priority: 100 }
      - { prefix: "2a10:20::/48", tunnel: us }
      - { prefix: 45.20.4.128/25, tunnel: eu, weight: 3 }
    firewall:
      - { name: web, action: permit, protocol: tcp, destinationPorts: [80, 443] }
      - { name: rest, action: drop, source: 45.40.0.0/16 }
  globex:
    asn: 64513
    prefixes:
      - { prefix: 45.21.0.0/24, advertise: true }
    tunnels:
      us: { remote: 45.31.0.1, inner: 10.255.0.0/31, probe: { interval: 1s } }
    routes:
      - { prefix: 45.21.0.0/24, tunnel: us }
`;

/** Marks, in an edit, the place at which the issue shall stand. */
const MARK = '▸';

export interface Edited {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** Replaces the one occurrence of `from`; the mark in `to` becomes the expected place. */
export function edited(from: string, to: string, base: string = SAMPLE): Edited {
  if (base.split(from).length !== 2) throw new Error(`not exactly once in the sample: ${from}`);
  const marked = base.replace(from, () => to);
  const before = marked.slice(0, marked.indexOf(MARK));
  return {
    text: marked.replace(MARK, ''),
    line: before.split('\n').length,
    column: before.length - before.lastIndexOf('\n'),
  };
}

export function issuesOf(text: string, path = 'fleet.yaml'): readonly Issue[] {
  const parsed = parseFleet([{ path, text }], 'test');
  return parsed.ok ? [] : parsed.issues;
}
