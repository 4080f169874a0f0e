import type { Address, Family, Prefix } from '../model/address.js';
import type { GroupMember, Hashing, Netns } from '../model/kernel.js';

/**
 * The kernel's own tables as rtnetlink(7) shows them, ours and everybody's.
 * Starts no process and changes nothing; other work of this process goes on
 * between namespaces. Namespaces that are not there are left out of an answer.
 * Everything rejects with `KernelError`: `not-permitted`; `unreadable` when a
 * dump fails, is cut short or lacks what it must have.
 */
export interface Rtnetlink {
  interfaces(namespaces: readonly Netns[]): Promise<ReadonlyMap<Netns, readonly Interface[]>>;
  /** Routes of one protocol, in all tables, and every nexthop object. */
  forwarding(namespaces: readonly Netns[], protocol: number): Promise<ReadonlyMap<Netns, Forwarding>>;
  /** Of the default namespace. */
  rules(): Promise<readonly Rule[]>;
  /** Numbers by which the default namespace's links name the namespace of their peer; namespaces without one are left out. */
  idsOf(namespaces: readonly Netns[]): Promise<ReadonlyMap<Netns, number>>;
}

export interface Interface {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  /** IFF_LOWER_UP. */
  readonly carrier: boolean;
  readonly mtu: number;
  readonly alias?: string;
  /** `veth`, `gre`, `tun`; absent for hardware. */
  readonly kind?: string;
  readonly gre?: Gre;
  /** Where the other side is: its index, and its namespace's number unless that is this one. */
  readonly peer?: { readonly index: number; readonly netnsid?: number };
  /** Whether the kernel makes IPv6 addresses of its own (addrgenmode other than none). */
  readonly makesAddresses: boolean;
  readonly addresses: readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  readonly address: Address;
  readonly length: number;
  /** IPv4 only. */
  readonly label?: string;
}

/** Absent ends are open. */
export interface Gre {
  readonly local?: Address;
  readonly remote?: Address;
  readonly inputKey?: number;
  readonly outputKey?: number;
}

/** Lists that are read whenever they are asked for; the same object says the same. */
export interface Forwarding {
  readonly routes: readonly Route[];
  readonly nexthops: readonly Nexthop[];
}

export interface Route {
  readonly family: Family;
  readonly table: number;
  readonly destination: Prefix;
  /** rtm_type, linux/rtnetlink.h: 1 unicast, 7 unreachable. */
  readonly type: number;
  readonly metric?: number;
  readonly nexthop?: number;
  /** Absent for a route over several devices. */
  readonly device?: string;
  readonly via?: Address;
  readonly source?: Address;
}

export interface Nexthop {
  readonly id: number;
  /** Absent for groups, which have none. */
  readonly family?: Family;
  readonly protocol: number;
  readonly device?: string;
  readonly via?: Address;
  /** Absent for a single nexthop. */
  readonly group?: readonly GroupMember[];
  /** Absent for a single nexthop, and for a group of a sort that we do not know. */
  readonly hashing?: Hashing;
}

export interface Rule {
  readonly family: Family;
  readonly preference: number;
  readonly table: number;
  readonly protocol?: number;
  readonly iif?: string;
  readonly mark?: number;
  /** 2^32 - 1 unless the rule says otherwise. */
  readonly mask: number;
}
