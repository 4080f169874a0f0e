import fc from 'fast-check';
import { comparePrefix, prefix, type Prefix } from '../../src/model/address.js';
import { changedIn } from '../../src/model/changes.js';
import { pair } from '../../src/model/pair.js';

interface Item {
  readonly prefix: Prefix;
  readonly level: number;
}

const PREFIXES = ['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/24', '192.0.2.0/24', '2001:db8::/32', '2001:db8:a::/48'].map(
  prefix,
);
const item = fc.record({ prefix: fc.constantFrom(...PREFIXES), level: fc.nat(1) });
const anyOrder = fc.uniqueArray(item, { selector: (each) => each.prefix });
const inOrder = anyOrder.map((items) => [...items].sort((a, b) => comparePrefix(a.prefix, b.prefix)));
const list = fc.oneof(inOrder, anyOrder);

function paired(firsts: readonly Item[], seconds: readonly Item[]) {
  const told = { both: [] as Prefix[], first: [] as Prefix[], second: [] as Prefix[] };
  pair(firsts, seconds, {
    both: (a, b, place) => {
      expect(a.prefix).toBe(b.prefix);
      expect(firsts[place]).toBe(a);
      expect(seconds).toContain(b);
      told.both.push(a.prefix);
    },
    first: (a, place) => {
      expect(firsts[place]).toBe(a);
      told.first.push(a.prefix);
    },
    second: (b) => void told.second.push(b.prefix),
  });
  return told;
}

test('every prefix is told once, with what both lists say of it, whatever their order', () => {
  fc.assert(
    fc.property(list, list, (firsts, seconds) => {
      const told = paired(firsts, seconds);
      const has = (items: readonly Item[], p: Prefix) => items.some((each) => each.prefix === p);
      for (const p of PREFIXES) {
        const [a, b] = [has(firsts, p), has(seconds, p)];
        expect(told.both.filter((each) => each === p)).toHaveLength(Number(a && b));
        expect(told.first.filter((each) => each === p)).toHaveLength(Number(a && !b));
        expect(told.second.filter((each) => each === p)).toHaveLength(Number(b && !a));
      }
    }),
  );
});

test('what has changed is what says something else', () => {
  fc.assert(
    fc.property(list, fc.infiniteStream(fc.nat(2)), (before, levels) => {
      const next = before.map((each) => ({ ...each, level: levels.next().value as number }));
      const changed = changedIn(next, before);
      expect(changed).toEqual(next.filter(({ level }, place) => level !== before[place]!.level));
    }),
  );
});

test.each<[string, readonly Item[], readonly Item[] | undefined]>([
  ['another prefix', [{ prefix: PREFIXES[0]!, level: 1 }], [{ prefix: PREFIXES[1]!, level: 1 }]],
  ['one more', [{ prefix: PREFIXES[0]!, level: 1 }], []],
  ['nothing before', [], undefined],
])('%s is no change of levels', (_, next, before) => {
  expect(changedIn(next, before)).toBeUndefined();
});
