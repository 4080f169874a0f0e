import fc from 'fast-check';
import { arrayOf, Draft, isPairwise, type List } from '../../src/model/list.js';
import { same } from '../../src/model/same.js';

type Edit = readonly ['set' | 'insert' | 'remove', number, number];

const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.tuple(fc.constantFrom('set', 'insert', 'remove'), fc.nat(), fc.nat(9)),
  { maxLength: 40 },
);
const items = fc.array(fc.nat(9), { maxLength: 30 });
const chunk = fc.integer({ min: 1, max: 5 });

function edited(list: List<number>, chunkSize: number, all: readonly Edit[]): List<number> {
  const draft = new Draft(list, chunkSize);
  for (const [kind, at, item] of all) {
    if (kind === 'insert') draft.insert(at % (draft.length + 1), item);
    else if (draft.length > 0 && kind === 'set') draft.set(at % draft.length, item);
    else if (draft.length > 0) draft.remove(at % draft.length);
  }
  return draft.done();
}

function editedArray(list: readonly number[], all: readonly Edit[]): readonly number[] {
  const next = [...list];
  for (const [kind, at, item] of all) {
    if (kind === 'insert') next.splice(at % (next.length + 1), 0, item);
    else if (next.length > 0) next.splice(at % next.length, 1, ...(kind === 'set' ? [item] : []));
  }
  return next;
}

test('a list in chunks says what an array with the same edits does', () => {
  fc.assert(
    fc.property(items, chunk, edits, edits, (list, size, one, two) => {
      const first = edited(list, size, one);
      const next = edited(first, size, two);
      for (const [made, model] of [
        [first, editedArray(list, one)] as const,
        [next, editedArray(editedArray(list, one), two)] as const,
      ]) {
        expect([...made]).toEqual(model);
        expect(arrayOf(made)).toEqual(model);
        expect(made).toHaveLength(model.length);
        expect(model.map((_, place) => made.at(place))).toEqual(model);
        expect(made.at(model.length)).toBeUndefined();
        expect(JSON.stringify({ made })).toBe(JSON.stringify({ made: model }));
        const isOdd = (item: number): boolean => item % 2 === 1;
        expect(made.map((item, place) => item * place)).toEqual(model.map((item, place) => item * place));
        expect(made.flatMap((item) => [item, item])).toEqual(model.flatMap((item) => [item, item]));
        expect(made.filter(isOdd)).toEqual(model.filter(isOdd));
        expect([made.some(isOdd), made.every(isOdd), made.find(isOdd)]).toEqual([
          model.some(isOdd),
          model.every(isOdd),
          model.find(isOdd),
        ]);
        expect(made.every((item, place) => item === model[place])).toBe(true);
      }
    }),
  );
});

test('the list that a draft was made from stays as it was', () => {
  fc.assert(
    fc.property(items, chunk, edits, edits, (list, size, one, two) => {
      const before = edited(list, size, one);
      const was = [...before];
      edited(before, size, two);
      expect([...before]).toEqual(was);
    }),
  );
});

test('lists are the same when their items are, however they are divided', () => {
  fc.assert(
    fc.property(items, chunk, chunk, edits, (list, size, other, all) => {
      const [a, b] = [edited(list, size, all), edited(list, other, all)];
      expect(same({ a }, { a: b })).toBe(true);
      expect(same(a, arrayOf(b))).toBe(true);
      expect(same(a, edited(b, other, [['insert', 0, 1]]))).toBe(false);
      if (b.length > 0) expect(same(a, edited(b, other, [['set', b.length - 1, 99]]))).toBe(false);
    }),
  );
});

test('one item of very many: the other chunks are shared, and passed without a look', () => {
  const list = new Draft(Array.from({ length: 100_000 }, (_, n) => n)).done();
  const draft = new Draft(list);
  draft.set(70_000, -1);
  const next = draft.done();
  let looks = 0;
  const isSame = isPairwise(list, next, (a, b) => {
    looks++;
    return a === b || b === -1;
  });
  expect([isSame, next.at(70_000), list.at(70_000)]).toEqual([true, -1, 70_000]);
  expect(looks).toBeLessThanOrEqual(1_024);
});
