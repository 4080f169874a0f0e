/**
 * Kernel objects as nouns. Desired and observed have the same shape, so that a
 * plan is a difference. Every list is sorted by its key when it leaves a
 * driver or a decision; keys are unique within a list.
 */
import type { Address, Family, Prefix } from './address.js';

/** Name in /run/netns; '' is the default namespace. */
export type Netns = string;

/** A namespace of ours: its loopback carries our alias. Key: name. */
export interface NamespaceState {
  readonly name: Netns;
  readonly customer: string;
}

/** veth pair between the default namespace and a customer's. Key: name. */
export interface VethState {
  readonly name: string;
  readonly customer: string;
  readonly netns: Netns;
  /** Both ends up, and fe80::1 (outside) and fe80::2 (inside) present. */
  readonly ready: boolean;
}

/** An address that we placed. Key: netns, device, address. */
export interface AddressState {
  readonly netns: Netns;
  readonly device: string;
  readonly address: Address;
  readonly length: number;
}

/** Policy rule of ours: fwmark under a mask, arriving on an uplink. Key: family, iif. */
export interface RuleState {
  readonly family: Family;
  readonly iif: string;
  readonly mark: number;
  readonly mask: number;
  readonly table: number;
  readonly preference: number;
}

/** Main table. */
export const TABLE_MAIN = 254;

export type RouteTarget =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'via'; readonly device: string; readonly via?: Address; readonly source?: Address }
  /** A nexthop object or group. */
  | { readonly kind: 'nexthop'; readonly id: number };

interface RouteWay {
  readonly netns: Netns;
  readonly family: Family;
  readonly table: number;
  readonly target: RouteTarget;
}

/** A route of ours, by protocol number. Key: netns, family, table, destination. */
export interface RouteState extends RouteWay {
  readonly destination: Prefix;
}

/** Routes of ours that stand in one table and lead the same way, as nearly all of a customer's do. Key: netns, family, table, target. */
export interface RoutesAlike extends RouteWay {
  /** At least one, sorted. */
  readonly destinations: readonly Prefix[];
}

/**
 * How the flows of a group find their members. `threshold`: by ranges of their
 * hash (RFC 2992), so that a member more or less moves flows between the
 * others too. `resilient`: by a table of buckets, which are given to another
 * member only when theirs has left or has too many (the kernel's
 * networking/nexthop-group-resilient).
 */
export type Hashing =
  | { readonly kind: 'threshold' }
  | {
      readonly kind: 'resilient';
      /** 1 to 65,535; the kernel never changes it. */
      readonly buckets: number;
      /** Whole seconds without a packet, after which a member that has too many may lose a bucket. */
      readonly idleTimer: number;
      /** Whole seconds after which it loses them, idle or not. 0: never. */
      readonly unbalancedTimer: number;
    };

/** What a kernel's nexthop groups can do; `detail`: why they can do no more, as the kernel's tools say it. */
export type GroupSupport = { readonly kind: 'resilient' } | { readonly kind: 'threshold'; readonly detail: string };

/** Heaviest first, then by id: the kernel rounds in the order it is told, and what is worth half a bucket shall get none. */
export interface GroupMember {
  readonly id: number;
  /** 1 to 255: before 6.12 the kernel counts in one byte. */
  readonly weight: number;
}

export type NexthopTarget =
  | { readonly kind: 'device'; readonly device: string }
  | { readonly kind: 'group'; readonly members: readonly GroupMember[]; readonly hashing: Hashing };

/** A nexthop object in a customer's namespace. Key: netns, id. */
export interface NexthopState {
  readonly netns: Netns;
  readonly id: number;
  readonly family: Family;
  readonly target: NexthopTarget;
}

/** Key: netns, key (`net.ipv4.ip_forward`). */
export interface SysctlState {
  readonly netns: Netns;
  readonly key: string;
  readonly value: string;
}

/** A GRE device in a customer's namespace whose underlay is the default one. Key: netns, name. */
export interface TunnelState {
  readonly netns: Netns;
  readonly name: string;
  readonly local: Address;
  readonly remote: Address;
  readonly key?: number;
  readonly mtu: number;
  readonly up: boolean;
}

/** Our nft table in one namespace. Key: netns. */
export interface RulesetState {
  readonly netns: Netns;
  /** Text for `nft -f`. It names every prefix, and may be written anew whenever it is asked for. */
  readonly ruleset: string;
}

/** What nft holds, compared in the kernel's own normal form. */
export interface RulesetObserved {
  readonly netns: Netns;
  readonly state: 'absent' | 'equal' | 'different';
  readonly counters: readonly NamedCounter[];
}

export interface NamedCounter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

interface KernelObjects {
  readonly namespaces: readonly NamespaceState[];
  readonly veths: readonly VethState[];
  readonly addresses: readonly AddressState[];
  readonly rules: readonly RuleState[];
  readonly routes: readonly RoutesAlike[];
  readonly nexthops: readonly NexthopState[];
  readonly sysctls: readonly SysctlState[];
  readonly tunnels: readonly TunnelState[];
}

export interface KernelDesired extends KernelObjects {
  readonly rulesets: readonly RulesetState[];
}

export interface KernelObserved extends KernelObjects {
  readonly rulesets: readonly RulesetObserved[];
  /** Uplinks of this server and whether they are up with carrier. */
  readonly uplinks: readonly { readonly name: string; readonly up: boolean }[];
}

/** Operations on the kernel; one executor each, in `src/drivers`. */
export type KernelOp =
  | { readonly kind: 'sysctl-set'; readonly sysctl: SysctlState }
  | { readonly kind: 'namespace-add'; readonly namespace: NamespaceState }
  | { readonly kind: 'namespace-delete'; readonly name: Netns }
  | { readonly kind: 'veth-add'; readonly veth: VethState }
  /** The pair exists but an end is down, or lacks its link-local address. */
  | { readonly kind: 'veth-repair'; readonly veth: VethState }
  | { readonly kind: 'veth-delete'; readonly name: string }
  | { readonly kind: 'address-add'; readonly address: AddressState }
  | { readonly kind: 'address-delete'; readonly address: AddressState }
  | { readonly kind: 'tunnel-add'; readonly tunnel: TunnelState }
  | { readonly kind: 'tunnel-repair'; readonly tunnel: TunnelState }
  | { readonly kind: 'tunnel-delete'; readonly netns: Netns; readonly name: string }
  | { readonly kind: 'nexthop-replace'; readonly nexthop: NexthopState }
  | { readonly kind: 'nexthop-delete'; readonly netns: Netns; readonly id: number }
  | { readonly kind: 'route-replace'; readonly route: RouteState }
  | { readonly kind: 'route-delete'; readonly route: RouteState }
  | { readonly kind: 'rule-add'; readonly rule: RuleState }
  | { readonly kind: 'rule-delete'; readonly rule: RuleState }
  | { readonly kind: 'ruleset-replace'; readonly ruleset: RulesetState }
  | { readonly kind: 'ruleset-delete'; readonly netns: Netns };
