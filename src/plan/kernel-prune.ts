/** Taking away what is ours and no longer wanted: outermost first, so that nothing leads to what is gone. */
import type { KernelDesired, KernelObserved, KernelOp, NexthopState, RuleState } from '../model/kernel.js';
import { addressKey, namespaceKey, nexthopKey, rulesetKey, tunnelKey, vethKey } from '../model/kernel-order.js';
import { surplus, surplusRoutes } from './kernel-difference.js';

/**
 * What lies inside a namespace that goes, goes with it; only tunnels are
 * named, because something outside may drive them. Deletions of nexthops
 * within groups and of addresses on deleted devices are left to the kernel.
 */
export function planPrune(desired: KernelDesired, observed: KernelObserved): readonly KernelOp[] {
  const namespaces = surplus(observed.namespaces, desired.namespaces, namespaceKey);
  const doomed = new Set(namespaces.map(({ name }) => name));
  const stays = ({ netns }: { readonly netns: string }): boolean => !doomed.has(netns);

  const tunnels = surplus(observed.tunnels, desired.tunnels, tunnelKey);
  const doomedDevices = new Set(tunnels.map(tunnelKey));
  const nexthops = surplus(observed.nexthops.filter(stays), desired.nexthops, nexthopKey);
  const addresses = surplus(observed.addresses.filter(stays), desired.addresses, addressKey).filter(
    ({ netns, device }) => !doomedDevices.has(tunnelKey({ netns, name: device })),
  );
  const rulesets = surplus<{ readonly netns: string }>(
    observed.rulesets.filter((ruleset) => stays(ruleset) && ruleset.state !== 'absent'),
    desired.rulesets,
    rulesetKey,
  );
  return [
    ...surplus(observed.rules, desired.rules, placeOf).map((rule): KernelOp => ({ kind: 'rule-delete', rule })),
    ...surplusRoutes(observed.routes.filter(stays), desired.routes).map((route): KernelOp => ({
      kind: 'route-delete',
      route,
    })),
    ...groupsFirst(nexthops).map(({ netns, id }): KernelOp => ({ kind: 'nexthop-delete', netns, id })),
    ...tunnels.map(({ netns, name }): KernelOp => ({ kind: 'tunnel-delete', netns, name })),
    ...addresses.map((address): KernelOp => ({ kind: 'address-delete', address })),
    ...surplus(observed.veths, desired.veths, vethKey).map(({ name }): KernelOp => ({ kind: 'veth-delete', name })),
    ...namespaces.map(({ name }): KernelOp => ({ kind: 'namespace-delete', name })),
    ...rulesets.map(({ netns }): KernelOp => ({ kind: 'ruleset-delete', netns })),
  ];
}

/** Wrong rules of a wanted family and uplink have been replaced already. */
const placeOf = ({ family, iif }: RuleState): string => `${family} ${iif}`;

const groupsFirst = (nexthops: readonly NexthopState[]): readonly NexthopState[] => [
  ...nexthops.filter(({ target }) => target.kind === 'group'),
  ...nexthops.filter(({ target }) => target.kind === 'device'),
];
