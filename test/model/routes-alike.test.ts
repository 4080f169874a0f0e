import fc from 'fast-check';
import { familyOf, prefix } from '../../src/model/address.js';
import type { RouteState, RouteTarget } from '../../src/model/kernel.js';
import { routeKey, sortedBy } from '../../src/model/kernel-order.js';
import { gathered, routesIn } from '../../src/model/routes-alike.js';

const TARGETS: readonly RouteTarget[] = [
  { kind: 'unreachable' },
  { kind: 'nexthop', id: 1 },
  { kind: 'nexthop', id: 2 },
  { kind: 'via', device: 'eth1' },
  { kind: 'via', device: 'eth1', via: '198.18.1.1' as never },
  { kind: 'via', device: 'eth1', source: '198.18.1.1' as never },
];

const routes = fc.uniqueArray(
  fc.record({
    netns: fc.constantFrom('', 'cv-acme'),
    table: fc.constantFrom(254, 7700),
    destination: fc.constantFrom(...['10.0.0.0/8', '10.0.0.0/9', '2001:db8::/32', '::/0'].map(prefix)),
    target: fc.constantFrom(...TARGETS),
  }),
  { selector: (route) => routeKey({ ...route, family: 4 }), maxLength: 16 },
);

test('what is gathered is told one by one again, in order', () => {
  fc.assert(
    fc.property(routes, (some) => {
      const all = some.map((route): RouteState => ({ ...route, family: familyOf(route.destination) }));
      const held = gathered(all);
      expect(routesIn(held)).toEqual(sortedBy(all, routeKey));
      expect(gathered(all.toReversed())).toEqual(held);
      expect(held.length).toBe(
        new Set(all.map(({ netns, family, table, target }) => JSON.stringify([netns, family, table, target]))).size,
      );
    }),
  );
});
