import { isOurs, levelHeld, ownTag, serverNumber } from '../../src/decide/attributes.js';
import { allowList, type Gate, gateOf, type Origin, originsIn, refusalOf } from '../../src/decide/gate.js';
import { peersOf } from '../../src/decide/sessions.js';
import { address, prefix, type Prefix } from '../../src/model/address.js';
import type { Router, Server, ServerView } from '../../src/model/fleet.js';
import { amsS1 } from '../acme.js';
import { pathFor } from '../paths.js';

const V4 = prefix('203.0.113.0/24');
const V6 = prefix('2001:db8:acf::/48');

const router = (change: Partial<Router>): Router => ({
  name: 'r',
  asn: 64500,
  v4: address('198.18.1.1'),
  hold: 9,
  keepalive: 3,
  ttlSecurity: false,
  gracefulRestart: 0,
  passive: false,
  multihop: 0,
  maxPrefix: {},
  networks: [],
  upstreams: [],
  ...change,
});

function site(routers: readonly Router[], change: Partial<Server> = {}): ServerView {
  const view = amsS1();
  return { ...view, site: { ...view.site, routers }, server: { ...view.server, ...change } };
}

const { v6: _none, ...onlyV4 } = amsS1().server;
const withoutV6: ServerView = { ...amsS1(), server: onlyV4 };

describe('attributes', () => {
  const tag = `64500:1:${serverNumber('ams-s1')}`;

  test('full: the origin as given, next hop self, our tag, MED spelled out', () => {
    expect(pathFor(amsS1(), 'full', V4, [64512])).toEqual({
      prefix: V4,
      attributes: {
        asPath: [64512],
        nextHop: '198.18.1.11',
        med: 0,
        communities: [],
        largeCommunities: [tag],
      },
    });
    expect(pathFor(amsS1(), 'full', V6, [64512]).attributes.nextHop).toBe('2001:db8:1::11');
    expect(pathFor(amsS1(), 'full', prefix('192.0.2.0/24'), []).attributes.asPath).toEqual([]);
  });

  test('degraded towards iBGP: LOCAL_PREF 0, MED and 65535:0; never our own AS, which an iBGP peer takes for a loop', () => {
    expect(pathFor(amsS1(), 'degraded', V4, [64512])).toEqual({
      prefix: V4,
      attributes: {
        asPath: [64512],
        nextHop: '198.18.1.11',
        med: 1000,
        localPref: 0,
        communities: ['65535:0'],
        largeCommunities: [tag],
      },
    });
  });

  test('degraded towards eBGP: MED, 65535:0 and two prepends; the speaker adds the third of our AS', () => {
    const external = site([router({ asn: 64999 })]);
    expect(pathFor(external, 'degraded', V4, [64512])).toEqual({
      prefix: V4,
      attributes: {
        asPath: [64500, 64500, 64512],
        nextHop: '198.18.1.11',
        med: 1000,
        communities: ['65535:0'],
        largeCommunities: [tag],
      },
    });
    expect(pathFor(external, 'full', V4, [64512]).attributes.asPath).toEqual([64512]);
  });

  test('degraded at a site with both: the one path suits the iBGP router', () => {
    const mixed = site([router({}), router({ asn: 64999, v4: address('198.18.1.2') })]);
    expect(pathFor(mixed, 'degraded', V4, [64512])).toMatchObject({ attributes: { asPath: [64512], localPref: 0 } });
  });

  test('paths of one level and AS path share their attributes', () => {
    const [view, other] = [amsS1(), prefix('192.0.2.0/24')];
    const { attributes } = pathFor(view, 'full', V4, [64512]);
    expect(pathFor(view, 'full', other, [64512]).attributes).toBe(attributes);
    expect(pathFor(view, 'full', other, [64513]).attributes).not.toBe(attributes);
    const leaving = pathFor(view, 'degraded', V4, [64512], true).attributes;
    expect(leaving).not.toEqual(pathFor(view, 'degraded', V4, [64512]).attributes);
    expect(pathFor(view, 'full', V6, [64512]).attributes).not.toBe(attributes);
  });

  test('the form is told from the path', () => {
    const paths = (['full', 'degraded'] as const).map((level) => pathFor(amsS1(), level, V4, [64512]));
    expect(paths.map(levelHeld)).toEqual(['full', 'degraded']);
    expect(paths.every((path) => isOurs(amsS1(), path))).toBe(true);
    expect(isOurs(site([], { name: 'ams-s2' }), paths[0]!)).toBe(false);
  });

  test('servers have numbers of their own, the same everywhere and always', () => {
    expect(ownTag(amsS1())).toBe(tag);
    expect(serverNumber('ams-s1')).toBe(1_061_951_751);
    expect(
      new Set(Array.from({ length: 6_000 }, (_, i) => serverNumber(`site${Math.floor(i / 20)}-s${i % 20}`))).size,
    ).toBe(6_000);
  });

  test('no next hop is invented', () => {
    expect(() => pathFor(withoutV6, 'full', V6, [64512])).toThrow('has no v6 address');
  });
});

describe('the gate', () => {
  const whyShut = (gate: Gate, p: Prefix, asked: Origin) => refusalOf(gate, p, originsIn(gate)(p), asked);

  test('covering and advertised prefixes, sorted', () => {
    expect(allowList(amsS1())).toEqual([
      '192.0.2.0/24',
      '198.19.7.0/24',
      '203.0.113.0/24',
      '2001:db8:e::/48',
      '2001:db8:acf::/48',
    ]);
  });

  test.each([
    ['203.0.113.0/24', [64512], undefined],
    ['192.0.2.0/24', [], undefined],
    ['203.0.113.0/24', [], 'AS path [] was asked for, the fleet says [64512]'],
    ['203.0.113.0/24', [64500, 64512], 'AS path [64500 64512] was asked for, the fleet says [64512]'],
    ['203.0.113.0/25', [64512], 'the fleet does not name it'],
    ['203.0.112.0/23', [64512], 'the fleet does not name it'],
    ['0.0.0.0/0', [], 'the fleet does not name it'],
  ])('%s with %j: %s', (text, asPath, refusal) => {
    expect(whyShut(gateOf(amsS1()), prefix(text), asPath)).toBe(refusal);
  });

  test('says why a named prefix is outside', () => {
    expect(whyShut(gateOf(withoutV6), V6, [64512])).toBe('ams-s1 has no v6 address that could be the next hop');
    expect(allowList(withoutV6)).not.toContain(V6);
    const view = amsS1();
    const customers = view.fleet.customers.map((customer) => ({
      ...customer,
      prefixes: customer.prefixes.map(({ prefix: p }) => ({ prefix: p, advertise: false })),
    }));
    const quiet = { ...view, fleet: { ...view.fleet, customers } };
    expect(whyShut(gateOf(quiet), V4, [64512])).toBe('the fleet says advertise: false');
  });
});

describe('sessions', () => {
  const [r4, r6] = [address('198.18.1.1'), address('2001:db8:1::1')];
  const { v4: _v4, ...only6 } = router({ v6: r6 });

  test.each([
    ['both ends have both', amsS1(), [[r4, '198.18.1.11', [4, 6]]]],
    ['the router has no v6', site([router({})]), [[r4, '198.18.1.11', [4]]]],
    ['the server has no v6', withoutV6, [[r4, '198.18.1.11', [4]]]],
    ['the router has no v4', site([only6]), [[r6, '2001:db8:1::11', [6]]]],
    ['they share nothing', { ...withoutV6, site: site([only6]).site }, []],
  ] as const)('%s', (_, view, sessions) => {
    expect(peersOf(view).map(({ address: a, localAddress, families }) => [a, localAddress, families])).toEqual(
      sessions,
    );
  });

  test('GTSM is for external peers', () => {
    const of = (asn: number): boolean | undefined =>
      peersOf(site([router({ asn, ttlSecurity: true, password: 'p' })]))[0]?.ttlSecurity;
    expect([of(64500), of(64999)]).toEqual([false, true]);
  });
});
