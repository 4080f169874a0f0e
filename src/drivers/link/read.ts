/** Links as ip(8) prints them. */
import { parseAddress, type Address } from '../../model/address.js';
import { EDGE_INSIDE, EDGE_LENGTH, EDGE_OUTSIDE } from '../../model/edge.js';
import type { AddressState, NamespaceState, Netns, VethState } from '../../model/kernel.js';
import { DEFAULT_NETNS, EDGE_DEVICE, netnsOf, ownerOf, vethOf } from '../../model/naming.js';
import type { Iproute, IpRow } from '../../ports/iproute.js';
import { KernelError } from '../../ports/kernel.js';

/** Label of the addresses that we place on the default namespace's loopback; IPv4 only (linux/if_addr.h, IFA_LABEL). */
export const LABEL = 'lo:culvert';

/** At a time; each is a process. */
const CONCURRENCY = 4;

/** The links of one namespace, and their addresses by device. */
export interface Links {
  readonly netns: Netns;
  readonly rows: readonly IpRow[];
  readonly addresses: ReadonlyMap<string, readonly IpRow[]>;
}

/** Addresses and, in a dump of their own, the details of links: `address show` leaves some of those out. */
const LINKS = ['address show', 'link show'] as const;

const linksFrom = (netns: Netns, addressed: readonly IpRow[], rows: readonly IpRow[]): Links => ({
  netns,
  rows,
  addresses: new Map(addressed.map((row) => [row.text('ifname'), row.rows('addr_info')])),
});

export interface Machine {
  readonly outside: Links;
  /** Namespaces whose loopback carries our alias, by customer. */
  readonly ours: ReadonlyMap<string, Links>;
  /** Ids by which the default namespace's links name the namespace of their peer. */
  readonly idOf: ReadonlyMap<Netns, number>;
}

/** Reads the default namespace and every one that bears a name of ours. */
export async function readMachine(ip: Iproute): Promise<Machine> {
  const [listed = [], addressed = [], rows = []] = await ip.query({ netns: DEFAULT_NETNS }, ['netns list', ...LINKS]);
  const idOf = new Map(listed.filter((row) => row.has('id')).map((row) => [row.text('name'), row.number('id')]));
  const names = listed.map((row) => row.text('name')).filter((name) => name.startsWith(netnsOf('')));
  const ours = new Map<string, Links>();
  for (let start = 0; start < names.length; start += CONCURRENCY) {
    const some = names.slice(start, start + CONCURRENCY);
    for (const links of await Promise.all(some.map((netns) => readLinks(ip, netns)))) {
      const customer = ownerOf(aliasOf(links.rows.find((row) => row.text('ifname') === 'lo')));
      if (customer !== undefined && netnsOf(customer) === links.netns) ours.set(customer, links);
    }
  }
  return { outside: linksFrom(DEFAULT_NETNS, addressed, rows), ours, idOf };
}

export async function readLinks(ip: Iproute, netns: Netns): Promise<Links> {
  const [addressed = [], rows = []] = await ip.query({ netns }, LINKS);
  return linksFrom(netns, addressed, rows);
}

export const namespacesOf = ({ ours }: Machine): readonly NamespaceState[] =>
  [...ours].map(([customer, { netns }]) => ({ name: netns, customer }));

/**
 * Pairs of ours: the outer end carries our alias, or leads to the edge of a
 * namespace that is ours (a pair whose maker was stopped before it named it).
 */
export function vethsOf(machine: Machine): readonly VethState[] {
  return machine.outside.rows.flatMap((outer): readonly VethState[] => {
    const name = outer.text('ifname');
    const alias = ownerOf(aliasOf(outer));
    const customer = alias ?? [...machine.ours.keys()].find((candidate) => vethOf(candidate) === name);
    if (customer === undefined || vethOf(customer) !== name) return [];
    const edge = edgeOf(machine, customer, outer);
    if (alias === undefined && edge === undefined) return [];
    const inside = machine.ours.get(customer);
    const ready =
      alias !== undefined &&
      edge !== undefined &&
      isReady(outer, machine.outside.addresses.get(name), EDGE_OUTSIDE) &&
      isReady(edge, inside?.addresses.get(EDGE_DEVICE), EDGE_INSIDE);
    return [{ name, customer, netns: netnsOf(customer), ready }];
  });
}

/** The inner end of this very pair; `undefined` when what bears its name is something else. */
export function edgeOf({ ours, idOf }: Machine, customer: string, outer: IpRow): IpRow | undefined {
  const inside = ours.get(customer);
  const edge = inside?.rows.find((row) => row.text('ifname') === EDGE_DEVICE);
  if (!inside || !edge || !outer.has('link_index') || !edge.has('link_index') || !outer.has('link_netnsid'))
    return undefined;
  const paired =
    outer.number('link_netnsid') === idOf.get(inside.netns) &&
    outer.number('link_index') === edge.number('ifindex') &&
    edge.number('link_index') === outer.number('ifindex');
  return paired ? edge : undefined;
}

function isReady(row: IpRow, addresses: readonly IpRow[] | undefined, own: Address): boolean {
  const flags = row.texts('flags');
  return (
    flags.includes('UP') &&
    flags.includes('LOWER_UP') &&
    row.text('inet6_addr_gen_mode') === 'none' &&
    (addresses ?? []).some((item) => item.text('local') === own && item.number('prefixlen') === EDGE_LENGTH)
  );
}

/** Ours by label in the default namespace, and everything on the loopback and the tunnels of our own namespaces. */
export function addressesOf({ outside, ours }: Machine): readonly AddressState[] {
  const labelled = (outside.addresses.get('lo') ?? [])
    .filter((item) => item.has('label') && item.text('label') === LABEL)
    .map((item) => addressState(DEFAULT_NETNS, 'lo', item));
  const inside = [...ours.values()].flatMap(({ netns, addresses }) =>
    [...addresses]
      .filter(([device]) => device === 'lo' || device.startsWith('gre-'))
      .flatMap(([device, items]) => items.map((item) => addressState(netns, device, item))),
  );
  return [...labelled, ...inside.filter(({ address }) => !isKernels(address))];
}

/** The kernel's own: loopback and link-local. */
const isKernels = (address: Address): boolean =>
  address.startsWith('127.') || address === '::1' || /^fe[89ab]/.test(address);

function addressState(netns: Netns, device: string, item: IpRow): AddressState {
  const address = parseAddress(item.text('local'));
  if (address === undefined) throw new KernelError('unreadable', `ip: not an address: ${item.text('local')}`);
  return { netns, device, address, length: item.number('prefixlen') };
}

export const aliasOf = (row: IpRow | undefined): string | undefined =>
  row?.has('ifalias') ? row.text('ifalias') : undefined;

/** An uplink that does not exist is down. */
export const uplinksOf = ({ outside }: Machine, names: readonly string[]): readonly { name: string; up: boolean }[] =>
  names.map((name) => {
    const flags = outside.rows.find((row) => row.text('ifname') === name)?.texts('flags') ?? [];
    return { name, up: flags.includes('UP') && flags.includes('LOWER_UP') };
  });
