/** Lists are equal when their items are, whether arrays hold them or not. */
import { isList, LongList } from '../../src/model/list.js';

type Tester = (this: Helper, a: unknown, b: unknown, testers: readonly Tester[]) => boolean | undefined;

interface Helper {
  equals(a: unknown, b: unknown, testers: readonly Tester[]): boolean;
}

const itemsOf = (value: unknown): readonly unknown[] | undefined =>
  typeof value === 'object' && value !== null && isList(value) ? [...value] : undefined;

const areEqualLists: Tester = function (a, b, testers) {
  if (!(a instanceof LongList) && !(b instanceof LongList)) return undefined;
  const [items, others] = [itemsOf(a), itemsOf(b)];
  return items !== undefined && others !== undefined && this.equals(items, others, testers);
};

// Jest has it since 29.4, and its types do not say so.
(expect as unknown as { addEqualityTesters(testers: readonly Tester[]): void }).addEqualityTesters([areEqualLists]);
