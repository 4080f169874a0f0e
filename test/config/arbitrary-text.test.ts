/** Whatever stands in the file, the answer is a fleet or issues with places: nothing is thrown. */
import fc from 'fast-check';
import { formatIssue } from '../../src/config/issue.js';
import { parseFleet } from '../../src/config/parse.js';
import { SAMPLE } from './sample.js';

function check(...texts: readonly string[]): void {
  const files = texts.map((text, index) => ({ path: `f${index}.yaml`, text }));
  const parsed = parseFleet(files, 'test');
  if (parsed.ok) return;
  expect(parsed.issues.length).toBeGreaterThan(0);
  for (const issue of parsed.issues) {
    const text = texts[Number(issue.path.slice(1, -5))] ?? '';
    expect(issue.line).toBeGreaterThanOrEqual(1);
    expect(issue.line).toBeLessThanOrEqual(text.split('\n').length + 1);
    expect(issue.column).toBeGreaterThanOrEqual(1);
    expect(formatIssue(issue)).toMatch(/^f\d\.yaml:\d+:\d+: .+; .+$/u);
  }
}

/** Pieces of which YAML is made, so that more than scalars come out. */
const pieces = fc.constantFrom(
  ...['provider', 'sites', 'customers', 'kernel', 'asn', 'prefixes', 'covering', 'a', '__proto__', 'constructor'],
  ...[
    ': ',
    ':\n',
    '\n',
    '\n  ',
    '\n    ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '"',
    "'",
    '|',
    '>',
    '&a ',
    '*a',
    '!!set ',
    '!x ',
  ],
  ...[
    '---\n',
    '...',
    '#',
    '? ',
    '<<',
    '~',
    '0x77',
    '1e999',
    '.nan',
    '192.0.2.0/24',
    '::',
    '\t',
    '%YAML 1.1\n',
    '\u0000',
    '\ufeff',
  ],
);

test('any text', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => check(text)),
    { numRuns: 100 },
  ));

test('any pile of YAML', () => {
  const pile = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(pile, pile, (one, other) => check(one, other)),
    { numRuns: 100 },
  );
});

test('the sample with something cut out and something put in', () => {
  fc.assert(
    fc.property(fc.nat(SAMPLE.length), fc.nat(30), fc.oneof(pieces, fc.string()), (at, cut, put) =>
      check(SAMPLE.slice(0, at) + put + SAMPLE.slice(at + cut)),
    ),
    { numRuns: 50 },
  );
});

test('any value in any place of the right tree', () => {
  const keys = ['provider', 'sites', 'customers', 'safety', 'kernel', 'allowReserved'];
  const value = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), value), (tree) => check(JSON.stringify(tree, null, 1))),
    { numRuns: 50 },
  );
});
