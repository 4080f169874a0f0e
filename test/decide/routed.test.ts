import fc from 'fast-check';
import { pathsOf } from '../../src/decide/nexthops.js';
import { routedOf } from '../../src/decide/routed.js';
import { contains, lengthOf, prefix, type Prefix } from '../../src/model/address.js';
import type { Customer } from '../../src/model/fleet.js';
import { acme } from '../acme.js';

const TUNNELS = ['us', 'eu', 'ap'];
const [us] = acme.tunnels;

const customerWith = (prefixes: readonly string[], routes: readonly (readonly [string, string])[]): Customer => ({
  ...acme,
  tunnels: TUNNELS.map((name) => ({ ...us!, name })),
  prefixes: prefixes.map((text) => ({ prefix: prefix(text), advertise: true })),
  routes: routes.map(([text, tunnel]) => ({ prefix: prefix(text), tunnel, priority: 100, weight: 1 })),
});

const targetsOf = (customer: Customer): readonly string[] =>
  pathsOf(customer, 'resilient').map(({ prefix: routed, target }) => `${routed} ${target.kind}`);

describe('a route for a part of a prefix', () => {
  const customer = customerWith(
    ['203.0.112.0/23'],
    [
      ['203.0.112.0/23', 'us'],
      ['203.0.113.128/25', 'eu'],
    ],
  );

  test('has a path of its own in the kernel', () => {
    expect(targetsOf(customer)).toEqual(['203.0.112.0/23 nexthop', '203.0.113.128/25 nexthop']);
  });

  test('carries some of the prefix: its tunnel counts', () => {
    expect(routedOf(customer).get(prefix('203.0.112.0/23'))).toEqual(['us', 'eu']);
  });
});

describe('a prefix inside a wider route', () => {
  test('follows it, and is not unreachable', () => {
    const customer = customerWith(['203.0.112.0/23', '203.0.113.0/24'], [['203.0.112.0/23', 'us']]);
    expect(targetsOf(customer)).toEqual(['203.0.112.0/23 nexthop']);
    expect(routedOf(customer).get(prefix('203.0.113.0/24'))).toEqual(['us']);
  });

  test('does not count its tunnels when it has a route itself', () => {
    const customer = customerWith(
      ['203.0.113.0/24'],
      [
        ['203.0.112.0/23', 'eu'],
        ['203.0.113.0/24', 'us'],
      ],
    );
    expect(routedOf(customer).get(prefix('203.0.113.0/24'))).toEqual(['us']);
  });
});

test('a prefix that no route holds is unreachable, and routed nowhere', () => {
  const customer = customerWith(['203.0.113.0/24', '198.51.100.0/24'], [['203.0.113.0/24', 'us']]);
  expect(targetsOf(customer)).toEqual(['203.0.113.0/24 nexthop', '198.51.100.0/24 unreachable']);
  expect(routedOf(customer).has(prefix('198.51.100.0/24'))).toBe(false);
});

test('any prefix is carried by what a comparison with every route finds', () => {
  const somePrefix = fc
    .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 20, max: 24 }))
    .map(([n, length]) => prefix(`10.0.${(n << 4) & (0xff << (24 - length)) & 0xff}.0/${length}`));
  const someRoute = fc.record({ prefix: somePrefix, tunnel: fc.constantFrom(...TUNNELS) });
  fc.assert(
    fc.property(fc.uniqueArray(somePrefix), fc.array(someRoute, { maxLength: 12 }), (prefixes, routes) => {
      const customer = customerWith(
        prefixes,
        routes.map((route) => [route.prefix, route.tunnel]),
      );
      for (const own of prefixes) {
        const longest = Math.max(-1, ...routes.filter((r) => contains(r.prefix, own)).map((r) => lengthOf(r.prefix)));
        const isCarrier = (routed: Prefix): boolean =>
          contains(own, routed) || (contains(routed, own) && lengthOf(routed) === longest);
        const carriers = routes.filter((r) => isCarrier(r.prefix)).map(({ tunnel }) => tunnel);
        const expected = TUNNELS.filter((name) => carriers.includes(name));
        expect(routedOf(customer).get(own) ?? []).toEqual(expected);
      }
      // Whoever groups by the list finds all that the same tunnels carry.
      const lists = [...routedOf(customer).values()];
      expect(new Set(lists).size).toBe(new Set(lists.map((names) => names.join())).size);
    }),
  );
});
