/** Packets while a plan is carried out: after every single operation, what was carried still is. */
import fc from 'fast-check';
import { desiredKernel } from '../../src/decide/kernel.js';
import type { Customer, Fleet } from '../../src/model/fleet.js';
import type { TunnelHealth } from '../../src/model/health.js';
import type { Hashing, KernelDesired, KernelOp, NexthopState, RouteState } from '../../src/model/kernel.js';
import { nexthopKey, routeKey, tunnelKey } from '../../src/model/kernel-order.js';
import { routesIn } from '../../src/model/routes-alike.js';
import { planKernel } from '../../src/plan/kernel.js';
import { acme, acmeFleet, amsS1, globex } from '../acme.js';
import { DAMAGES } from './damages.js';
import { FakeKernel } from './fake-kernel.js';

const TUNNELS = ['us', 'eu', 'ap', 'af'] as const;
type Name = (typeof TUNNELS)[number];

function customerWith(priorities: readonly number[], weights: readonly number[]): Customer {
  const [tunnel] = acme.tunnels;
  return {
    ...acme,
    tunnels: TUNNELS.map((name) => ({ ...tunnel!, name })),
    routes: acme.prefixes.flatMap(({ prefix }) =>
      TUNNELS.flatMap((name, n) => {
        const priority = priorities[n] ?? 0;
        return priority === 0 ? [] : [{ prefix, tunnel: name, priority, weight: weights[n] ?? 1 }];
      }),
    ),
  };
}

const health = fc.constantFrom<TunnelHealth>('up', 'up', 'degraded', 'down', 'unknown');
const wishes: fc.Arbitrary<KernelDesired> = fc
  .record({
    // 0: no route by this tunnel.
    priorities: fc.array(fc.constantFrom(0, 100, 100, 200), { minLength: 4, maxLength: 4 }),
    weights: fc.array(fc.constantFrom(1, 1, 2, 256), { minLength: 4, maxLength: 4 }),
    health: fc.array(health, { minLength: 4, maxLength: 4 }),
    hashing: fc.constantFrom<Hashing['kind']>('resilient', 'resilient', 'threshold'),
  })
  .map((given) => {
    const fleet: Fleet = { ...acmeFleet, customers: [customerWith(given.priorities, given.weights), globex] };
    const tunnelHealth = (_: string, tunnel: string) => given.health[TUNNELS.indexOf(tunnel as Name)] ?? 'up';
    return desiredKernel(amsS1(fleet), { tunnelHealth, rulesets: [], hashing: given.hashing });
  });

/** What others may do to groups, nexthops and tunnels without taking a whole customer away. */
const HARMS = ['nexthop gone', 'group of one', 'other timers', 'tunnel gone', 'tunnel down', 'route gone'] as const;

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('wish' as const), desired: wishes, prune: fc.boolean() }),
    fc.record({ kind: fc.constant('harm' as const), harm: fc.constantFrom(...HARMS), at: fc.nat({ max: 40 }) }),
  ),
  { minLength: 2, maxLength: 12 },
);

/** Tunnels by which packets of a route leave; undisturbed ones only. */
function carriersOf(kernel: FakeKernel, route: RouteState, standing: ReadonlySet<string>): readonly string[] {
  const { netns, target } = kernel.routes.get(routeKey(route)) ?? route;
  const state = (id: number): NexthopState | undefined => kernel.nexthops.get(nexthopKey({ netns, id }));
  const group = kernel.routes.has(routeKey(route)) && target.kind === 'nexthop' ? state(target.id)?.target : undefined;
  if (group?.kind !== 'group') return [];
  return group.members.flatMap(({ id }) => {
    const member = state(id)?.target;
    return member?.kind === 'device' && standing.has(tunnelKey({ netns, name: member.device })) ? [member.device] : [];
  });
}

const touches = (op: KernelOp): readonly string[] =>
  op.kind === 'tunnel-add' || op.kind === 'tunnel-repair'
    ? [tunnelKey(op.tunnel)]
    : op.kind === 'tunnel-delete'
      ? [tunnelKey(op)]
      : [];

test('any sequence of wishes and harms: each plan reaches its wish, and no route is without a tunnel on the way', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const first = desiredKernel(amsS1(), { tunnelHealth: () => 'up', rulesets: [], hashing: 'resilient' });
      const all = desiredKernel(amsS1({ ...acmeFleet, customers: [customerWith([1, 1, 1, 1], []), globex] }), {
        ...{ tunnelHealth: () => 'up', rulesets: [], hashing: 'resilient' },
      });
      const kernel = new FakeKernel(['eth1'], [...new Set([...first.sysctls, ...all.sysctls])], new Map());
      for (const step of history) {
        if (step.kind === 'harm') {
          DAMAGES[step.harm]?.(kernel, (items) => {
            const those = [...items];
            return those[step.at % Math.max(1, those.length)];
          });
          continue;
        }
        const { desired, prune } = step;
        const ops = planKernel(desired, kernel.observe(), { prune });
        const touched = new Set(ops.flatMap(touches));
        const upright = [...kernel.tunnels.values()].filter((own) => own.up && !touched.has(tunnelKey(own)));
        const standing = new Set(upright.map(tunnelKey));
        const kept = routesIn(desired.routes).filter(({ target }) => target.kind === 'nexthop');
        const carried = kept.filter((route) => carriersOf(kernel, route, standing).length > 0);
        for (const op of ops) {
          kernel.execute(op);
          const lost = carried.filter((route) => carriersOf(kernel, route, standing).length === 0);
          expect({ op, lost: lost.filter((route) => hasStandIn(desired, route, standing)) }).toEqual({ op, lost: [] });
        }
        expect(planKernel(desired, kernel.observe(), { prune })).toEqual([]);
        for (const route of kept) expect(carriersOf(kernel, route, allOf(kernel)).length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 300 },
  );
});

const allOf = (kernel: FakeKernel): ReadonlySet<string> => new Set([...kernel.tunnels.values()].map(tunnelKey));

/** One of the tunnels that shall carry the route stands all the time: there is no excuse for a gap. */
function hasStandIn(desired: KernelDesired, { netns, target }: RouteState, standing: ReadonlySet<string>): boolean {
  const state = (id: number) => desired.nexthops.find((own) => own.netns === netns && own.id === id)?.target;
  const group = target.kind === 'nexthop' ? state(target.id) : undefined;
  if (group?.kind !== 'group') return false;
  return group.members.some(({ id }) => {
    const member = state(id);
    return member?.kind === 'device' && standing.has(tunnelKey({ netns, name: member.device }));
  });
}
