import fc from 'fast-check';
import { failureKey, suspectedOf, type RemoteFailure } from '../../src/decide/suspicion.js';

const settings = { remotes: 5, windowMs: 1_000 };
const failed = (customer: string, since: number, remote = `remote of ${customer}`): RemoteFailure => ({
  customer,
  remote,
  since,
});
const suspectsOf = (failures: readonly RemoteFailure[], before: readonly RemoteFailure[] = []): readonly string[] => {
  const suspects = suspectedOf(failures, new Set(before.map(failureKey)), settings);
  return failures.filter((failure) => suspects.has(failureKey(failure))).map(({ customer }) => customer);
};
const together = (...customers: readonly string[]): readonly RemoteFailure[] =>
  customers.map((customer, index) => failed(customer, 100 * index));

test.each<[string, readonly RemoteFailure[], readonly string[]]>([
  ['five customers within one window', together(...'abcde'), [...'abcde']],
  ['four', together(...'abcd'), []],
  ['five remotes of one customer', ['1', '2', '3', '4', '5'].map((remote) => failed('a', 0, remote)), []],
  ['five customers behind one remote', [...'abcde'].map((customer) => failed(customer, 0, 'one')), []],
  ['five, one after the other', [...'abcde'].map((customer, index) => failed(customer, 400 * index)), []],
  ['five together, and one that had failed long before', [failed('z', -5_000), ...together(...'abcde')], [...'abcde']],
  [
    'a chain of six of which each five fit',
    [...'abcdef'].map((customer, index) => failed(customer, 250 * index)),
    [...'abcdef'],
  ],
])('%s', (_, failures, expected) => expect(suspectsOf(failures)).toEqual(expected));

test('a remote stays suspect until it recovers, however many others have', () => {
  const five = together(...'abcde');
  expect(suspectsOf(five.slice(0, 2), five)).toEqual(['a', 'b']);
  expect(suspectsOf([failed('a', 9_000)], five)).toEqual([]);
});

test('order is no matter, a single failure more clears nobody, and fewer than five customers suspect nothing', () => {
  const failures = fc.array(
    fc.record({ customer: fc.constantFrom(...'abcdefgh'), remote: fc.constantFrom(...'123456'), since: fc.nat(4_000) }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(failures, (all) => {
      const keys = (some: readonly RemoteFailure[]): readonly string[] =>
        [...suspectedOf(some, new Set(), settings)].sort();
      const whole = keys(all);
      expect(keys([...all].reverse())).toEqual(whole);
      expect(whole).toEqual(expect.arrayContaining([...keys(all.slice(1))]));
      if (new Set(all.map(({ customer }) => customer)).size < 5) expect(whole).toEqual([]);
    }),
  );
});
