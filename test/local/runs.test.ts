import fc from 'fast-check';
import { itemsIn, runsOf } from '../../src/local/runs.js';
import { type Prefix, prefix } from '../../src/model/address.js';

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

const make = (of: Prefix, { level, asked, reasons }: Omit<Item, 'prefix'>): Item => ({
  ...{ prefix: of, level, reasons },
  ...(asked === undefined ? {} : { asked }),
});

test('what travels in runs arrives as it was, in its order', () => {
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const travelled = JSON.parse(JSON.stringify(runsOf<Item>(items))) as ReturnType<typeof runsOf<Item>>;
      expect(itemsIn(travelled, make)).toEqual(items);
    }),
  );
});

test('neighbours that say the same are one run, and share what they say', () => {
  const of = (octet: number, level: string): Item => ({
    ...{ prefix: prefix(`10.0.${octet}.0/24`), level, reasons: [{ code: 'healthy' }] },
  });
  const runs = runsOf([of(1, 'full'), of(2, 'full'), of(3, 'withdrawn'), of(4, 'full')]);
  expect(runs.map(({ prefixes }) => prefixes)).toEqual([
    ['10.0.1.0/24', '10.0.2.0/24'],
    ['10.0.3.0/24'],
    ['10.0.4.0/24'],
  ]);
  const [first, second] = itemsIn(runs, make);
  expect(second?.reasons).toBe(first?.reasons);
});

test('a prefix that is known has one text, wherever it came from', () => {
  const texts = ['10.0.1.0/24', '10.0.2.0/24', '10.0.3.0/24'];
  const copy = (text: string): Prefix => prefix(`${text} `.trimEnd());
  const known = texts.map((text) => ({ prefix: prefix(text) }));
  const runs = [
    { prefixes: [copy('10.0.1.0/24'), copy('10.0.9.0/24'), copy('10.0.2.0/24')], level: 'full', reasons: [] },
  ];
  expect(itemsIn(runs, make, known).map((each) => each.prefix)).toEqual(['10.0.1.0/24', '10.0.9.0/24', '10.0.2.0/24']);
});
