/**
 * Kernel settings without which forwarding into and out of the namespaces
 * fails. Documented in the kernel's networking/ip-sysctl.
 */
import type { Netns, SysctlState } from '../model/kernel.js';

/** sysctl(8) writes the dots of a device's name (`eth1.100`) as slashes. */
const inKey = (device: string): string => device.replaceAll('.', '/');

const setting = (netns: Netns, key: string, value: string): SysctlState => ({ netns, key, value });

/**
 * The reverse-path filter in force is the maximum of `all` and the device's
 * own value, so both must be 0: packets that leave a namespace carry sources
 * which the default namespace routes elsewhere.
 */
const unfiltered = (netns: Netns, device: string): SysctlState =>
  setting(netns, `net.ipv4.conf.${inKey(device)}.rp_filter`, '0');

/** Link-local addresses on our point-to-point links are fixed; waiting for duplicates would delay the first packet by a second. */
const withoutDad = (netns: Netns, device: string): SysctlState =>
  setting(netns, `net.ipv6.conf.${inKey(device)}.accept_dad`, '0');

const forwarding = (netns: Netns): readonly SysctlState[] => [
  setting(netns, 'net.ipv4.ip_forward', '1'),
  setting(netns, 'net.ipv6.conf.all.forwarding', '1'),
  unfiltered(netns, 'all'),
];

/**
 * The default namespace. Uplinks lose the filter too: behind anycast and
 * several uplinks, a source is rightly met where we would not send to it.
 * IPv6 forwarding makes interfaces with `accept_ra=1` ignore router
 * advertisements; a server that takes its default route from them needs 2.
 */
export const sharedSysctls = (
  netns: Netns,
  uplinks: readonly string[],
  veths: readonly string[],
): readonly SysctlState[] => [
  ...forwarding(netns),
  ...uplinks.map((uplink) => unfiltered(netns, uplink)),
  ...veths.flatMap((veth) => [unfiltered(netns, veth), withoutDad(netns, veth)]),
];

/** A customer's namespace. Policy 1 hashes ports, so that one pair of hosts can use several tunnels. */
export const customerSysctls = (netns: Netns, edge: string, tunnels: readonly string[]): readonly SysctlState[] => [
  ...forwarding(netns),
  setting(netns, 'net.ipv4.fib_multipath_hash_policy', '1'),
  setting(netns, 'net.ipv6.fib_multipath_hash_policy', '1'),
  withoutDad(netns, edge),
  ...[edge, ...tunnels].map((device) => unfiltered(netns, device)),
];

/** Wrong values of these cost balance or a moment, not packets. */
export const isComfort = (key: string): boolean =>
  key.endsWith('.fib_multipath_hash_policy') || key.endsWith('.accept_dad');
