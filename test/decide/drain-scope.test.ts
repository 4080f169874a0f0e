import { drainRefusal, type Said, scopeOf } from '../../src/decide/drain-scope.js';
import { prefix } from '../../src/model/address.js';
import type { DrainState, WireState } from '../../src/model/lease.js';
import type { Level } from '../../src/model/level.js';
import { amsS1 } from '../acme.js';

const { fleet } = amsS1();
const V4 = '203.0.113.0/24';
const V6 = '2001:db8:acf::/48';

const holding = (held: Readonly<Record<string, Level>>, drain: DrainState = 'in-service', session = 'established') =>
  ({
    ...{ speaker: 'ready', generation: 'g', agent: 'leased', drain, reports: [] },
    prefixes: Object.entries(held).map(([text, level]) => ({
      ...{ prefix: prefix(text), level, held: level, reasons: [], settled: false },
    })),
    peers: [{ address: '198.18.1.1', asn: 64500, state: session }],
  }) as unknown as WireState;
const both = (level: Level): Readonly<Record<string, Level>> => ({ [V4]: level, [V6]: level });

test('a name is a site or a server of the fleet', () => {
  const [site] = fleet.sites;
  const servers = site?.servers.map(({ name }) => name) ?? [];
  expect(scopeOf(fleet, 'ams')).toEqual({ name: 'ams', kind: 'site', servers });
  expect(scopeOf(fleet, 'ams-s1')).toEqual({ name: 'ams-s1', kind: 'server', servers: ['ams-s1'] });
  expect(() => scopeOf(fleet, '')).toThrow(/^no site or server {2}in the fleet; it names ams, ams-s1/);
  expect(() => scopeOf({ ...fleet, sites: [...fleet.sites, { ...site!, name: 'ams-s1' }] }, 'ams-s1')).toThrow(
    /is a site and a server/,
  );
});

const SITE = { name: 'ams', kind: 'site', servers: ['ams-s1', 'ams-s2'] } as const;
const full = holding(both('full'));

test.each<[string, Readonly<Record<string, Said>>, RegExp | undefined]>([
  ['another site has everything', { 'ams-s1': full, 'ams-s2': full, 'sjc-s1': full }, undefined],
  ['nobody else is there', { 'ams-s1': full, 'ams-s2': full }, /no full path is left for 203\.0\.113\.0\/24, 2001:/],
  ['the other one lacks a prefix', { 'ams-s1': full, 'sjc-s1': holding({ [V4]: 'full' }) }, /left for 2001:[^ ]+$/],
  ['the other one is degraded', { 'ams-s1': full, 'sjc-s1': holding(both('degraded')) }, /no full path/],
  ['the other one drains', { 'ams-s1': full, 'sjc-s1': holding(both('full'), 'draining') }, /no full path/],
  [
    'the other one has no session',
    { 'ams-s1': full, 'sjc-s1': holding(both('full'), 'in-service', 'idle') },
    /no full/,
  ],
  [
    'the other one is silent',
    { 'ams-s1': full, 'sjc-s1': { problem: 'no guard' } },
    /\(sjc-s1 does not answer: no guard\)/,
  ],
  ['nothing is announced here', { 'ams-s1': holding(both('withdrawn')), 'ams-s2': holding({}) }, undefined],
  ['those that go are silent', { 'ams-s1': { problem: 'x' }, 'ams-s2': { problem: 'y' } }, undefined],
])('%s', (_, said, refusal) => {
  const found = drainRefusal(SITE, new Map(Object.entries(said)));
  if (refusal === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(refusal);
});
