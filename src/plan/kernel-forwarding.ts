/** Addresses, nexthops and routes: customers' namespaces first, the routes that lead into them last. */
import type {
  KernelDesired,
  KernelObserved,
  KernelOp,
  NexthopState,
  NexthopTarget,
  RouteState,
} from '../model/kernel.js';
import { addressKey, nexthopKey } from '../model/kernel-order.js';
import { DEFAULT_NETNS } from '../model/naming.js';
import { lostNexthops, RouteDisturbance, type Disturbance } from './kernel-disturbance.js';
import { differs, pairs, routePairs } from './kernel-difference.js';

export function planForwarding(
  desired: KernelDesired,
  observed: KernelObserved,
  disturbance: Disturbance,
): readonly KernelOp[] {
  const addresses = pairs(desired.addresses, observed.addresses, addressKey, ({ netns, device }) =>
    disturbance.ofDevice(netns, device),
  );
  const wrongLength = addresses.flatMap(({ wanted, found }) =>
    found && differs({ wanted, found }) && !disturbance.ofDevice(wanted.netns, wanted.device) ? [found] : [],
  );

  // Somebody else's doing: whatever of ours is of another sort or size has another number.
  const removed = pairs(desired.nexthops, observed.nexthops, nexthopKey).flatMap(({ wanted, found }) =>
    found && !replaceable(wanted, found) && !disturbance.ofNamespace(found.netns) ? [found] : [],
  );
  const lost = lostNexthops(observed, removed, disturbance);
  const nexthops = pairs(
    desired.nexthops,
    observed.nexthops,
    nexthopKey,
    (wanted) => lost.has(nexthopKey(wanted)) || holdsLost(wanted, lost),
  );

  const routesUnder = new RouteDisturbance(disturbance, lost, wrongLength);
  const routes = routePairs(desired.routes, observed.routes, (wanted) => routesUnder.of(wanted));

  return [
    ...wrongLength.map((address): KernelOp => ({ kind: 'address-delete', address })),
    ...addresses.map(({ wanted }): KernelOp => ({ kind: 'address-add', address: wanted })),
    ...inward([
      ...removed.map(deletion),
      ...nexthops.map(({ wanted }) => replacement(wanted)),
      ...routes.map(({ wanted }) => routing(wanted)),
    ]),
  ];
}

/** The kernel refuses to turn a nexthop into a group, one family into the other, one sort of group into the other, and to change the number of buckets. */
const replaceable = (wanted: NexthopState, found: NexthopState): boolean =>
  wanted.family === found.family && sortOf(wanted.target) === sortOf(found.target);

const sortOf = (target: NexthopTarget): string =>
  target.kind === 'device'
    ? 'device'
    : target.hashing.kind === 'resilient'
      ? `${target.hashing.buckets} buckets`
      : 'group';

const holdsLost = ({ netns, target }: NexthopState, lost: ReadonlySet<string>): boolean =>
  target.kind === 'group' && target.members.some(({ id }) => lost.has(nexthopKey({ netns, id })));

/** `rank` orders operations within one namespace. */
interface Ranked {
  readonly netns: string;
  readonly rank: number;
  readonly op: KernelOp;
}

/** Groups before members: a group that has lost all of its members is gone already. */
const deletion = ({ netns, id, target }: NexthopState): Ranked => ({
  netns,
  rank: target.kind === 'group' ? 0 : 1,
  op: { kind: 'nexthop-delete', netns, id },
});

/** Members before groups; by family, because IPv6 members take a batch of their own. */
function replacement(nexthop: NexthopState): Ranked {
  const rank = nexthop.target.kind === 'group' ? 4 : nexthop.family === 6 ? 2 : 3;
  return { netns: nexthop.netns, rank, op: { kind: 'nexthop-replace', nexthop } };
}

const routing = (route: RouteState): Ranked => ({
  netns: route.netns,
  rank: 5,
  op: { kind: 'route-replace', route },
});

/** Namespace by namespace, so that each is one batch; the default namespace, whose routes lead into the others, last. */
function inward(items: readonly Ranked[]): readonly KernelOp[] {
  const last = (netns: string): number => (netns === DEFAULT_NETNS ? 1 : 0);
  return [...items]
    .sort((a, b) => last(a.netns) - last(b.netns) || compare(a.netns, b.netns) || a.rank - b.rank)
    .map(({ op }) => op);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
