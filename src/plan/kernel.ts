/**
 * From what is to what shall be, in an order that never leaves a packet to a
 * half-built path: devices before addresses, members before groups, inner
 * paths before the routes and rules that lead into them, and the firewall
 * before anything flows.
 */
import type { KernelDesired, KernelObserved, KernelOp, RuleState } from '../model/kernel.js';
import { namespaceKey, ruleKey, rulesetKey, sysctlKey, tunnelKey, vethKey } from '../model/kernel-order.js';
import { Disturbance } from './kernel-disturbance.js';
import { pairs, surplus } from './kernel-difference.js';
import { planForwarding } from './kernel-forwarding.js';
import { planPrune } from './kernel-prune.js';

export interface PlanOptions {
  /** Delete what is ours and unwanted. Without it nothing is deleted, but a wrong object is replaced. */
  readonly prune: boolean;
}

/**
 * Applied to what was observed, the plan reaches the desired state, and a plan
 * made after it is empty. Settings (sysctl) are never undone: nobody knows who
 * else has come to rely on them.
 */
export function planKernel(
  desired: KernelDesired,
  observed: KernelObserved,
  options: PlanOptions,
): readonly KernelOp[] {
  const namespaces = pairs(desired.namespaces, observed.namespaces, namespaceKey);
  const fresh = new Set(namespaces.map(({ wanted }) => wanted.name));
  const isInFresh = ({ netns }: { readonly netns: string }): boolean => fresh.has(netns);
  const veths = pairs(desired.veths, observed.veths, vethKey, isInFresh);
  const tunnels = pairs(desired.tunnels, observed.tunnels, tunnelKey, isInFresh);
  const disturbance = new Disturbance(
    [...fresh],
    veths.map(({ wanted }) => wanted),
    tunnels.map(({ wanted }) => wanted),
  );
  return [
    ...standingSysctls(desired, observed, disturbance),
    ...namespaces.map(({ wanted }): KernelOp => ({ kind: 'namespace-add', namespace: wanted })),
    ...rulesets(desired, observed, disturbance),
    ...veths.map(({ wanted, found }): KernelOp => ({ kind: found ? 'veth-repair' : 'veth-add', veth: wanted })),
    ...tunnels.map(({ wanted, found }): KernelOp => ({
      kind: found && !fresh.has(wanted.netns) ? 'tunnel-repair' : 'tunnel-add',
      tunnel: wanted,
    })),
    ...freshSysctls(desired, disturbance),
    ...planForwarding(desired, observed, disturbance),
    ...rules(desired, observed),
    ...(options.prune ? planPrune(desired, observed) : []),
  ];
}

/** Settings of what exists. A key that the kernel does not have cannot be written: its device is missing, or the feature. */
function standingSysctls(
  desired: KernelDesired,
  observed: KernelObserved,
  disturbance: Disturbance,
): readonly KernelOp[] {
  return pairs(desired.sysctls, observed.sysctls, sysctlKey)
    .filter(({ wanted, found }) => found !== undefined && !disturbance.ofSysctl(wanted))
    .map(({ wanted }) => ({ kind: 'sysctl-set', sysctl: wanted }));
}

/** Settings of what this plan creates begin at the kernel's defaults, whatever was read before. */
const freshSysctls = (desired: KernelDesired, disturbance: Disturbance): readonly KernelOp[] =>
  desired.sysctls.filter((sysctl) => disturbance.ofSysctl(sysctl)).map((sysctl) => ({ kind: 'sysctl-set', sysctl }));

function rulesets(desired: KernelDesired, observed: KernelObserved, disturbance: Disturbance): readonly KernelOp[] {
  const states = new Map(observed.rulesets.map((ruleset) => [rulesetKey(ruleset), ruleset.state]));
  return desired.rulesets
    .filter((ruleset) => states.get(rulesetKey(ruleset)) !== 'equal' || disturbance.ofNamespace(ruleset.netns))
    .map((ruleset) => ({ kind: 'ruleset-replace', ruleset }));
}

/** The right rule stands before a wrong one of the same family and uplink goes. */
function rules(desired: KernelDesired, observed: KernelObserved): readonly KernelOp[] {
  const places = new Set(desired.rules.map(placeOf));
  const wrong = surplus(observed.rules, desired.rules, ruleKey).filter((rule) => places.has(placeOf(rule)));
  return [
    ...surplus(desired.rules, observed.rules, ruleKey).map((rule): KernelOp => ({ kind: 'rule-add', rule })),
    ...wrong.map((rule): KernelOp => ({ kind: 'rule-delete', rule })),
  ];
}

const placeOf = ({ family, iif }: RuleState): string => `${family} ${iif}`;
