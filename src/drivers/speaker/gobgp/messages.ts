/** GoBGP's messages as `protos/gobgp/messages.proto` has them: absent scalars are zero, absent messages null. */
import type { Family, Prefix } from '../../../model/address.js';

export interface WireFamily {
  readonly afi: number;
  readonly safi: number;
}

export interface WireGlobal {
  readonly asn: number;
  readonly router_id: string;
  readonly listen_port: number;
}

// ---- paths

export interface ListedPath {
  /** As it was made, for whoever deletes exactly this one; empty unless it was asked for. */
  readonly nlri: Buffer;
  /** Every attribute as it stands in an UPDATE, byte for byte, each with its field's header; empty unless they were asked for. */
  readonly attributes: string;
  readonly family: WireFamily | null;
  readonly source_asn: number;
  readonly source_id: string;
  readonly neighbor_ip: string;
  readonly identifier: number;
}

export interface ListedDestination {
  readonly prefix: string;
  readonly paths: readonly ListedPath[];
}

/** A peer's event has no table. */
export interface WireEvent {
  readonly table: { readonly paths: readonly { readonly nlri: Buffer }[] } | null;
}

// ---- peers

export interface WirePeer {
  readonly conf: {
    readonly auth_password: string;
    readonly description: string;
    readonly neighbor_address: string;
    readonly peer_asn: number;
  };
  readonly timers: {
    readonly config: {
      readonly connect_retry: number;
      readonly hold_time: number;
      readonly keepalive_interval: number;
    };
  };
  readonly transport: { readonly local_address: string; readonly passive_mode: boolean };
  readonly graceful_restart: {
    readonly enabled: boolean;
    readonly restart_time: number;
    readonly deferral_time: number;
    readonly local_restarting: boolean;
  };
  readonly afi_safis: readonly {
    readonly mp_graceful_restart: { readonly config: { readonly enabled: boolean } };
    readonly config: { readonly family: WireFamily; readonly enabled: boolean };
    readonly prefix_limits?: { readonly family: WireFamily; readonly max_prefixes: number };
  }[];
  readonly ttl_security?: { readonly enabled: boolean; readonly ttl_min: number };
  readonly ebgp_multihop?: { readonly enabled: boolean; readonly multihop_ttl: number };
}

export interface ListedPeer {
  readonly conf: {
    readonly auth_password: string;
    readonly description: string;
    readonly neighbor_address: string;
    readonly peer_asn: number;
  } | null;
  readonly state: {
    readonly session_state: number;
    readonly admin_state: number;
    readonly messages: { readonly sent: { readonly update: number } | null } | null;
  } | null;
  readonly timers: {
    readonly config: { readonly hold_time: number; readonly keepalive_interval: number } | null;
  } | null;
  readonly transport: { readonly local_address: string; readonly passive_mode: boolean } | null;
  readonly graceful_restart: { readonly enabled: boolean; readonly restart_time: number } | null;
  readonly ttl_security?: { readonly enabled: boolean } | null;
  readonly ebgp_multihop?: { readonly enabled: boolean; readonly multihop_ttl: number } | null;
  readonly afi_safis: readonly {
    readonly config: { readonly family: WireFamily | null; readonly enabled: boolean } | null;
    readonly prefix_limits?: { readonly max_prefixes: number } | null;
  }[];
}

// ---- policy

export interface WirePrefix {
  readonly ip_prefix: string;
  readonly mask_length_min: number;
  readonly mask_length_max: number;
}

export interface WireDefinedSet {
  readonly defined_type: number;
  readonly name: string;
  readonly prefixes: readonly WirePrefix[];
}

/** Of a prefix set. */
export interface ListedSet {
  readonly defined_type: number;
  readonly name: string;
  /** Where all that it holds are exact prefixes, those; or else what it holds, completing "the set …". */
  readonly prefixes: readonly Prefix[] | string;
}

export interface WireStatement {
  readonly name: string;
  readonly conditions: {
    readonly prefix_set: { readonly type: number; readonly name: string };
    readonly route_type: number;
  };
  readonly actions: { readonly route_action: number };
}

export interface WirePolicy {
  readonly name: string;
  readonly statements: readonly WireStatement[];
}

export interface ListedStatement {
  readonly name: string;
  readonly conditions:
    | ({
        readonly prefix_set: { readonly type: number; readonly name: string } | null;
        readonly route_type: number;
        readonly rpki_result: number;
        readonly origin: number;
        readonly next_hop_in_list: readonly string[];
        readonly afi_safi_in: readonly WireFamily[];
      } & Readonly<Record<ForeignCondition, object | null>>)
    | null;
  readonly actions: ({ readonly route_action: number } & Readonly<Record<ForeignAction, object | null>>) | null;
}

export interface ListedPolicy {
  readonly name: string;
  readonly statements: readonly ListedStatement[];
}

export interface ListedAssignment {
  readonly direction: number;
  readonly policies: readonly ListedPolicy[];
  readonly default_action: number;
}

/** Conditions and actions that statements of ours never have. */
export const FOREIGN_CONDITIONS = [
  'neighbor_set',
  'as_path_length',
  'as_path_set',
  'community_set',
  'ext_community_set',
  'large_community_set',
  'community_count',
] as const;
export const FOREIGN_ACTIONS = [
  'community',
  'med',
  'as_prepend',
  'ext_community',
  'nexthop',
  'local_pref',
  'large_community',
  'origin_action',
] as const;
type ForeignCondition = (typeof FOREIGN_CONDITIONS)[number];
type ForeignAction = (typeof FOREIGN_ACTIONS)[number];

// ---- families

/** RFC 4760: address family 1 is IPv4, 2 is IPv6; subsequent family 1 is unicast. */
export const wireFamily = (family: Family): WireFamily => ({ afi: family === 4 ? 1 : 2, safi: 1 });

/** `undefined` for anything but IPv4 and IPv6 unicast. */
export function familyFromWire(family: WireFamily | null): Family | undefined {
  if (family?.safi !== 1) return undefined;
  return family.afi === 1 ? 4 : family.afi === 2 ? 6 : undefined;
}
