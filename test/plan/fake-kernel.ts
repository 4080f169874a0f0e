/**
 * A kernel in memory with the side effects that plans must reckon with, and
 * with its refusals: an operation on something that is not there fails.
 */
import type {
  KernelObserved,
  KernelOp,
  Netns,
  NexthopState,
  RouteState,
  SysctlState,
  TunnelState,
  VethState,
} from '../../src/model/kernel.js';
import {
  addressKey,
  nexthopKey,
  routeKey,
  ruleKey,
  sortedBy,
  sysctlKey,
  tunnelKey,
} from '../../src/model/kernel-order.js';
import { EDGE_DEVICE } from '../../src/model/naming.js';
import { gathered } from '../../src/model/routes-alike.js';
import { KernelWorld } from './kernel-world.js';

class Refusal extends Error {}

export class FakeKernel extends KernelWorld {
  constructor(
    uplinks: readonly string[],
    settings: readonly SysctlState[],
    private readonly wantedRulesets: ReadonlyMap<Netns, string>,
  ) {
    super(uplinks, settings);
  }

  observe(): KernelObserved {
    const all = <T>(map: ReadonlyMap<string, T>, key: (item: T) => string): readonly T[] => sortedBy(map.values(), key);
    return {
      namespaces: sortedBy(
        [...this.namespaces].map(([name, customer]) => ({ name, customer })),
        ({ name }) => name,
      ),
      veths: all(this.veths, ({ name }) => name),
      addresses: all(this.addresses, addressKey),
      rules: all(this.rules, ruleKey),
      routes: gathered([...this.routes.values()]),
      nexthops: all(this.nexthops, nexthopKey),
      sysctls: all(this.sysctls, sysctlKey),
      tunnels: all(this.tunnels, tunnelKey),
      rulesets: sortedBy(
        [...this.rulesets].map(([netns, text]) => ({
          netns,
          state: text === this.wantedRulesets.get(netns) ? ('equal' as const) : ('different' as const),
          counters: [],
        })),
        ({ netns }) => netns,
      ),
      uplinks: this.uplinks.map((name) => ({ name, up: true })),
    };
  }

  apply(ops: readonly KernelOp[]): void {
    for (const op of ops) this.execute(op);
  }

  execute(op: KernelOp): void {
    switch (op.kind) {
      case 'sysctl-set': {
        const key = sysctlKey(op.sysctl);
        this.need(this.sysctls.has(key), `no such setting ${key}`);
        this.sysctls.set(key, op.sysctl);
        return;
      }
      case 'namespace-add':
        this.namespaces.set(op.namespace.name, op.namespace.customer);
        this.bring(op.namespace.name);
        return;
      case 'namespace-delete':
        this.need(this.namespaces.has(op.name), `no namespace ${op.name}`);
        this.dropNamespace(op.name);
        return;
      case 'veth-add':
        this.need(!this.veths.has(op.veth.name), `${op.veth.name} exists`);
        this.makeVeth(op.veth);
        return;
      case 'veth-repair':
        this.need(this.veths.has(op.veth.name), `no ${op.veth.name}`);
        this.dropVeth(op.veth.name);
        this.makeVeth(op.veth);
        return;
      case 'veth-delete':
        this.need(this.veths.has(op.name), `no ${op.name}`);
        this.dropVeth(op.name);
        return;
      case 'address-add':
        this.need(this.hasDevice(op.address.netns, op.address.device), `no device ${op.address.device}`);
        this.need(!this.addresses.has(addressKey(op.address)), `${op.address.address} exists`);
        this.addresses.set(addressKey(op.address), op.address);
        return;
      case 'address-delete':
        this.need(this.addresses.has(addressKey(op.address)), `no address ${op.address.address}`);
        this.dropAddress(op.address);
        return;
      case 'tunnel-add':
        this.need(!this.tunnels.has(tunnelKey(op.tunnel)), `${op.tunnel.name} exists`);
        this.makeTunnel(op.tunnel);
        return;
      case 'tunnel-repair':
        this.need(this.tunnels.has(tunnelKey(op.tunnel)), `no ${op.tunnel.name}`);
        this.dropDevice(op.tunnel.netns, op.tunnel.name);
        this.makeTunnel(op.tunnel);
        return;
      case 'tunnel-delete':
        this.need(this.tunnels.has(tunnelKey(op)), `no ${op.name}`);
        this.dropDevice(op.netns, op.name);
        return;
      case 'nexthop-replace':
        this.setNexthop(op.nexthop);
        return;
      case 'nexthop-delete':
        // Absent is harmless: it may have gone with its device or its last member.
        this.dropNexthop(op.netns, op.id);
        return;
      case 'route-replace':
        this.setRoute(op.route);
        return;
      case 'route-delete':
        this.need(this.routes.delete(routeKey(op.route)), `no route ${routeKey(op.route)}`);
        return;
      case 'rule-add':
        this.need(!this.rules.has(ruleKey(op.rule)), 'rule exists');
        this.rules.set(ruleKey(op.rule), op.rule);
        return;
      case 'rule-delete':
        this.need(this.rules.delete(ruleKey(op.rule)), 'no such rule');
        return;
      case 'ruleset-replace':
        this.needNamespace(op.ruleset.netns);
        this.rulesets.set(op.ruleset.netns, op.ruleset.ruleset);
        return;
      case 'ruleset-delete':
        this.need(this.rulesets.delete(op.netns), 'no table');
    }
  }

  private makeVeth(veth: VethState): void {
    this.needNamespace(veth.netns);
    this.need(!this.hasDevice(veth.netns, EDGE_DEVICE), 'edge0 exists');
    this.veths.set(veth.name, veth);
    this.bring('', veth.name);
    this.bring(veth.netns, EDGE_DEVICE);
  }

  private makeTunnel(tunnel: TunnelState): void {
    this.needNamespace(tunnel.netns);
    this.tunnels.set(tunnelKey(tunnel), tunnel);
    this.bring(tunnel.netns, tunnel.name);
  }

  private setNexthop(nexthop: NexthopState): void {
    this.needNamespace(nexthop.netns);
    const old = this.nexthops.get(nexthopKey(nexthop));
    this.need(!old || sortOf(old) === sortOf(nexthop), 'cannot change kind');
    if (nexthop.target.kind === 'device') {
      this.need(this.hasDevice(nexthop.netns, nexthop.target.device), `no device ${nexthop.target.device}`);
    } else {
      for (const { id, weight } of nexthop.target.members) {
        this.need(weight >= 1 && weight <= 255, `invalid weight ${weight}`);
        this.need(this.nexthops.has(nexthopKey({ netns: nexthop.netns, id })), `no member ${id}`);
      }
    }
    this.nexthops.set(nexthopKey(nexthop), nexthop);
  }

  private setRoute(route: RouteState): void {
    const { netns, target } = route;
    this.needNamespace(netns);
    if (target.kind === 'nexthop') this.need(this.nexthops.has(nexthopKey({ netns, id: target.id })), 'no nexthop');
    if (target.kind === 'via') {
      this.need(this.hasDevice(netns, target.device), `no device ${target.device}`);
      const local = [...this.addresses.values()].some((own) => own.netns === netns && own.address === target.source);
      this.need(target.source === undefined || local, `source ${target.source} is not local`);
    }
    this.routes.set(routeKey(route), route);
  }

  private needNamespace(netns: Netns): void {
    this.need(netns === '' || this.namespaces.has(netns), `no namespace ${netns}`);
  }

  private need(condition: boolean, text: string): void {
    if (!condition) throw new Refusal(text);
  }
}

/** What a replacement cannot change: net/ipv4/nexthop.c, replace_nexthop. */
function sortOf({ family, target }: NexthopState): string {
  if (target.kind === 'device') return `device ${family}`;
  const { hashing } = target;
  return `${hashing.kind} ${hashing.kind === 'resilient' ? hashing.buckets : ''} ${family}`;
}
