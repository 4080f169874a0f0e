import { once } from '../../src/model/once.js';

const [A, B] = [{ name: 'a' }, { name: 'b' }];

function counted() {
  const calls: unknown[][] = [];
  const work = once((first: object, ...rest: readonly unknown[]) => {
    calls.push([first, ...rest]);
    return { first, rest };
  });
  return { work, calls };
}

test('the same inputs have the same result, and one piece of work', () => {
  const { work, calls } = counted();
  const result = work(A, B, 4);
  expect(work(A, B, 4)).toBe(result);
  expect(calls).toHaveLength(1);
});

test.each([
  ['the first', [B, B, 4]],
  ['the second', [A, { name: 'b' }, 4]],
  ['a number', [A, B, 6]],
  ['how many there are', [A, B, 4, undefined]],
])('another input is work of its own: %s', (_, inputs) => {
  const { work, calls } = counted();
  work(A, B, 4);
  const [first, ...rest] = inputs as [object, ...unknown[]];
  expect(work(first, ...rest)).toEqual({ first, rest });
  expect(calls).toHaveLength(2);
});

test('results of different first inputs stand side by side', () => {
  const { work, calls } = counted();
  const [a, b] = [work(A), work(B)];
  expect([work(A), work(B)]).toEqual([a, b]);
  expect(calls).toHaveLength(2);
});
