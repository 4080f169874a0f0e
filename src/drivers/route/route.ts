/** Policy rules, routes and nexthop objects, through iproute2. */
import type { Family } from '../../model/address.js';
import type { KernelNumbers } from '../../model/fleet.js';
import type { Netns, NexthopState, RouteState, RuleState } from '../../model/kernel.js';
import { nexthopKey, routeKey, ruleKey, sortedBy } from '../../model/kernel-order.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import { same } from '../../model/same.js';
import type { Iproute } from '../../ports/iproute.js';
import { KernelError, type RouteDriver } from '../../ports/kernel.js';
import { nexthopsFrom, routesFrom, rulesFrom } from './read.js';
import { stepOf, type RouteOp, type Step } from './steps.js';

/** At a time; each is a process. */
const CONCURRENCY = 4;

interface Forwarding {
  readonly rules: readonly RuleState[];
  readonly routes: readonly RouteState[];
  readonly nexthops: readonly NexthopState[];
}

export function createRouteDriver(ip: Iproute, numbers: KernelNumbers): RouteDriver {
  const { protocol } = numbers;
  const routesQuery = `route show table all proto ${protocol}`;

  const observe: RouteDriver['observe'] = async (namespaces) => {
    const inside = namespaces.filter((netns) => netns !== DEFAULT_NETNS);
    const parts: Forwarding[] = await Promise.all([shared(), rulesOf(6)]);
    for (let start = 0; start < inside.length; start += CONCURRENCY) {
      parts.push(...(await Promise.all(inside.slice(start, start + CONCURRENCY).map(forwardingIn))));
    }
    return {
      rules: sortedBy(
        parts.flatMap(({ rules }) => rules),
        ruleKey,
      ),
      routes: sortedBy(
        parts.flatMap(({ routes }) => routes),
        routeKey,
      ),
      nexthops: sortedBy(
        parts.flatMap(({ nexthops }) => nexthops),
        nexthopKey,
      ),
    };
  };

  async function rulesOf(family: Family): Promise<Forwarding> {
    const [rows = []] = await ip.query({ netns: DEFAULT_NETNS, family }, ['rule show']);
    return { rules: rulesFrom(rows, family, protocol), routes: [], nexthops: [] };
  }

  /** The default namespace, with the rules of the family that ip takes when told none: IPv4. */
  async function shared(): Promise<Forwarding> {
    const [rules = [], routes = []] = await ip.query({ netns: DEFAULT_NETNS }, ['rule show', routesQuery]);
    return { rules: rulesFrom(rules, 4, protocol), routes: routesFrom(routes, DEFAULT_NETNS), nexthops: [] };
  }

  async function forwardingIn(netns: Netns): Promise<Forwarding> {
    const [routes = [], nexthops = []] = await ip.query({ netns }, [routesQuery, `nexthop show proto ${protocol}`]);
    return { rules: [], routes: routesFrom(routes, netns), nexthops: nexthopsFrom(nexthops, netns, protocol) };
  }

  /** Runs steps of one place. A step that failed because its effect is already there is passed over. */
  async function execute(steps: readonly Step[]): Promise<void> {
    let rest = steps;
    while (rest[0]) {
      const end = await ip.batch(
        rest[0].place,
        rest.map(({ command }) => command),
      );
      if (end.done) return;
      const failed = rest[end.failed];
      if (!failed || !(await inEffect(failed.op))) {
        throw new KernelError('failed', `ip ${failed?.command ?? ''}${whereText(rest[0])}: ${end.message}`);
      }
      rest = rest.slice(end.failed + 1);
    }
  }

  async function inEffect(op: RouteOp): Promise<boolean> {
    switch (op.kind) {
      case 'rule-add':
        return (await rulesOf(op.rule.family)).rules.some((rule) => same(rule, op.rule));
      case 'rule-delete':
        return (await rulesOf(op.rule.family)).rules.every((rule) => !same(rule, op.rule));
      case 'route-delete':
        return (await forwardingIn(op.route.netns)).routes.every((route) => routeKey(route) !== routeKey(op.route));
      case 'nexthop-delete':
        return (await forwardingIn(op.netns)).nexthops.every(({ id }) => id !== op.id);
      case 'route-replace':
      case 'nexthop-replace':
        return false;
    }
  }

  return {
    observe,
    apply: async (ops) => {
      for (const batch of neighbours(ops.map((op) => stepOf(op, numbers)))) await execute(batch);
    },
  };
}

const whereText = ({ place }: Step): string => (place.netns === DEFAULT_NETNS ? '' : ` in ${place.netns}`);

/** Steps that follow each other in one place are one batch. */
function neighbours(steps: readonly Step[]): readonly (readonly Step[])[] {
  const batches: Step[][] = [];
  for (const step of steps) {
    const last = batches.at(-1);
    if (last?.[0] && same(last[0].place, step.place)) last.push(step);
    else batches.push([step]);
  }
  return batches;
}
