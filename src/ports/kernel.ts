import type {
  AddressState,
  KernelDesired,
  KernelOp,
  NamespaceState,
  Netns,
  NexthopState,
  RoutesAlike,
  RuleState,
  RulesetObserved,
  RulesetState,
  SysctlState,
  TunnelState,
  VethState,
} from '../model/kernel.js';

type Op<K extends KernelOp['kind']> = Extract<KernelOp, { kind: K }>;

/**
 * Common contract of the kernel's drivers: `observe` reads only and reports
 * foreign objects never; it rejects with `KernelError` when a dump fails or
 * cannot be parsed (unknown, not empty). `apply` runs a batch in order, in as
 * few processes as it can, and rejects at the first failure, naming the
 * operation. Applying what is already there is harmless.
 */
export interface LinkDriver {
  observe(uplinks: readonly string[]): Promise<{
    readonly namespaces: readonly NamespaceState[];
    readonly veths: readonly VethState[];
    readonly addresses: readonly AddressState[];
    readonly uplinks: readonly { readonly name: string; readonly up: boolean }[];
  }>;
  apply(
    ops: readonly Op<
      | 'namespace-add'
      | 'namespace-delete'
      | 'veth-add'
      | 'veth-repair'
      | 'veth-delete'
      | 'address-add'
      | 'address-delete'
    >[],
  ): Promise<void>;
}

/**
 * A group is never without a member in between, nor a route without its group.
 * Members that could not be made are left out of their group. What another
 * program made under a number of ours is refused.
 */
export interface RouteDriver {
  /** Of what is equal to something in `wanted` the answer holds that very object, and that very list where all is. */
  observe(
    namespaces: readonly Netns[],
    wanted: Pick<KernelDesired, 'routes' | 'nexthops'>,
  ): Promise<{
    readonly rules: readonly RuleState[];
    readonly routes: readonly RoutesAlike[];
    readonly nexthops: readonly NexthopState[];
  }>;
  apply(
    ops: readonly Op<
      'nexthop-replace' | 'nexthop-delete' | 'route-replace' | 'route-delete' | 'rule-add' | 'rule-delete'
    >[],
  ): Promise<void>;
}

export interface SysctlDriver {
  /** Reads exactly the keys asked for; a key that does not exist is left out. */
  observe(wanted: readonly SysctlState[]): Promise<readonly SysctlState[]>;
  apply(ops: readonly Op<'sysctl-set'>[]): Promise<void>;
}

export interface FirewallDriver {
  /** Compares our table in each namespace with the text wanted there; `equal` is judged on the kernel's own listing, never on what we remember. */
  observe(wanted: readonly RulesetState[], present: readonly Netns[]): Promise<readonly RulesetObserved[]>;
  /** Each replacement is one nft transaction: all of it or nothing. */
  apply(ops: readonly Op<'ruleset-replace' | 'ruleset-delete'>[]): Promise<void>;
}

export interface TunnelDriver {
  readonly kind: 'kernel' | 'tun';
  /** Whether it can work on this machine, found out by trying in a scratch namespace. */
  probe(): Promise<{ readonly works: true } | { readonly works: false; readonly detail: string }>;
  observe(namespaces: readonly Netns[]): Promise<readonly TunnelState[]>;
  apply(ops: readonly Op<'tunnel-add' | 'tunnel-repair' | 'tunnel-delete'>[]): Promise<void>;
}

/** Wakes the loop when something that concerns us may have changed in the kernel; carries no facts. */
export interface KernelEvents {
  /**
   * Changes of links, addresses, routes, rules, nexthops and nft tables make
   * events, in every namespace that has a veth to the default one. Settings
   * do not: those that `settings` names are compared with what they should
   * be, and wake when they differ.
   */
  watch(wake: () => void, settings: () => readonly SysctlState[]): { stop(): void };
}

export class KernelError extends Error {
  override readonly name = 'KernelError';
  constructor(
    readonly reason: 'tool-missing' | 'not-permitted' | 'unsupported' | 'absent' | 'failed' | 'unreadable' | 'timeout',
    message: string,
  ) {
    super(message);
  }
}
