import fc from 'fast-check';
import { listOf, runsOf, withNews } from '../../src/local/runs.js';
import { type Prefix, prefix } from '../../src/model/address.js';
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

test('news of some prefixes: the rest of the list says what it said, and it is known where it does not', () => {
  fc.assert(
    fc.property(
      items,
      fc.array(fc.constantFrom(undefined, 'full', 'withdrawn'), { minLength: 256, maxLength: 256 }),
      (list, levels) => {
        const news = list.flatMap((each, place): Item[] => {
          const level = levels[place];
          return level === undefined ? [] : [{ ...each, level }];
        });
        const before = listOf(travelled(list), make);
        const after = withNews(before, travelled(news));
        expect([...after!]).toEqual(list.map((each) => news.find((own) => own.prefix === each.prefix) ?? each));
        expect([...before]).toEqual(list);
        if (news.length < list.length) expect(placesApart(after!, before)).toHaveLength(news.length);
      },
    ),
  );
});

test('news of a prefix that the list does not have is none', () => {
  const list = listOf(runsOf([of(1), of(3)]), make);
  expect(withNews(list, runsOf([of(1, 'withdrawn'), of(2)]))).toBeUndefined();
  expect(withNews(list, runsOf([of(1, 'withdrawn'), of(4)]))).toBeUndefined();
  expect(withNews(list, [])).toBe(list);
});

test('news of all prefixes: everything is said anew', () => {
  const list = listOf(runsOf([of(1), of(2), of(3)]), make);
  const news = [of(1, 'withdrawn'), of(2, 'withdrawn'), of(3)];
  expect(withNews(list, runsOf(news))).toEqual(news);
  expect(withNews(list, runsOf(news.toReversed()))).toBeUndefined();
});
