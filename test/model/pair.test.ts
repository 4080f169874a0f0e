import fc from 'fast-check';
import { comparePrefix, prefix, type Prefix } from '../../src/model/address.js';
import { changedIn, newsIn } from '../../src/model/changes.js';
import { withPrefixes, withSaid } from '../../src/model/edited.js';
import { placesOf } from '../../src/model/in-order.js';
import type { List } from '../../src/model/list.js';
import { pair, pairSaid } from '../../src/model/pair.js';
import { SaidList } from '../../src/model/said-list.js';

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

test('of lists in order everything is told in that order, also where it is known what may differ', () => {
  fc.assert(
    fc.property(inOrder, inOrder, anyOrder, (firsts, seconds, edits) => {
      const edited = withPrefixes(firsts, new Map(edits.map((each) => [each.prefix, each])));
      for (const others of [seconds, edited]) {
        for (const told of Object.values(paired(firsts, [...others])))
          expect(told).toEqual([...told].sort(comparePrefix));
        const both: Prefix[] = [];
        const second: Prefix[] = [];
        pair(firsts, others, {
          both: (a) => both.push(a.prefix),
          first: () => undefined,
          second: (b) => second.push(b.prefix),
        });
        for (const told of [both, second]) expect(told).toEqual([...told].sort(comparePrefix));
      }
    }),
  );
});

interface Said {
  readonly level: number;
}

const saying = (prefixes: readonly Prefix[], said: readonly Said[]): SaidList<Said, Item> =>
  new SaidList(prefixes, said, (own, { level }) => ({ prefix: own, level }));
const SAID: readonly Said[] = [{ level: 0 }, { level: 1 }, { level: 1 }];
const words = fc.array(fc.constantFrom(...SAID), { minLength: PREFIXES.length, maxLength: PREFIXES.length });

/** What is told of two lists, but for what says the same in both. */
function pairedSaid(firsts: List<Item>, seconds: List<Item>): readonly string[] {
  const told: string[] = [];
  pairSaid(firsts, seconds, {
    both: (own, a, b) => {
      if (a.level !== b.level) told.push(`${own} ${a.level} ${b.level}`);
    },
    second: (own, b) => told.push(`${own} ${b.level}`),
  });
  return told.sort();
}

test('what is said is told without items, and the same is told', () => {
  fc.assert(
    fc.property(words, words, (before, now) => {
      const [firsts, seconds] = [saying(PREFIXES, before), saying(PREFIXES, now)];
      const news = new Map([...now.entries()].filter(([place]) => place % 2 === 0));
      for (const next of [seconds, withSaid(firsts, news), saying([...PREFIXES].slice(1), now.slice(1))]) {
        expect(pairedSaid(firsts, next)).toEqual(pairedSaid([...firsts], [...next]));
        expect(newsIn(next, firsts)).toEqual(newsIn([...next], [...firsts]));
      }
    }),
  );
});

test('prefixes are found among others in any order', () => {
  const some = fc.uniqueArray(fc.constantFrom(...PREFIXES));
  fc.assert(
    fc.property(some, some, (prefixes, among) => {
      expect([...placesOf(prefixes, among)]).toEqual(prefixes.map((own) => among.indexOf(own)));
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
