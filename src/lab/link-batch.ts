import type { LabLink, LinkEnd } from './topology.js';

/** Commands for `ip -batch`: every veth pair, made where it belongs. `pids`: process 1 of each node. */
export function linkBatch(links: readonly LabLink[], pids: ReadonlyMap<string, number>): string {
  const end = ({ node, device, mac }: LinkEnd, mtu: number): string =>
    `name ${device} netns ${pids.get(node) ?? 0} mtu ${mtu}${mac === undefined ? '' : ` address ${mac}`}`;
  return links.map(({ ends: [a, b], mtu }) => `link add ${end(a, mtu)} type veth peer ${end(b, mtu)}\n`).join('');
}

/** The devices of one node. */
export const devicesOf = (links: readonly LabLink[], node: string): readonly string[] =>
  links.flatMap(({ ends }) => ends.filter((end) => end.node === node).map(({ device }) => device));
