import fc from 'fast-check';
import { listOf, runsOf, type Span, spansOf, withNews } from '../../src/local/runs.js';
import { type Prefix, prefix } from '../../src/model/address.js';
import { newsIn } from '../../src/model/changes.js';
import { placesApart } from '../../src/model/edited.js';

interface Item {
  readonly prefix: Prefix;
  readonly level: string;
  readonly asked?: string;
  readonly reasons: readonly { readonly code: string }[];
}

const item = fc.record(
  {
    prefix: fc.nat(255).map((octet) => prefix(`10.0.${octet}.0/24`)),
    level: fc.constantFrom('full', 'withdrawn'),
    asked: fc.constantFrom('full', 'degraded'),
    reasons: fc.constantFrom([], [{ code: 'healthy' }], [{ code: 'check-down' }]),
  },
  { requiredKeys: ['prefix', 'level', 'reasons'] },
);
const items = fc.uniqueArray(item, { selector: (each) => each.prefix });

const make = (of: Prefix, said: Omit<Item, 'prefix'>): Item => ({ prefix: of, ...said });
const travelled = (list: readonly Item[]): ReturnType<typeof runsOf<Item>> =>
  JSON.parse(JSON.stringify(runsOf(list))) as ReturnType<typeof runsOf<Item>>;
const of = (octet: number, level = 'full'): Item => ({
  prefix: prefix(`10.0.${octet}.0/24`),
  level,
  reasons: [{ code: 'healthy' }],
});

test('what travels in runs arrives as it was, in its order, beside whatever is known', () => {
  fc.assert(
    fc.property(items, items, (list, known) => {
      expect([...listOf(travelled(list), make, known)]).toEqual(list);
      expect([...listOf(travelled(list), make, list)]).toEqual(list);
    }),
  );
});

test('neighbours that say the same are one run, and share what they say', () => {
  const runs = runsOf([of(1), of(2), of(3, 'withdrawn'), of(4)]);
  expect(runs.map(({ prefixes }) => prefixes)).toEqual([
    ['10.0.1.0/24', '10.0.2.0/24'],
    ['10.0.3.0/24'],
    ['10.0.4.0/24'],
  ]);
  const list = listOf(runs, make);
  expect(list.said.at(1)).toBe(list.said.at(0));
  expect(list.at(1)?.reasons).toBe(list.at(0)?.reasons);
});

/** What is said differently by items with the same prefixes, as it travels. */
const news = (now: readonly Item[], before: readonly Item[]): readonly Span<Item>[] =>
  JSON.parse(JSON.stringify(spansOf(now, newsIn(now, before)!))) as readonly Span<Item>[];

test('news of some prefixes: the rest of the list says what it said, and it is known where it does not', () => {
  fc.assert(
    fc.property(
      items,
      fc.array(fc.constantFrom(undefined, 'full', 'withdrawn'), { minLength: 256, maxLength: 256 }),
      (list, levels) => {
        const now = list.map((each, place) => ({ ...each, level: levels[place] ?? each.level }));
        const before = listOf(travelled(list), make);
        const after = withNews(before, news(now, list));
        expect([...after!]).toEqual(now);
        expect([...before]).toEqual(list);
        const changed = now.filter(({ level }, place) => level !== list[place]!.level);
        expect(after === before).toBe(changed.length === 0);
        if (changed.length > 0) expect(placesApart(after!, before)).toHaveLength(changed.length);
      },
    ),
  );
});

test('neighbours that say the same are one span, by their first and last', () => {
  const list = [of(1), of(2), of(3), of(4), of(5)];
  const now = [of(1, 'withdrawn'), of(2, 'withdrawn'), of(3), of(4, 'withdrawn'), of(5, 'degraded')];
  const reasons = [{ code: 'healthy' }];
  expect(news(now, list)).toEqual([
    { first: '10.0.1.0/24', last: '10.0.2.0/24', count: 2, level: 'withdrawn', reasons },
    { first: '10.0.4.0/24', last: '10.0.4.0/24', count: 1, level: 'withdrawn', reasons },
    { first: '10.0.5.0/24', last: '10.0.5.0/24', count: 1, level: 'degraded', reasons },
  ]);
});

test('news of another list is none', () => {
  const list = listOf(runsOf([of(1), of(3), of(5)]), make);
  const span = (first: number, last: number, count: number): Span<Item> => ({
    ...{ first: prefix(`10.0.${first}.0/24`), last: prefix(`10.0.${last}.0/24`), count },
    ...{ level: 'withdrawn', reasons: [] },
  });
  const none = [[span(2, 2, 1)], [span(1, 5, 2)], [span(1, 3, 3)], [span(5, 6, 2)], [span(3, 3, 1), span(1, 1, 1)]];
  for (const spans of none) expect(withNews(list, spans)).toBeUndefined();
  expect(withNews(list, [span(1, 3, 2)])).toEqual([
    { ...of(1, 'withdrawn'), reasons: [] },
    { ...of(3, 'withdrawn'), reasons: [] },
    of(5),
  ]);
  expect(withNews(list, [])).toBe(list);
});

test('news of very many: what is said of the others stands, and the prefixes are the same list', () => {
  const many = Array.from({ length: 3_000 }, (_, n): Item => ({
    ...of(1),
    prefix: prefix(`10.${n >> 8}.${n & 255}.0/24`),
  }));
  const now = many.map((each, place) => (place % 3 === 0 ? each : { ...each, level: 'withdrawn' }));
  const before = listOf(travelled(many), make);
  const after = withNews(before, news(now, many));
  expect([...after!]).toEqual(now);
  expect([...before]).toEqual(many);
  expect(after!.prefixes).toBe(before.prefixes);
});

test('a list whose prefixes are all known has the known ones', () => {
  const known = listOf(travelled([of(1), of(2)]), make);
  expect(listOf(travelled([of(1, 'withdrawn'), of(2)]), make, known).prefixes).toBe(known.prefixes);
  expect(listOf(travelled([of(1)]), make, known).prefixes).not.toBe(known.prefixes);
  expect(listOf(travelled([of(2), of(1)]), make, known).prefixes).not.toBe(known.prefixes);
});
