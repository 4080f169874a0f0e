/** The table in a server's default namespace. */
import { hostPrefix, type Family } from '../../model/address.js';
import { GRE_DECAPSULATED, GRE_STRANGER, carriedCounterOf } from '../../model/counter.js';
import type { Customer, KernelNumbers, ServerView } from '../../model/fleet.js';
import { addressText } from '../address-text.js';
import { outermost } from './prefixes.js';
import {
  BEFORE_TRACKING,
  baseChain,
  counters,
  deviceName,
  hex32,
  identifier,
  intervalMap,
  intervalSet,
  set,
  table,
} from './text.js';

/** RFC 2784: IP protocol 47. A number, because names need /etc/protocols. */
const GRE = 'ip protocol 47';

/**
 * Marks customers' packets, keeps transit out of conntrack, counts. The only
 * packet dropped is GRE to the endpoint from an address that is no tunnel's
 * remote.
 */
export function serverTable({ fleet, server }: ServerView): string {
  const { customers, kernel, provider } = fleet;
  const remotes = customers.flatMap(({ tunnels }) => tunnels.map(({ remote }) => hostPrefix(remote)));
  const endpoint = addressText(provider.endpoints.gre4);
  return table([
    counters([GRE_STRANGER, GRE_DECAPSULATED, ...customers.map(({ name }) => carriedCounterOf(name))]),
    set('uplinks', 'ifname', [...server.uplinks].sort().map(deviceName)),
    intervalSet('remotes4', 'ipv4_addr', outermost(remotes, 4).map(addressText)),
    intervalMap('carried4', 'ipv4_addr : counter', carried(customers, 4)),
    intervalMap('carried6', 'ipv6_addr : counter', carried(customers, 6)),
    baseChain('prerouting', BEFORE_TRACKING, [
      `ip daddr ${endpoint} ${GRE} ip saddr != @remotes4 counter name ${GRE_STRANGER} drop`,
      `ip daddr ${endpoint} ${GRE} counter name ${GRE_DECAPSULATED} notrack`,
      'iifname "cv-*" notrack',
      `iifname @uplinks counter name ip daddr map @carried4 ${mark(kernel)} notrack`,
      `iifname @uplinks counter name ip6 daddr map @carried6 ${mark(kernel)} notrack`,
    ]),
    baseChain('output', BEFORE_TRACKING, [`ip saddr ${endpoint} ${GRE} notrack`, 'oifname "cv-*" notrack']),
  ]);
}

/**
 * Prefix → counter. The one lookup that selects customers' packets: where the
 * map has no entry, the rule ends before the mark is set.
 */
const carried = (customers: readonly Customer[], family: Family): readonly string[] =>
  customers.flatMap(({ name, prefixes }) =>
    outermost(
      prefixes.map(({ prefix }) => prefix),
      family,
    ).map((prefix) => `${addressText(prefix)} : "${identifier(carriedCounterOf(name))}"`),
  );

/** Our bits of the mark; the others may be somebody else's and stay. */
const mark = ({ mark: value, mask }: KernelNumbers): string =>
  `meta mark set meta mark & ${hex32(0xffffffff - mask)} | ${hex32((value & mask) >>> 0)}`;
