/** Operations on nexthops, fitted to what stands there now. */
import type { Netns } from '../../model/kernel.js';
import { KernelError } from '../../ports/kernel.js';
import type { Nexthop } from '../../ports/rtnetlink.js';
import type { RouteOp } from './steps.js';

export type Standing = ReadonlyMap<Netns, readonly Nexthop[]>;

/** Namespaces whose nexthops an operation replaces. */
export const replacedIn = (ops: readonly RouteOp[]): readonly Netns[] => [
  ...new Set(ops.flatMap((op) => (op.kind === 'nexthop-replace' ? [op.nexthop.netns] : []))),
];

/**
 * What another program made under a number of ours is not replaced; that
 * throws `KernelError`. A group is given those of its members that are there
 * or come before it: one whose device could not be made must not keep the
 * others from carrying. Why it is missing, its own operation has said.
 */
export function fitted(ops: readonly RouteOp[], standing: Standing, protocol: number): readonly RouteOp[] {
  const seen = new Map(
    [...standing].map(([netns, nexthops]) => [
      netns,
      {
        ours: new Set(nexthops.flatMap((one) => (one.protocol === protocol ? [one.id] : []))),
        foreign: new Set(nexthops.flatMap((one) => (one.protocol === protocol ? [] : [one.id]))),
      },
    ]),
  );
  return ops.map((op) => {
    if (op.kind !== 'nexthop-replace') return op;
    const { netns, id, target } = op.nexthop;
    const there = seen.get(netns);
    if (!there) return op;
    if (there.foreign.has(id)) {
      throw new KernelError('failed', `nexthop ${id} in ${netns} is somebody else's; delete it, or give it another id`);
    }
    there.ours.add(id);
    if (target.kind === 'device') return op;
    const members = target.members.filter((member) => there.ours.has(member.id));
    return members.length === 0 ? op : { ...op, nexthop: { ...op.nexthop, target: { ...target, members } } };
  });
}
