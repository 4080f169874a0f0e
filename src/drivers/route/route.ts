/** Policy rules, routes and nexthop objects: read through rtnetlink, changed through iproute2. */
import type { KernelNumbers } from '../../model/fleet.js';
import type { KernelDesired, Netns } from '../../model/kernel.js';
import { nexthopKey, routeKey, routesKey, ruleKey, sharing, sortedBy } from '../../model/kernel-order.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import { gathered, routesIn } from '../../model/routes-alike.js';
import { same } from '../../model/same.js';
import type { Iproute } from '../../ports/iproute.js';
import { KernelError, type RouteDriver } from '../../ports/kernel.js';
import type { Forwarding, Rtnetlink } from '../../ports/rtnetlink.js';
import { fitted, replacedIn } from './fit.js';
import { nexthopsFrom, routesFrom, rulesFrom } from './read.js';
import { stepOf, type RouteOp, type Step } from './steps.js';

type Inside = Pick<KernelDesired, 'routes' | 'nexthops'>;

type Find = readonly (readonly [netns: Netns, forwarding: Forwarding])[];

const isSameFind = (a: Find, b: Find): boolean =>
  a.length === b.length && a.every(([netns, forwarding], n) => b[n]?.[0] === netns && b[n][1] === forwarding);

/** Nexthop objects are ours in customers' namespaces only. */
function insideFrom(found: Find, protocol: number): Inside {
  const routes = found.flatMap(([netns, inside]) => gathered(routesFrom(inside.routes, netns)));
  const nexthops = found.flatMap(([netns, inside]) =>
    netns === DEFAULT_NETNS ? [] : nexthopsFrom(inside.nexthops, netns, protocol),
  );
  return { routes: sortedBy(routes, routesKey), nexthops: sortedBy(nexthops, nexthopKey) };
}

const sharedWith = (wanted: Inside, { routes, nexthops }: Inside): Inside => ({
  routes: routes === wanted.routes ? routes : sharing(routes, wanted.routes, routesKey),
  nexthops: nexthops === wanted.nexthops ? nexthops : sharing(nexthops, wanted.nexthops, nexthopKey),
});

export function createRouteDriver(ip: Iproute, rtnetlink: Rtnetlink, numbers: KernelNumbers): RouteDriver {
  const { protocol } = numbers;
  let last: { readonly found: Find; readonly wanted: Inside; readonly inside: Inside } | undefined;

  /** The same lists as before while every namespace answers as before, and the same is wanted. */
  const observe: RouteDriver['observe'] = async (namespaces, { routes, nexthops }) => {
    const wanted = { routes, nexthops };
    const rules = sortedBy(rulesFrom(await rtnetlink.rules(), protocol), ruleKey);
    const found = await findIn([DEFAULT_NETNS, ...namespaces]);
    if (!last || !isSameFind(last.found, found)) {
      last = { found, wanted, inside: sharedWith(wanted, insideFrom(found, protocol)) };
    } else if (last.wanted.routes !== routes || last.wanted.nexthops !== nexthops) {
      last = { found, wanted, inside: sharedWith(wanted, last.inside) };
    }
    return { rules, ...last.inside };
  };

  const findIn = async (namespaces: readonly Netns[]): Promise<Find> => [
    ...(await rtnetlink.forwarding(namespaces, protocol)),
  ];

  const forwardingIn = async (netns: Netns): Promise<Inside> => insideFrom(await findIn([netns]), protocol);

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
        return rulesFrom(await rtnetlink.rules(), protocol).some((rule) => same(rule, op.rule));
      case 'rule-delete':
        return rulesFrom(await rtnetlink.rules(), protocol).every((rule) => !same(rule, op.rule));
      case 'route-delete': {
        const { routes } = await forwardingIn(op.route.netns);
        return routesIn(routes).every((route) => routeKey(route) !== routeKey(op.route));
      }
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
      const standing = await rtnetlink.forwarding(replacedIn(ops), protocol);
      const nexthops = new Map([...standing].map(([netns, inside]) => [netns, inside.nexthops]));
      const steps = fitted(ops, nexthops, protocol).map((op) => stepOf(op, numbers));
      for (const batch of neighbours(steps)) await execute(batch);
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
