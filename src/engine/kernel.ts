/**
 * The kernel as the agent sees it: all drivers observed together, and every
 * operation sent to the one driver that executes it.
 */
import { DEFAULT_NETNS } from '../model/naming.js';
import type { KernelDesired, KernelObserved, KernelOp } from '../model/kernel.js';
import type { FirewallDriver, LinkDriver, RouteDriver, SysctlDriver, TunnelDriver } from '../ports/kernel.js';

export interface KernelDrivers {
  readonly link: LinkDriver;
  readonly route: RouteDriver;
  readonly sysctl: SysctlDriver;
  readonly firewall: FirewallDriver;
  readonly tunnel: TunnelDriver;
}

/**
 * Reads everything back. `desired` only says where to look (which sysctls,
 * which rulesets to compare) and lends its objects to what is found equal;
 * nothing of it is taken as fact.
 */
export async function observeKernel(
  drivers: KernelDrivers,
  desired: KernelDesired,
  uplinks: readonly string[],
): Promise<KernelObserved> {
  const links = await drivers.link.observe(uplinks);
  const inside = links.namespaces.map((namespace) => namespace.name);
  const present = new Set([DEFAULT_NETNS, ...inside]);
  const readable = desired.sysctls.filter((sysctl) => present.has(sysctl.netns));
  const [routes, sysctls, tunnels, rulesets] = await Promise.all([
    drivers.route.observe(inside, desired),
    drivers.sysctl.observe(readable),
    drivers.tunnel.observe(inside),
    drivers.firewall.observe(desired.rulesets, [...present]),
  ]);
  return { ...links, ...routes, sysctls, tunnels, rulesets };
}

type DriverName = keyof KernelDrivers;

/** Which driver executes what. A new operation does not compile until it has a driver. */
const EXECUTOR: { readonly [K in KernelOp['kind']]: DriverName } = {
  'sysctl-set': 'sysctl',
  'namespace-add': 'link',
  'namespace-delete': 'link',
  'veth-add': 'link',
  'veth-repair': 'link',
  'veth-delete': 'link',
  'address-add': 'link',
  'address-delete': 'link',
  'tunnel-add': 'tunnel',
  'tunnel-repair': 'tunnel',
  'tunnel-delete': 'tunnel',
  'nexthop-replace': 'route',
  'nexthop-delete': 'route',
  'route-replace': 'route',
  'route-delete': 'route',
  'rule-add': 'route',
  'rule-delete': 'route',
  'ruleset-replace': 'firewall',
  'ruleset-delete': 'firewall',
};

type OpsOf<D extends DriverName> = Parameters<KernelDrivers[D]['apply']>[0];

/** One customer's broken object must not keep the others from being built; a broken machine must not be asked forever. */
const MOST_REFUSALS = 40;

/**
 * Applies in order, neighbours of one driver in one batch. A batch that fails
 * is halved until the operation to blame stands alone; the others go on, but
 * nothing is deleted after a failure, because what should stand in its place
 * may be what failed. Rejects in the end with the first failure.
 */
export async function applyToKernel(drivers: KernelDrivers, ops: readonly KernelOp[]): Promise<void> {
  const failures: unknown[] = [];
  let waiting = batches(ops);
  for (let batch = waiting.shift(); batch && failures.length < MOST_REFUSALS; batch = waiting.shift()) {
    try {
      await applyBatch(drivers, batch.driver, batch.ops);
    } catch (error) {
      failures.push(error);
      waiting = [...halves(batch), ...waiting].flatMap(withoutDeletions);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** `EXECUTOR` has sorted the operations by driver; the compiler cannot follow that through the union. */
async function applyBatch<D extends DriverName>(
  drivers: KernelDrivers,
  name: D,
  ops: readonly KernelOp[],
): Promise<void> {
  const driver: { apply(ops: OpsOf<D>): Promise<void> } = drivers[name];
  await driver.apply(ops as unknown as OpsOf<D>);
}

interface Batch {
  readonly driver: DriverName;
  readonly ops: readonly KernelOp[];
}

function batches(ops: readonly KernelOp[]): Batch[] {
  const result: { readonly driver: DriverName; readonly ops: KernelOp[] }[] = [];
  for (const op of ops) {
    const driver = EXECUTOR[op.kind];
    const last = result.at(-1);
    if (last?.driver === driver) last.ops.push(op);
    else result.push({ driver, ops: [op] });
  }
  return result;
}

function halves({ driver, ops }: Batch): readonly Batch[] {
  if (ops.length < 2) return [];
  const middle = Math.ceil(ops.length / 2);
  return [ops.slice(0, middle), ops.slice(middle)].map((half) => ({ driver, ops: half }));
}

function withoutDeletions({ driver, ops }: Batch): readonly Batch[] {
  const left = ops.filter(({ kind }) => !kind.endsWith('-delete'));
  return left.length === 0 ? [] : [{ driver, ops: left }];
}
