import fc from 'fast-check';
import { bulkRefusal, dropsOf, dropsOfSet, ownersOf } from '../../src/decide/bulk.js';
import { prefix, type Prefix } from '../../src/model/address.js';
import type { Announcement } from '../../src/model/path.js';
import { acme, acmeFleet, amsS1, globex } from '../acme.js';

const [COVERING, ACME, GLOBEX] = ['192.0.2.0/24', '203.0.113.0/24', '198.19.7.0/24'].map(prefix) as [
  Prefix,
  Prefix,
  Prefix,
];
const announced = [COVERING, ACME, GLOBEX];
const asked = (level: Announcement['level'], code: Announcement['reasons'][number]['code']): Announcement => ({
  prefix: ACME,
  level,
  asPath: [],
  reasons: [{ code }],
});

test('what a fleet drops: what it does not name, and what it names and may not announce', () => {
  const quiet = acme.prefixes.map((own) => ({ ...own, advertise: false }));
  expect(dropsOf(announced, amsS1({ ...acmeFleet, customers: [globex] })).dropped).toEqual([ACME]);
  expect(dropsOf(announced, amsS1({ ...acmeFleet, customers: [{ ...acme, prefixes: quiet }] })).dropped).toEqual([
    ACME,
    GLOBEX,
  ]);
  expect(dropsOf(announced, amsS1()).dropped).toEqual([]);
});

test.each([
  [[], true],
  [[asked('full', 'healthy')], false],
  [[asked('withdrawn', 'data-plane-fault')], false],
  [[asked('withdrawn', 'operator-withdraw')], false],
  [[asked('withdrawn', 'not-advertised')], true],
])('what a set drops: without a fault and without an operator', (set, isDrop) =>
  expect(dropsOfSet([ACME], set).dropped).toEqual(isDrop ? [ACME] : []),
);

const prefixes = Array.from({ length: 20 }, (_, n) => prefix(`203.0.${n}.0/24`));

test('one customer may always leave, more only within the share that fleet or operator permit', () => {
  fc.assert(
    fc.property(
      fc.subarray(prefixes),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      fc.integer({ min: 1, max: 5 }),
      (dropped, max, share, customers) => {
        const owner = (own: Prefix): string => `customer ${prefixes.indexOf(own) % customers}`;
        const allowance = share === undefined ? undefined : { share, author: 'ann' };
        const refusal = bulkRefusal({ announced: prefixes, dropped }, owner, max, allowance);
        const isAlone = new Set(dropped.map(owner)).size < 2;
        const isWithin = dropped.length / prefixes.length <= Math.max(max, share ?? 0);
        expect(refusal === undefined).toBe(isAlone || isWithin);
      },
    ),
  );
});

test('the share that the refusal names is enough', () => {
  for (let count = 2; count <= prefixes.length; count++) {
    const change = { announced: prefixes, dropped: prefixes.slice(0, count) };
    const named = Number(/--allow-withdraw (\d+)%$/.exec(bulkRefusal(change, ownersOf(amsS1()), 0) ?? '')?.[1]);
    expect(bulkRefusal(change, ownersOf(amsS1()), 0, { share: named / 100, author: 'ann' })).toBeUndefined();
  }
});
