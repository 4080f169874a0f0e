/** The command behind each operation on rules, routes and nexthops. */
import type { KernelNumbers } from '../../model/fleet.js';
import { familyOf } from '../../model/address.js';
import type { Hashing, KernelOp, NexthopState, RouteState, RuleState } from '../../model/kernel.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import type { IpPlace } from '../../ports/iproute.js';

type Kinds = 'nexthop-replace' | 'nexthop-delete' | 'route-replace' | 'route-delete' | 'rule-add' | 'rule-delete';
export type RouteOp = Extract<KernelOp, { kind: Kinds }>;

/**
 * Of every route we make. The metric is part of a route's identity, so another
 * program's route to the same prefix is never replaced; and it is behind every
 * routing daemon's default, so that in the main table our `unreachable` only
 * fills the hole that others leave.
 */
export const ROUTE_METRIC = 20_077;

export interface Step {
  readonly place: IpPlace;
  readonly command: string;
  readonly op: RouteOp;
}

export function stepOf(op: RouteOp, numbers: KernelNumbers): Step {
  const tag = `proto ${numbers.protocol}`;
  switch (op.kind) {
    case 'nexthop-replace':
      return {
        place: placeOfNexthop(op.nexthop),
        command: `nexthop replace id ${op.nexthop.id} ${nexthopWords(op.nexthop)} ${tag}`,
        op,
      };
    case 'nexthop-delete':
      return { place: { netns: op.netns }, command: `nexthop delete id ${op.id}`, op };
    case 'route-replace':
      return { place: { netns: op.route.netns }, command: `route replace ${routeWords(op.route)} ${tag}`, op };
    case 'route-delete': {
      const { destination, table, netns } = op.route;
      return {
        place: { netns },
        command: `route delete ${destination} table ${table} metric ${ROUTE_METRIC} ${tag}`,
        op,
      };
    }
    case 'rule-add':
      return {
        place: placeOfRule(op.rule),
        command: `rule add ${ruleWords(op.rule)} protocol ${numbers.protocol}`,
        op,
      };
    case 'rule-delete':
      return {
        place: placeOfRule(op.rule),
        command: `rule delete ${ruleWords(op.rule)} protocol ${numbers.protocol}`,
        op,
      };
  }
}

/** A nexthop without a gateway takes the family of the whole batch, IPv4 unless told; a group must not have one. */
const placeOfNexthop = ({ netns, family, target }: NexthopState): IpPlace =>
  target.kind === 'device' && family === 6 ? { netns, family } : { netns };

const placeOfRule = ({ family }: RuleState): IpPlace => ({ netns: DEFAULT_NETNS, family });

const nexthopWords = ({ target }: NexthopState): string =>
  target.kind === 'device'
    ? `dev ${target.device}`
    : `group ${target.members.map(({ id, weight }) => `${id},${weight}`).join('/')}${hashingWords(target.hashing)}`;

const hashingWords = (hashing: Hashing): string => {
  if (hashing.kind === 'threshold') return '';
  const { buckets, idleTimer, unbalancedTimer } = hashing;
  return ` type resilient buckets ${buckets} idle_timer ${idleTimer} unbalanced_timer ${unbalancedTimer}`;
};

function routeWords({ destination, table, target }: RouteState): string {
  const suffix = `table ${table} metric ${ROUTE_METRIC}`;
  switch (target.kind) {
    case 'unreachable':
      return `unreachable ${destination} ${suffix}`;
    case 'nexthop':
      return `${destination} nhid ${target.id} ${suffix}`;
    case 'via': {
      const via = target.via === undefined ? '' : ` via ${familyOf(target.via) === 6 ? 'inet6' : 'inet'} ${target.via}`;
      const source = target.source === undefined ? '' : ` src ${target.source}`;
      return `${destination}${via} dev ${target.device}${source} ${suffix}`;
    }
  }
}

const ruleWords = ({ preference, iif, mark, mask, table }: RuleState): string =>
  `preference ${preference} fwmark ${hex(mark)}/${hex(mask)} iif ${iif} lookup ${table}`;

const hex = (value: number): string => `0x${value.toString(16)}`;
