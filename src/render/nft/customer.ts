/** The table in a customer's namespace. */
import type { Family } from '../../model/address.js';
import { INNER_SOURCE_REFUSED, NO_TUNNEL } from '../../model/counter.js';
import type { Customer, Tunnel } from '../../model/fleet.js';
import { EDGE_DEVICE, tunnelDeviceOf } from '../../model/naming.js';
import { addressText } from '../address-text.js';
import { firewallChainOf, firewallParts } from './firewall.js';
import { outermost } from './prefixes.js';
import {
  BEFORE_TRACKING,
  baseChain,
  chain,
  count,
  counters,
  deviceName,
  identifier,
  intervalSet,
  map,
  table,
} from './text.js';

/** IPv4 and TCP headers without options; RFC 9293 3.7.1. */
const HEADERS_V4 = 40;
/** IPv6 and TCP headers without options. */
const HEADERS_V6 = 60;

/** After routing has chosen the tunnel, where `mangle` sits. */
const MANGLE = -150;

/** Only the decapsulation limit, the want of a tunnel and the customer's own rules drop here. */
export function customerTable(customer: Customer): string {
  const prefixes = customer.prefixes.map(({ prefix }) => prefix);
  const firewall = firewallParts(customer.firewall);
  const clamps = clampsOf(customer.tunnels);
  return table([
    counters([INNER_SOURCE_REFUSED, NO_TUNNEL]),
    intervalSet('prefixes4', 'ipv4_addr', outermost(prefixes, 4).map(addressText)),
    intervalSet('prefixes6', 'ipv6_addr', outermost(prefixes, 6).map(addressText)),
    decapsulated(),
    ...firewall.parts,
    baseChain('prerouting', BEFORE_TRACKING, [
      'notrack',
      'iifname "gre-*" jump decapsulated',
      ...firewall.families.map(firewallJump),
    ]),
    baseChain('output', BEFORE_TRACKING, ['notrack']),
    ...clamps.parts,
    baseChain('forward', MANGLE, [NO_WAY_HOME, ...clamps.rules]),
  ]);
}

/** What came in by the veth and would leave by it again would come back from the site's router, until its TTL ends. */
const NO_WAY_HOME = `iifname ${deviceName(EDGE_DEVICE)} oifname ${deviceName(EDGE_DEVICE)} counter name ${identifier(NO_TUNNEL)} drop`;

/** Link-local noise (neighbour and multicast listener discovery, RFC 4861, RFC 3810) is neither carried nor a violation. */
function decapsulated(): string {
  return chain('decapsulated', [
    'ip saddr @prefixes4 return',
    'ip6 saddr @prefixes6 return',
    'ip6 saddr { ::, fe80::/10 } ip6 daddr { fe80::/10, ff02::/16 } return',
    `counter name ${identifier(INNER_SOURCE_REFUSED)} drop`,
  ]);
}

/** Neighbour discovery between the two ends of the veth is ours; no rule of a customer may cut it. */
const firewallJump = (family: Family): string =>
  `iifname ${deviceName(EDGE_DEVICE)} ${family === 4 ? 'meta nfproto ipv4' : 'ip6 daddr != { fe80::/10, ff02::/16 }'} jump ${firewallChainOf(family)}`;

/** SYN and SYN-ACK into a tunnel and out of it, by the tunnel's MTU; a chain per MTU, one lookup per direction. */
function clampsOf(tunnels: readonly Tunnel[]): {
  readonly parts: readonly string[];
  readonly rules: readonly string[];
} {
  if (tunnels.length === 0) return { parts: [], rules: [] };
  const mtus = [...new Set(tunnels.map(({ mtu }) => mtu))].sort((a, b) => a - b);
  const items = tunnels.map(({ name, mtu }) => `${deviceName(tunnelDeviceOf(name))} : jump ${clampChainOf(mtu)}`);
  const opening = 'tcp flags & (syn | rst) == syn';
  const chains = mtus.map((mtu) =>
    chain(clampChainOf(mtu), [clamp('ipv4', mtu - HEADERS_V4), clamp('ipv6', mtu - HEADERS_V6)]),
  );
  return {
    parts: [...chains, map('clamps', 'ifname : verdict', items.sort())],
    rules: [`${opening} oifname vmap @clamps`, `${opening} iifname vmap @clamps`],
  };
}

const clampChainOf = (mtu: number): string => identifier(`clamp_${mtu}`);

/** Lowers and never raises: a bigger MSS than its sender can take would stall the connection. */
const clamp = (family: 'ipv4' | 'ipv6', size: number): string =>
  `meta nfproto ${family} tcp option maxseg size > ${count(size)} tcp option maxseg size set ${count(size)}`;
