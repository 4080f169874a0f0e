import fc from 'fast-check';
import {
  refusedWithdrawals,
  type BudgetGrounds,
  type FleetAnnounced,
  type WithdrawalRequest,
} from '../../src/decide/budget.js';
import { prefix } from '../../src/model/address.js';

const safety = { remoteFault: 'withdraw', maxWithdrawnShare: 0.25, minSites: 2 } as const;
const asks = (customer: string, since: number, count = 1): WithdrawalRequest => ({
  customer,
  since,
  prefixes: Array.from({ length: count }, (_, n) => prefix(`203.0.${n}.0/24`)),
});
const told = (requests: readonly WithdrawalRequest[], grounds: BudgetGrounds): Record<string, string> =>
  Object.fromEntries(refusedWithdrawals(requests, grounds));
const fleet = (sites: number, withdrawn = 0): FleetAnnounced => ({ sitesWith: () => sites, withdrawn, total: 100 });

test.each<[string, readonly WithdrawalRequest[], BudgetGrounds, Record<string, string>]>([
  ['alone, degrade', [asks('a', 0)], { safety: { ...safety, remoteFault: 'degrade' }, ownTotal: 10 }, { a: 'alone' }],
  ['alone, withdraw: one customer may always leave', [asks('a', 0, 4)], { safety, ownTotal: 4 }, {}],
  ['the second one needs room', [asks('a', 0, 2), asks('b', 1, 1)], { safety, ownTotal: 8 }, { b: 'share' }],
  ['and finds it', [asks('a', 0), asks('b', 1)], { safety, ownTotal: 8 }, {}],
  [
    'a smaller one behind a larger one still fits',
    [asks('a', 0), asks('b', 1, 2), asks('c', 2)],
    { safety, ownTotal: 8 },
    { b: 'share' },
  ],
  ['who failed first goes first', [asks('b', 5), asks('a', 9)], { safety, ownTotal: 4 }, { a: 'share' }],
  [
    'share 0: one customer and no other',
    [asks('a', 0), asks('b', 0)],
    { safety: { ...safety, maxWithdrawnShare: 0 }, ownTotal: 100 },
    { b: 'share' },
  ],
  [
    'the fleet grants',
    [asks('a', 0)],
    { safety: { ...safety, remoteFault: 'degrade' }, ownTotal: 10, fleet: fleet(2) },
    {},
  ],
  ['too few other sites', [asks('a', 0)], { safety, ownTotal: 10, fleet: fleet(1) }, { a: 'sites' }],
  ['the fleet has withdrawn enough', [asks('a', 0)], { safety, ownTotal: 0, fleet: fleet(9, 25) }, { a: 'share' }],
])('%s', (_, requests, grounds, expected) => expect(told(requests, grounds)).toEqual(expected));

const requests = fc
  .uniqueArray(
    fc.record({
      customer: fc.string({ minLength: 1, maxLength: 3 }),
      since: fc.nat(5),
      count: fc.integer({ min: 1, max: 6 }),
    }),
    {
      selector: ({ customer }) => customer,
      maxLength: 12,
    },
  )
  .map((all) => all.map(({ customer, since, count }) => asks(customer, since, count)));

test('never more than the share is withdrawn at once, one customer apart; some customer always may', () => {
  fc.assert(
    fc.property(requests, fc.double({ min: 0, max: 1, noNaN: true }), (all, maxWithdrawnShare) => {
      const ownTotal = all.reduce((sum, { prefixes }) => sum + prefixes.length, 0) + 3;
      const refused = refusedWithdrawals(all, { safety: { ...safety, maxWithdrawnShare }, ownTotal });
      const granted = all.filter(({ customer }) => !refused.has(customer));
      const withdrawn = granted.reduce((sum, { prefixes }) => sum + prefixes.length, 0);
      if (all.length > 0) expect(granted.length).toBeGreaterThan(0);
      if (granted.length > 1) expect(withdrawn).toBeLessThanOrEqual(maxWithdrawnShare * ownTotal);
    }),
  );
});

test('a later failure takes nothing from those that were granted', () => {
  fc.assert(
    fc.property(requests, (all) => {
      const grounds = { safety, ownTotal: 20 };
      const before = refusedWithdrawals(all, grounds);
      const after = refusedWithdrawals([...all, asks('zzzz', 9)], grounds);
      for (const { customer } of all) expect(after.get(customer)).toBe(before.get(customer));
    }),
  );
});
