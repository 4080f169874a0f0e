import { runsOf } from '../../src/local/runs.js';
import { WireList } from '../../src/local/wire-list.js';
import { prefix } from '../../src/model/address.js';
import type { WirePrefix, WireState } from '../../src/model/lease.js';

const of = (n: number, more: Partial<WirePrefix> = {}): WirePrefix => ({
  ...{ prefix: prefix(`10.0.${n}.0/24`), level: 'full', reasons: [{ code: 'healthy' }], held: 'full', settled: false },
  ...more,
});

const ITEMS = [of(1), of(2, { asked: 'full' }), of(3, { asked: 'full' }), of(4, { held: 'unknown', settled: true })];

const REST = {
  speaker: 'ready',
  generation: 'g',
  agent: 'leased',
  drain: 'in-service',
  peers: [],
  reports: [],
} as const;

const told = (list: WireList | undefined): WireState | undefined => list?.in(REST);

test.each([
  ['nothing', []],
  ['the same prefixes', ITEMS],
  ['some of them, and others', [of(0), of(2), of(4), of(9)]],
  ['them in another order', ITEMS.toReversed()],
])('says what the runs said, beside %s that is known', (_, known) => {
  expect(told(WireList.of(runsOf(ITEMS), known))).toEqual({ ...REST, prefixes: ITEMS });
});

test.each([
  ['in the order of prefixes', ITEMS],
  ['in another order', ITEMS.toReversed()],
])('takes news of a few, %s', (_, items) => {
  const list = WireList.of(runsOf(items));
  const news = items.filter((_item, place) => place !== 1).map((item): WirePrefix => ({ ...item, held: 'withdrawn' }));
  const expected = items.map((item) => news.find((own) => own.prefix === item.prefix) ?? item);
  expect(told(list.with(runsOf(news)))).toEqual({ ...REST, prefixes: expected });
  expect(told(list)).toEqual({ ...REST, prefixes: items });
});

test('has no place for news of a prefix that it does not have', () => {
  expect(WireList.of(runsOf(ITEMS)).with(runsOf([of(9)]))).toBeUndefined();
});
