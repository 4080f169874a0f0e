import fc from 'fast-check';
import { afterLook, essentialsOf, type EssentialRecord, unseen } from '../../src/decide/essential.js';
import { gateOf } from '../../src/decide/gate.js';
import type { EssentialFinding } from '../../src/model/essential.js';
import { amsS1 } from '../acme.js';

const GOOD: EssentialFinding = { state: 'good' };
const BROKEN: EssentialFinding = { state: 'broken', detail: 'eth1 is down' };
const UNKNOWN: EssentialFinding = { state: 'unknown', detail: 'not permitted' };

const FINDINGS: Readonly<Record<string, EssentialFinding>> = { g: GOOD, b: BROKEN, u: UNKNOWN };
const after = (looks: string): EssentialRecord =>
  [...looks].reduce((record, look) => afterLook(record, FINDINGS[look] ?? UNKNOWN), unseen);

test.each<[looks: string, broken: boolean]>([
  ['bbbbb', false],
  ['uuubb', false],
  ['g', false],
  ['gb', false],
  ['gbb', true],
  ['gbub', false],
  ['gbubb', true],
  ['gbgb', false],
  ['gbbu', true],
  ['gbbg', true],
  ['gbbgb', true],
  ['gbbgbg', true],
  ['gbbgug', true],
  ['gbbgg', false],
  ['gbbggb', false],
])('looks %s: proven broken %s', (looks, broken) => {
  expect(after(looks).broken !== undefined).toBe(broken);
});

test('for every row of looks, a fault needs two in a row after something good, and so does its end', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('g', 'b', 'u'), { maxLength: 12 }), (row) => {
      const looks = row.join('');
      const last = Math.max(looks.lastIndexOf('bb'), looks.lastIndexOf('gg'));
      const faulty = last >= 0 && looks[last] === 'b' && looks.slice(0, last).includes('g');
      expect(after(looks).broken !== undefined).toBe(faulty);
    }),
  );
});

test('every prefix that may be announced depends on the uplinks and the endpoint; a customer on its veth and tunnels', () => {
  const view = amsS1();
  const essentials = essentialsOf(view);
  const keysOf = (text: string): readonly string[] =>
    essentials.flatMap(({ key, prefixes }) => (prefixes.some((prefix) => prefix === text) ? [key] : []));
  for (const prefix of gateOf(view).allow) {
    expect(keysOf(prefix)).toEqual(expect.arrayContaining(['links  eth1', 'address  lo 192.0.2.1']));
  }
  expect(keysOf('203.0.113.0/24').slice(2)).toEqual(['links  cv-acme', 'links cv-acme gre-eu gre-us']);
  expect(keysOf('192.0.2.0/24')).toHaveLength(2);
  expect(new Set(essentials.map(({ key }) => key)).size).toBe(essentials.length);
});
