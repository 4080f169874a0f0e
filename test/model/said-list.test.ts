import fc from 'fast-check';
import { type Prefix, prefix } from '../../src/model/address.js';
import { changedIn, placesChanged } from '../../src/model/changes.js';
import { withSaid } from '../../src/model/edited.js';
import { SaidList } from '../../src/model/said-list.js';
import { same } from '../../src/model/same.js';

interface Item {
  readonly prefix: Prefix;
  readonly level: number;
}

const prefixOf = (octet: number): Prefix => prefix(`10.0.${octet}.0/24`);
const make = (of: Prefix, { level }: { readonly level: number }): Item => ({ prefix: of, level });
const levels = fc.array(fc.nat(2), { minLength: 1, maxLength: 20 });
const listOf = (all: readonly number[]): SaidList<{ readonly level: number }, Item> =>
  new SaidList(
    all.map((_, octet) => prefixOf(octet)),
    all.map((level) => ({ level })),
    make,
  );
const itemsOf = (all: readonly number[]): readonly Item[] =>
  all.map((level, octet) => ({ prefix: prefixOf(octet), level }));

test('says what an array of the same items does', () => {
  fc.assert(
    fc.property(levels, (all) => {
      const [list, items] = [listOf(all), itemsOf(all)];
      expect([...list]).toEqual(items);
      expect(list).toHaveLength(items.length);
      expect(items.map((_, place) => list.at(place))).toEqual(items);
      expect(list.at(items.length)).toBeUndefined();
      expect(JSON.stringify(list)).toBe(JSON.stringify(items));
      expect(list.collect((of, { level }) => (level > 0 ? of : undefined))).toEqual(
        items.filter(({ level }) => level > 0).map((item) => item.prefix),
      );
      expect(same(list, items)).toBe(true);
      expect(same(list, listOf(all.with(0, 9)))).toBe(false);
    }),
  );
});

test('what is new is told as of any other list, whether or not one was made of the other', () => {
  fc.assert(
    fc.property(levels, fc.array(fc.tuple(fc.nat(19), fc.nat(2))), (all, edits) => {
      const news = new Map(edits.map(([place, level]) => [place % all.length, { level }]));
      const before = listOf(all);
      const after = withSaid(before, news);
      const expected = itemsOf(all.map((level, place) => news.get(place)?.level ?? level));
      expect([...after]).toEqual(expected);
      expect([...before]).toEqual(itemsOf(all));
      const changed = changedIn(expected, itemsOf(all));
      expect(changedIn(after, before)).toEqual(changed);
      expect(changedIn(listOf(expected.map(({ level }) => level)), before)).toEqual(changed);
      expect(changedIn(after, itemsOf(all))).toEqual(changed);
      expect(placesChanged(after, before)).toEqual([...news.keys()].sort((a, b) => a - b));
    }),
  );
});

test('other prefixes are another list', () => {
  const [one, other] = [listOf([0, 0]), new SaidList([prefixOf(0), prefixOf(7)], [{ level: 0 }, { level: 0 }], make)];
  expect(changedIn(other, one)).toBeUndefined();
  expect(changedIn(other, listOf([0]))).toBeUndefined();
  expect(placesChanged(other, one)).toEqual([0, 1]);
});
