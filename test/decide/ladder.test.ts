import fc from 'fast-check';
import { climb, type LadderFacts } from '../../src/decide/ladder.js';
import { prefix, type Prefix } from '../../src/model/address.js';
import type { Fleet } from '../../src/model/fleet.js';
import type { TunnelHealth } from '../../src/model/health.js';
import type { Level } from '../../src/model/level.js';
import type { Verdict } from '../../src/model/verdict.js';
import { acme, acmeFleet, amsS1 } from '../acme.js';

const ACME = prefix('203.0.113.0/24');
const COVERING = prefix('192.0.2.0/24');
const verified: Verdict = { state: 'verified', notes: [] };
const fault: Verdict = { state: 'fault', details: ['gre-us missing in cv-acme'] };
const unknown: Verdict = { state: 'unknown', detail: 'dump failed' };

interface World {
  endpoint?: Verdict;
  own?: Verdict;
  us?: TunnelHealth;
  eu?: TunnelHealth;
  standing?: Level;
  fleet?: Fleet;
}

function levelOf(target: Prefix, world: World) {
  const facts: LadderFacts = {
    dataPlane: {
      endpoint: world.endpoint ?? verified,
      customers: new Map([
        ['acme', world.own ?? verified],
        ['globex', verified],
      ]),
    },
    tunnelHealth: (customer, tunnel) =>
      customer === 'acme' ? ((tunnel === 'us' ? world.us : world.eu) ?? 'up') : 'up',
  };
  const standing = new Map<Prefix, Level>(world.standing === undefined ? [] : [[target, world.standing]]);
  const announcement = climb(amsS1(world.fleet), facts, standing).find((entry) => entry.prefix === target);
  return announcement && `${announcement.level} ${announcement.reasons.map(({ code }) => code).join()}`;
}

const cautious: Fleet = { ...acmeFleet, safety: { ...acmeFleet.safety, remoteFault: 'degrade' } };
const silent: Fleet = {
  ...acmeFleet,
  customers: [{ ...acme, prefixes: acme.prefixes.map((entry) => ({ ...entry, advertise: false })) }],
};
const routeless: Fleet = { ...acmeFleet, customers: [{ ...acme, routes: [] }] };

test.each<[string, World, string]>([
  ['all well', {}, 'full healthy'],
  ['one tunnel down', { us: 'down' }, 'full healthy'],
  ['one tunnel unknown', { us: 'unknown' }, 'full healthy'],
  ['all tunnels down, withdraw granted', { us: 'down', eu: 'down' }, 'withdrawn tunnels-down'],
  ['all tunnels down, no grant', { us: 'down', eu: 'down', fleet: cautious }, 'degraded tunnels-down'],
  ['not probed yet', { us: 'unknown', eu: 'unknown' }, 'withdrawn tunnels-pending'],
  ['prober broken while announced', { us: 'unknown', eu: 'unknown', standing: 'full' }, 'full tunnels-unknown'],
  ['prober broken while degraded', { us: 'unknown', eu: 'down', standing: 'degraded' }, 'degraded tunnels-unknown'],
  ['prober broken while withdrawn', { us: 'unknown', eu: 'down', standing: 'withdrawn' }, 'withdrawn tunnels-pending'],
  ['local fault', { own: fault, standing: 'full' }, 'withdrawn data-plane-fault'],
  ['local unknown', { own: unknown, standing: 'full' }, 'full data-plane-unknown'],
  ['local unknown from the start', { own: unknown }, 'withdrawn data-plane-pending'],
  ['endpoint fault', { endpoint: fault, standing: 'full' }, 'withdrawn endpoint-fault'],
  ['endpoint unknown', { endpoint: unknown, standing: 'full' }, 'full data-plane-unknown'],
  [
    'own fault beside an unknown endpoint',
    { endpoint: unknown, own: fault, standing: 'full' },
    'withdrawn data-plane-fault',
  ],
  ['not advertised', { fleet: silent }, 'withdrawn not-advertised'],
  ['no route', { fleet: routeless }, 'withdrawn no-route'],
])('customer prefix, %s', (_name, world, expected) => expect(levelOf(ACME, world)).toBe(expected));

test.each<[string, World, string]>([
  ['verified', {}, 'full healthy'],
  ['a customer is broken', { own: fault, us: 'down', eu: 'down' }, 'full healthy'],
  ['endpoint fault', { endpoint: fault }, 'withdrawn endpoint-fault'],
  ['unknown', { endpoint: unknown, standing: 'full' }, 'full data-plane-unknown'],
  ['unknown from the start', { endpoint: unknown }, 'withdrawn data-plane-pending'],
])('covering prefix, %s', (_name, world, expected) => expect(levelOf(COVERING, world)).toBe(expected));

test('paths: the covering prefix is ours, a customer keeps its own origin', () => {
  const facts: LadderFacts = { dataPlane: { endpoint: verified, customers: new Map() }, tunnelHealth: () => 'up' };
  const paths = climb(amsS1(), facts, new Map()).map(({ prefix: p, asPath }) => `${p} ${asPath.join()}`);
  expect(paths).toEqual([
    '192.0.2.0/24 ',
    '198.19.7.0/24 64513',
    '203.0.113.0/24 64512',
    '2001:db8:e::/48 ',
    '2001:db8:acf::/48 64512',
  ]);
});

test('missing knowledge never changes a standing level', () => {
  const blind = fc.constantFrom<Verdict>(unknown, verified);
  fc.assert(
    fc.property(fc.constantFrom<Level>('full', 'degraded'), blind, blind, (standing, endpoint, own) => {
      const level = levelOf(ACME, { endpoint, own, us: 'unknown', eu: 'unknown', standing });
      expect(level?.split(' ')[0]).toBe(standing);
    }),
  );
});
