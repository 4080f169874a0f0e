import fc from 'fast-check';
import { sharing } from '../../src/model/kernel-order.js';

interface Item {
  readonly name: string;
  readonly value: { readonly of: number };
}
const nameOf = ({ name }: Item): string => name;
const list = (values: Readonly<Record<string, number>>): readonly Item[] =>
  Object.keys(values)
    .sort()
    .map((name) => ({ name, value: { of: values[name] ?? 0 } }));

const lists = fc.dictionary(fc.constantFrom(...'abcdefgh'), fc.nat(1)).map(list);

test('a list that shares says what it said, with the objects of the other where they are equal', () => {
  fc.assert(
    fc.property(lists, lists, (found, known) => {
      const shared = sharing(found, known, nameOf);
      expect(shared).toEqual(found);
      for (const item of shared) {
        const other = known.find(({ name }) => name === item.name);
        expect(item === other).toBe(other?.value.of === item.value.of);
      }
    }),
  );
});

test('where all are equal it is the other list', () => {
  const known = list({ a: 1, b: 2 });
  expect(sharing(list({ a: 1, b: 2 }), known, nameOf)).toBe(known);
  expect(sharing(list({ a: 1 }), known, nameOf)).not.toBe(known);
});
