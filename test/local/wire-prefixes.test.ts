import { wirePrefixesIn } from '../../src/local/wire-prefixes.js';
import { prefix } from '../../src/model/address.js';
import type { WirePrefix } from '../../src/model/lease.js';
import { runsOf } from '../../src/local/runs.js';

const of = (n: number, more: Partial<WirePrefix> = {}): WirePrefix => ({
  ...{ prefix: prefix(`10.0.${n}.0/24`), level: 'full', reasons: [{ code: 'healthy' }], held: 'full', settled: false },
  ...more,
});

const ITEMS = [of(1), of(2, { asked: 'full' }), of(3, { asked: 'full' }), of(4, { held: 'unknown', settled: true })];

test.each([
  ['nothing', []],
  ['the same prefixes', ITEMS],
  ['some of them, and others', [of(0), of(2), of(4), of(9)]],
  ['them in another order', ITEMS.toReversed()],
])('say what runs were made of, beside %s that is known', (_, known) => {
  expect(wirePrefixesIn(runsOf(ITEMS), known)).toEqual(ITEMS);
});
