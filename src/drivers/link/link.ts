/** Namespaces, veth pairs and addresses: read through rtnetlink, changed through iproute2. */
import { addressKey, namespaceKey, sortedBy, vethKey } from '../../model/kernel-order.js';
import { DEFAULT_NETNS, EDGE_DEVICE, ownerOf } from '../../model/naming.js';
import { same } from '../../model/same.js';
import type { Iproute } from '../../ports/iproute.js';
import { KernelError, type LinkDriver } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Rtnetlink } from '../../ports/rtnetlink.js';
import { addressesOf, edgeOf, named, namespacesOf, readMachine, uplinksOf, vethsOf } from './read.js';
import { phasesOf, type LinkOp, type Step } from './steps.js';

export interface LinkParts {
  readonly ip: Iproute;
  readonly rtnetlink: Rtnetlink;
  readonly namespaces: Namespaces;
}

export function createLinkDriver({ ip, rtnetlink, namespaces }: LinkParts): LinkDriver {
  const observe: LinkDriver['observe'] = async (uplinks) => {
    const machine = await readMachine(rtnetlink, namespaces);
    return {
      namespaces: sortedBy(namespacesOf(machine), namespaceKey),
      veths: sortedBy(vethsOf(machine), vethKey),
      addresses: sortedBy(addressesOf(machine), addressKey),
      uplinks: uplinksOf(machine, uplinks),
    };
  };

  const apply: LinkDriver['apply'] = async (ops) => {
    for (const run of runsOfOneKind(ops)) {
      for (const batch of batches(await prepared(run))) await execute(batch);
    }
  };

  /** Operations whose way depends on what is there. */
  async function prepared(run: readonly LinkOp[]): Promise<readonly LinkOp[]> {
    const first = run[0];
    if (first?.kind === 'namespace-add') await refuseForeignNamespaces(run);
    if (first?.kind !== 'veth-repair') return run;
    const machine = await readMachine(rtnetlink, namespaces);
    const result: LinkOp[] = [];
    for (const op of run) {
      if (op.kind !== 'veth-repair') continue;
      const outer = named(machine.outside, op.veth.name);
      const whole = outer !== undefined && edgeOf(machine, op.veth.customer, outer) !== undefined;
      if (whole) {
        result.push(op);
        continue;
      }
      if (outer) await must(op, DEFAULT_NETNS, `link delete dev ${op.veth.name}`);
      if (named(machine.ours.get(op.veth.customer) ?? [], EDGE_DEVICE))
        await must(op, op.veth.netns, `link delete dev ${EDGE_DEVICE}`);
      result.push({ ...op, kind: 'veth-add' });
    }
    return result;
  }

  /** A namespace of that name may be our own, half made. One in which something is up is somebody's. */
  async function refuseForeignNamespaces(run: readonly LinkOp[]): Promise<void> {
    const wanted = run.flatMap((op) => (op.kind === 'namespace-add' ? [op] : []));
    const there = await rtnetlink.interfaces(wanted.map((op) => op.namespace.name));
    for (const op of wanted) {
      const interfaces = there.get(op.namespace.name) ?? [];
      if (ownerOf(named(interfaces, 'lo')?.alias) === op.namespace.customer) continue;
      if (interfaces.some(({ up }) => up)) {
        throw new KernelError(
          'failed',
          `namespace ${op.namespace.name} exists, is in use and is not ours; rename it, or the customer`,
        );
      }
    }
  }

  async function must(op: LinkOp, netns: string, command: string): Promise<void> {
    await execute([{ netns, command, op }]);
  }

  /** Runs steps of one namespace. A step that failed because its effect is already there is passed over. */
  async function execute(steps: readonly Step[]): Promise<void> {
    let rest = steps;
    while (rest[0]) {
      const end = await ip.batch(
        { netns: rest[0].netns },
        rest.map(({ command }) => command),
      );
      if (end.done) return;
      const failed = rest[end.failed];
      if (!failed || !(await inEffect(failed.op))) {
        throw new KernelError('failed', `ip ${failed?.command ?? ''}: ${end.message}${remedy(failed?.op)}`);
      }
      rest = rest.slice(end.failed + 1);
    }
  }

  async function inEffect(op: LinkOp): Promise<boolean> {
    const seen = await observe([]);
    switch (op.kind) {
      case 'namespace-add':
        return namespaces.names().includes(op.namespace.name);
      case 'namespace-delete':
        return seen.namespaces.every(({ name }) => name !== op.name);
      case 'veth-add':
        return seen.veths.some((veth) => veth.name === op.veth.name);
      case 'veth-repair':
        return seen.veths.some((veth) => same(veth, op.veth));
      case 'veth-delete':
        return seen.veths.every(({ name }) => name !== op.name);
      case 'address-add':
        return seen.addresses.some((address) => same(address, op.address));
      case 'address-delete':
        return seen.addresses.every((address) => !same(address, op.address));
    }
  }

  return { observe, apply };
}

function remedy(op: LinkOp | undefined): string {
  if (op?.kind === 'address-add' && op.address.netns === DEFAULT_NETNS) {
    const { address, length, device } = op.address;
    return `; if it is there without our label: ip address delete ${address}/${length} dev ${device}`;
  }
  if (op?.kind === 'veth-add') return `; a device ${op.veth.name} that is not ours must be renamed`;
  return '';
}

/** Neighbours of one kind do not depend on each other. */
function runsOfOneKind(ops: readonly LinkOp[]): readonly (readonly LinkOp[])[] {
  const runs: LinkOp[][] = [];
  for (const op of ops) {
    const last = runs.at(-1);
    if (last?.[0]?.kind === op.kind) last.push(op);
    else runs.push([op]);
  }
  return runs;
}

/** First phase of all, second of all, …; within a phase one batch per namespace. */
function batches(run: readonly LinkOp[]): readonly (readonly Step[])[] {
  const phases = run.map(phasesOf);
  const depth = Math.max(0, ...phases.map((own) => own.length));
  return Array.from({ length: depth }, (_, phase) => {
    const byNamespace = new Map<string, Step[]>();
    for (const step of phases.flatMap((own) => own[phase] ?? [])) {
      byNamespace.set(step.netns, [...(byNamespace.get(step.netns) ?? []), step]);
    }
    return [...byNamespace.values()];
  }).flat();
}
