/** Several files as one fleet. */
import { formatIssue } from '../../src/config/issue.js';
import { parseFleet } from '../../src/config/parse.js';
import { SAMPLE } from './sample.js';

const cut = (from: string, to?: string): string =>
  SAMPLE.slice(SAMPLE.indexOf(from), to === undefined ? undefined : SAMPLE.indexOf(to));

const PROVIDER = cut('provider:', 'sites:');
const SITES = cut('sites:', 'customers:');
const ACME = cut('customers:', '  globex:');
const GLOBEX = `customers:\n${cut('  globex:')}`;

const printed = (files: Readonly<Record<string, string>>): readonly string[] => {
  const parsed = parseFleet(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    'test',
  );
  return parsed.ok ? [] : parsed.issues.map(formatIssue);
};

test('a folder is the same fleet as one file, whatever the order of its files', () => {
  const whole = parseFleet([{ path: 'fleet.yaml', text: SAMPLE }], 'test');
  const files = { 'a.yaml': PROVIDER, 'b.yaml': SITES, 'c.yaml': ACME, 'd.yaml': GLOBEX, 'e.yaml': '# nothing yet\n' };
  const parts = Object.entries(files).map(([path, text]) => ({ path, text }));
  expect(whole.ok).toBe(true);
  expect(parseFleet(parts, 'test')).toEqual(whole);
  expect(parseFleet(parts.toReversed(), 'test')).toEqual(whole);
});

test('one name in two files is refused with both places', () => {
  expect(printed({ 'a.yaml': SAMPLE, 'b.yaml': GLOBEX })).toEqual([
    'b.yaml:2:3: customers.globex is already defined at a.yaml:48; keep one of the two',
  ]);
});

test('the provider comes once', () => {
  expect(printed({ 'a.yaml': SAMPLE, 'b.yaml': PROVIDER })).toEqual([
    'b.yaml:1:1: provider is already defined at a.yaml:1; keep one of the two',
    'b.yaml:10:1: kernel is already defined at a.yaml:10; keep one of the two',
  ]);
  expect(printed({ 'a.yaml': SITES, 'b.yaml': ACME })[0]).toMatch('a.yaml:1:1: provider is missing; write provider:');
});

test('each issue stands in the file that it is about, and names the other', () => {
  const files = {
    'a.yaml': PROVIDER + SITES,
    'b.yaml': ACME,
    'c.yaml': GLOBEX.replace('remote: 45.31.0.1', 'remote: 45.20.0.9').replace('asn: 64513', 'asn: x'),
  };
  expect(printed(files)).toEqual([
    'c.yaml:3:10: customers.globex.asn is "x", not a number; write a whole number from 0 to 4294967295',
  ]);
  files['c.yaml'] = GLOBEX.replace('remote: 45.31.0.1', 'remote: 45.20.0.9');
  expect(printed(files)).toEqual([
    expect.stringMatching(
      /^c\.yaml:7:21: the remote 45\.20\.0\.9 .* lies inside 45\.20\.0\.0\/24 of acme at b\.yaml:5/,
    ),
  ]);
});

test('a file that is no map, and sites that are none', () => {
  expect(printed({ 'a.yaml': SAMPLE, 'b.yaml': '- 1\n', 'c.yaml': 'sites: 7\n' })).toEqual([
    'b.yaml:1:1: the file holds a list, not a map; begin with provider:, sites: or customers:',
    'c.yaml:1:8: sites is 7, not a map; write names with their settings below sites, or sites: {}',
  ]);
});

test('files that are no YAML are all reported', () => {
  expect(printed({ 'a.yaml': 'a: [', 'b.yaml': 'b: "' }).map((line) => line.split(':')[0])).toEqual([
    'a.yaml',
    'b.yaml',
  ]);
});
