/** The values of firewall rules in the one form that the rest of the program sees. */
import { comparePrefix, contains, type Prefix } from '../model/address.js';
import type { PortRange, Protocol } from '../model/fleet.js';

/** IANA protocol numbers that have a name in the fleet file. */
const NAMED: ReadonlyMap<number, Protocol> = new Map<number, Protocol>([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [47, 'gre'],
  [50, 'esp'],
  [58, 'icmpv6'],
]);

/** 6 → `tcp`: one protocol has one spelling. */
export const protocolOf = (written: Protocol): Protocol =>
  typeof written === 'number' ? (NAMED.get(written) ?? written) : written;

/** Sorted, without what another one holds: sets of intervals refuse overlaps. */
export function disjointPrefixes(prefixes: readonly Prefix[]): readonly Prefix[] {
  const sorted = [...new Set(prefixes)].sort(comparePrefix);
  return sorted.reduce<Prefix[]>((kept, prefix) => {
    const last = kept.at(-1);
    return last && contains(last, prefix) ? kept : [...kept, prefix];
  }, []);
}

/** Sorted, overlapping and adjacent ranges joined. */
export function disjointPorts(ranges: readonly PortRange[]): readonly PortRange[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return sorted.reduce<PortRange[]>((joined, range) => {
    const last = joined.at(-1);
    if (!last || range[0] > last[1] + 1) return [...joined, range];
    return [...joined.slice(0, -1), [last[0], Math.max(last[1], range[1])]];
  }, []);
}
