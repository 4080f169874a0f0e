import fc from 'fast-check';
import { comparePrefix, type Prefix, prefix } from '../../src/model/address.js';
import { changedIn, placesChanged } from '../../src/model/changes.js';
import { placesApart, prefixesApart, withItems, withPrefixes } from '../../src/model/edited.js';
import { inOrder } from '../../src/model/in-order.js';
import { Draft, type List } from '../../src/model/list.js';
import { pair } from '../../src/model/pair.js';

interface Item {
  readonly prefix: Prefix;
  readonly level: number;
}

const ALL = ['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/24', '192.0.2.0/24', '2001:db8::/32', '2001:db8:a::/48'].map(prefix);
const level = fc.nat(2);
const full = fc.tuple(...ALL.map((each) => level.map((of): Item => ({ prefix: each, level: of }))));
const some = fc
  .subarray(ALL)
  .chain((prefixes) => fc.tuple(...prefixes.map((each) => level.map((of): Item => ({ prefix: each, level: of })))));
const placeEdits = fc.array(fc.tuple(fc.nat(ALL.length - 1), level), { maxLength: 4 });
const prefixEdits = fc.array(fc.tuple(fc.constantFrom(...ALL), fc.option(level, { nil: undefined })), { maxLength: 4 });

/** Short lists are arrays; these are in chunks as long ones are. */
const inChunks = <T>(list: readonly T[]): List<T> => new Draft(list, 2).done();
const lists = <T>(arrays: fc.Arbitrary<readonly T[]>): fc.Arbitrary<List<T>> =>
  arrays.chain((list) => fc.constantFrom(list, inChunks(list)));

/** The same lists without a memory. */
const forgetful = <T>(list: List<T>): readonly T[] => [...list];

function told(a: List<Item>, b: List<Item>): readonly string[] {
  const lines: string[] = [];
  pair(a, b, {
    both: (x, y, place) => lines.push(`${place} ${x.prefix} ${x.level} ${y.level}`),
    first: (x, place) => lines.push(`${place} ${x.prefix} ${x.level} -`),
    second: (y) => lines.push(`${y.prefix} - ${y.level}`),
  });
  return lines.sort();
}

const edit = (list: List<Item>, edits: readonly (readonly [number, number])[]): List<Item> =>
  withItems(list, new Map(edits.map(([place, of]) => [place, { prefix: ALL[place]!, level: of }])));
const replace = (list: List<Item>, edits: readonly (readonly [Prefix, number | undefined])[]): List<Item> =>
  withPrefixes(list, new Map(edits.map(([of, to]) => [of, to === undefined ? undefined : { prefix: of, level: to }])));

test('lists that remember are told apart as any others, whichever was made from which', () => {
  fc.assert(
    fc.property(lists(full), placeEdits, placeEdits, (list, one, two) => {
      const [a, b] = [edit(list, one), edit(list, two)];
      for (const [x, y] of [[a, list] as const, [list, a] as const, [a, b] as const, [edit(a, two), a] as const]) {
        expect(placesApart(x, y)).toBeDefined();
        expect(told(x, y)).toEqual(told(forgetful(x), forgetful(y)));
        expect(placesChanged(x, y)).toEqual(placesChanged(forgetful(x), forgetful(y)));
        expect(changedIn(x, y)).toEqual(changedIn(forgetful(x), forgetful(y)));
      }
    }),
  );
});

test('so are those with prefixes that come and go, and they stay in order', () => {
  fc.assert(
    fc.property(lists(some), prefixEdits, prefixEdits, (list, one, two) => {
      const [a, b] = [replace(list, one), replace(list, two)];
      expect([...a]).toEqual([...a].sort((x, y) => comparePrefix(x.prefix, y.prefix)));
      for (const [of, to] of new Map(one)) expect(a.find((each) => each.prefix === of)?.level).toBe(to);
      for (const [x, y] of [[a, list] as const, [list, a] as const, [a, b] as const, [replace(a, two), a] as const]) {
        expect(prefixesApart(x, y)).toBeDefined();
        expect(told(x, y)).toEqual(told(forgetful(x), forgetful(y)));
      }
    }),
  );
});

test('about others nobody knows', () => {
  const list = ALL.map((each): Item => ({ prefix: each, level: 0 }));
  const twice = edit(edit(list, [[0, 1]]), [[1, 1]]);
  expect(placesApart(twice, list)).toBeUndefined();
  expect(placesApart(list, forgetful(list))).toBeUndefined();
  expect(prefixesApart(twice, list)).toBeUndefined();
  expect(told(twice, list)).toHaveLength(2);
});

test('an item that belongs elsewhere is refused', () => {
  const list = ALL.map((each): Item => ({ prefix: each, level: 0 }));
  expect(() => withItems(list, new Map([[0, list[1]!]]))).toThrow('does not stand in place 0');
});

test('the quick sort is the plain one', () => {
  const text = fc.oneof(
    fc.tuple(fc.ipV4(), fc.constant('/32')).map(([a, length]) => prefix(a + length)),
    fc.constantFrom(...ALL),
  );
  fc.assert(
    fc.property(fc.uniqueArray(text), (list) =>
      expect(inOrder(list, (each) => each)).toEqual([...list].sort(comparePrefix)),
    ),
  );
});
