/** What is ours among the links of this machine. */
import type { Address } from '../../model/address.js';
import { EDGE_INSIDE, EDGE_LENGTH, EDGE_OUTSIDE } from '../../model/edge.js';
import type { AddressState, NamespaceState, Netns, VethState } from '../../model/kernel.js';
import { DEFAULT_NETNS, EDGE_DEVICE, netnsOf, ownerOf, vethOf } from '../../model/naming.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Interface, InterfaceAddress, Rtnetlink } from '../../ports/rtnetlink.js';

/** Label of the addresses that we place on the default namespace's loopback; IPv4 only (linux/if_addr.h, IFA_LABEL). */
export const LABEL = 'lo:culvert';

export interface Machine {
  readonly outside: readonly Interface[];
  /** Namespaces whose loopback carries our alias, by customer. */
  readonly ours: ReadonlyMap<string, readonly Interface[]>;
  /** Numbers by which the default namespace's links name the namespace of their peer. */
  readonly idOf: ReadonlyMap<Netns, number>;
}

/** Reads the default namespace and every one that bears a name of ours. */
export async function readMachine(rtnetlink: Rtnetlink, namespaces: Namespaces): Promise<Machine> {
  const names = namespaces.names().filter((name) => name.startsWith(netnsOf('')));
  const interfaces = await rtnetlink.interfaces([DEFAULT_NETNS, ...names]);
  const ours = new Map<string, readonly Interface[]>();
  for (const netns of names) {
    const inside = interfaces.get(netns) ?? [];
    const customer = ownerOf(named(inside, 'lo')?.alias);
    if (customer !== undefined && netnsOf(customer) === netns) ours.set(customer, inside);
  }
  const idOf = await rtnetlink.idsOf([...ours.keys()].map(netnsOf));
  return { outside: interfaces.get(DEFAULT_NETNS) ?? [], ours, idOf };
}

export const named = (interfaces: readonly Interface[], name: string): Interface | undefined =>
  interfaces.find((candidate) => candidate.name === name);

export const namespacesOf = ({ ours }: Machine): readonly NamespaceState[] =>
  [...ours.keys()].map((customer) => ({ name: netnsOf(customer), customer }));

/**
 * Pairs of ours: the outer end carries our alias, or leads to the edge of a
 * namespace that is ours (a pair whose maker was stopped before it named it).
 */
export function vethsOf(machine: Machine): readonly VethState[] {
  const customers = new Map([...machine.ours.keys()].map((customer) => [vethOf(customer), customer]));
  return machine.outside.flatMap((outer): readonly VethState[] => {
    const alias = ownerOf(outer.alias);
    const customer = alias ?? customers.get(outer.name);
    if (customer === undefined || vethOf(customer) !== outer.name) return [];
    const edge = edgeOf(machine, customer, outer);
    if (alias === undefined && edge === undefined) return [];
    const ready =
      alias !== undefined && edge !== undefined && isReady(outer, EDGE_OUTSIDE) && isReady(edge, EDGE_INSIDE);
    return [{ name: outer.name, customer, netns: netnsOf(customer), ready }];
  });
}

/** The inner end of this very pair; `undefined` when what bears its name is something else. */
export function edgeOf({ ours, idOf }: Machine, customer: string, outer: Interface): Interface | undefined {
  const edge = named(ours.get(customer) ?? [], EDGE_DEVICE);
  const paired =
    outer.peer?.netnsid !== undefined &&
    outer.peer.netnsid === idOf.get(netnsOf(customer)) &&
    outer.peer.index === edge?.index &&
    edge.peer?.index === outer.index;
  return paired ? edge : undefined;
}

const isReady = ({ up, carrier, makesAddresses, addresses }: Interface, own: Address): boolean =>
  up &&
  carrier &&
  !makesAddresses &&
  addresses.some(({ address, length }) => address === own && length === EDGE_LENGTH);

/** Ours by label in the default namespace, and everything on the loopback and the tunnels of our own namespaces. */
export function addressesOf({ outside, ours }: Machine): readonly AddressState[] {
  const labelled = (named(outside, 'lo')?.addresses ?? []).filter(({ label }) => label === LABEL);
  const inside = [...ours].flatMap(([customer, interfaces]) =>
    interfaces
      .filter(({ name }) => name === 'lo' || name.startsWith('gre-'))
      .flatMap(({ name, addresses }) => addressStates(netnsOf(customer), name, addresses)),
  );
  return [...addressStates(DEFAULT_NETNS, 'lo', labelled), ...inside.filter(({ address }) => !isKernels(address))];
}

const addressStates = (netns: Netns, device: string, addresses: readonly InterfaceAddress[]): readonly AddressState[] =>
  addresses.map(({ address, length }) => ({ netns, device, address, length }));

/** The kernel's own: loopback and link-local. */
const isKernels = (address: Address): boolean =>
  address.startsWith('127.') || address === '::1' || /^fe[89ab]/.test(address);

/** An uplink that does not exist is down. */
export const uplinksOf = ({ outside }: Machine, names: readonly string[]): readonly { name: string; up: boolean }[] =>
  names.map((name) => {
    const uplink = named(outside, name);
    return { name, up: uplink?.up === true && uplink.carrier };
  });
