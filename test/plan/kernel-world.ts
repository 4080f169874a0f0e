/** What a kernel holds, and what goes when something else goes. */
import type {
  AddressState,
  Netns,
  NexthopState,
  RouteState,
  RuleState,
  SysctlState,
  TunnelState,
  VethState,
} from '../../src/model/kernel.js';
import { addressKey, nexthopKey, sysctlKey, tunnelKey } from '../../src/model/kernel-order.js';
import { EDGE_DEVICE } from '../../src/model/naming.js';

export class KernelWorld {
  readonly namespaces = new Map<Netns, string>();
  readonly veths = new Map<string, VethState>();
  readonly addresses = new Map<string, AddressState>();
  readonly rules = new Map<string, RuleState>();
  readonly routes = new Map<string, RouteState>();
  readonly nexthops = new Map<string, NexthopState>();
  readonly sysctls = new Map<string, SysctlState>();
  readonly tunnels = new Map<string, TunnelState>();
  readonly rulesets = new Map<Netns, string>();

  constructor(
    protected readonly uplinks: readonly string[],
    /** What the kernel has for every namespace and device that comes up. */
    private readonly settings: readonly SysctlState[],
  ) {
    this.bring('');
    for (const uplink of uplinks) this.bring('', uplink);
  }

  hasDevice(netns: Netns, device: string): boolean {
    if (device === 'lo') return netns === '' || this.namespaces.has(netns);
    if (netns === '') return this.uplinks.includes(device) || this.veths.has(device);
    if (device === EDGE_DEVICE) return [...this.veths.values()].some((veth) => veth.netns === netns);
    return this.tunnels.has(tunnelKey({ netns, name: device }));
  }

  dropNamespace(netns: Netns): void {
    this.namespaces.delete(netns);
    for (const veth of [...this.veths.values()]) if (veth.netns === netns) this.dropVeth(veth.name);
    for (const map of [this.addresses, this.routes, this.nexthops, this.sysctls, this.tunnels]) {
      for (const [key, item] of map) if (item.netns === netns) map.delete(key);
    }
    this.rulesets.delete(netns);
  }

  dropVeth(name: string): void {
    const veth = this.veths.get(name);
    this.veths.delete(name);
    this.forget('', name);
    if (veth) this.forget(veth.netns, EDGE_DEVICE);
  }

  dropDevice(netns: Netns, name: string): void {
    this.tunnels.delete(tunnelKey({ netns, name }));
    this.forget(netns, name);
  }

  dropAddress(address: AddressState): void {
    this.addresses.delete(addressKey(address));
    for (const [key, { netns, target }] of this.routes) {
      if (netns === address.netns && target.kind === 'via' && target.source === address.address)
        this.routes.delete(key);
    }
  }

  /** Groups lose the member; an empty group goes, and with it the routes that use it. */
  dropNexthop(netns: Netns, id: number): void {
    this.nexthops.delete(nexthopKey({ netns, id }));
    for (const [key, route] of this.routes) {
      if (route.netns === netns && route.target.kind === 'nexthop' && route.target.id === id) this.routes.delete(key);
    }
    for (const group of [...this.nexthops.values()]) {
      if (group.netns !== netns || group.target.kind !== 'group') continue;
      const members = group.target.members.filter((member) => member.id !== id);
      if (members.length === group.target.members.length) continue;
      if (members.length === 0) this.dropNexthop(netns, group.id);
      else this.nexthops.set(nexthopKey(group), { ...group, target: { ...group.target, members } });
    }
  }

  /** Everything on a device goes with it. */
  protected forget(netns: Netns, device: string): void {
    for (const own of [...this.addresses.values()])
      if (own.netns === netns && own.device === device) this.dropAddress(own);
    for (const [key, route] of this.routes) {
      if (route.netns === netns && route.target.kind === 'via' && route.target.device === device)
        this.routes.delete(key);
    }
    for (const { netns: at, id, target } of [...this.nexthops.values()]) {
      if (at === netns && target.kind === 'device' && target.device === device) this.dropNexthop(netns, id);
    }
    for (const [key, sysctl] of this.sysctls) {
      if (sysctl.netns === netns && sysctl.key.split('.').includes(device)) this.sysctls.delete(key);
    }
  }

  /** A namespace or device comes with settings at values of the kernel's own. */
  protected bring(netns: Netns, device?: string): void {
    for (const sysctl of this.settings) {
      const owner = /\.conf\.(?!all\.)([^.]+)\./.exec(sysctl.key)?.[1];
      if (sysctl.netns === netns && owner === device)
        this.sysctls.set(sysctlKey(sysctl), { ...sysctl, value: 'default' });
    }
  }
}
