/** What is rendered for FRR and BIRD, run by FRR and BIRD: their kernels' routes, and what their upstreams hear. */
import { jest } from '@jest/globals';
import { existsSync } from 'node:fs';
import { familyOf, prefix } from '../../src/model/address.js';
import { announceable } from '../../src/model/fleet.js';
import { GRACEFUL_SHUTDOWN, type Path, type PathAttributes } from '../../src/model/path.js';
import { until } from '../drivers/speaker/until.js';
import { whyNoAnchor } from '../kernel-anchor.js';
import { CUSTOMERS, every } from './fleets.js';
import {
  FROM_UPSTREAM,
  KINDS,
  openScene,
  PAIRS,
  type RouterName,
  ROUTERS,
  type Scene,
  type ServerName,
  UPSTREAMS,
} from './scene.js';
import { changedPath, pathFor } from '../paths.js';

const missing =
  (await whyNoAnchor()) ??
  ['/usr/lib/frr/bgpd', '/usr/sbin/bird', '/usr/bin/gobgpd']
    .filter((path) => !existsSync(path))
    .map((path) => `no ${path}`)[0];
if (missing !== undefined) console.warn(`routers are not run here: ${missing}`);

/** On a machine that does other things too. */
jest.setTimeout(90_000);
const BOUND_MS = 20_000;

const FIRST = KINDS.map((pair) => PAIRS[pair][0]);
const SECOND = KINDS.map((pair) => PAIRS[pair][1]);
/** Customers' and servers' own numbers are private, but for one customer's. */
const PLAIN = { internal: '64500', same: '64500 64510', differing: '64500' };
const NETWORKS = ['198.18.1.0/24', '2001:db8:1::/48'];

(missing === undefined ? describe : describe.skip)('routers', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene(every);
  });
  afterAll(() => scene?.close());

  const hopsOf = (server: ServerName, family: 4 | 6): string => {
    const { v4, v6 = '' } = scene.view(server).server;
    return family === 4 ? v4 : v6;
  };
  /** In these routers' kernels every pair's prefixes lead to exactly those of its servers, IPv4 and IPv6. */
  const spreadOver = async (
    servers: readonly ServerName[],
    routers: readonly RouterName[] = ROUTERS,
  ): Promise<void> => {
    const wanted = KINDS.flatMap((pair) =>
      CUSTOMERS[pair].prefixes.map((text) => {
        const own = PAIRS[pair].filter((server) => servers.includes(server));
        return `${text} ${own.map((server) => hopsOf(server, familyOf(prefix(text)))).join()}`;
      }),
    );
    for (const router of routers) {
      let seen: readonly string[] = [];
      await until(
        `${router} spreads over ${servers.join()}`,
        async () => {
          const fib = await scene.fib(router);
          seen = KINDS.flatMap((pair) => CUSTOMERS[pair].prefixes.map((text) => `${text} ${fib.get(text)}`));
          return seen.join() === wanted.join();
        },
        BOUND_MS,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${seen.join('; ')}`);
      });
    }
  };
  /** Every pair's paths as each upstream has them from each router: AS path, then communities. */
  const upstreamsHear = async (wanted: Readonly<Record<(typeof KINDS)[number], string>>): Promise<void> => {
    const all = KINDS.flatMap((pair) => CUSTOMERS[pair].prefixes.map((text) => `${text}: ${wanted[pair]}`)).sort();
    for (const upstream of UPSTREAMS) {
      for (const router of ROUTERS) {
        let seen: readonly string[] = [];
        await until(
          `${upstream} hears ${router}`,
          async () => {
            const routes = await scene.heard(upstream, router);
            seen = routes
              .filter((route) => !NETWORKS.includes(route.prefix))
              .map(({ prefix: text, attributes: { as_path = '', community = '' } }) =>
                `${text}: ${as_path} ${community}`.trim(),
              )
              .sort();
            return seen.join() === all.join();
          },
          BOUND_MS,
        ).catch((error: unknown) => {
          throw new Error(`${String(error)}: ${seen.join('; ')}, not ${all.join('; ')}`);
        });
      }
    }
  };

  it('full: flows go to both servers of a pair; upstreams get the fleet and the site, and nothing else', async () => {
    await spreadOver([...FIRST, ...SECOND]);
    await upstreamsHear(PLAIN);
    for (const upstream of UPSTREAMS) {
      for (const router of ROUTERS) {
        const heard = (await scene.heard(upstream, router)).map((route) => route.prefix);
        expect(heard.sort()).toEqual([...KINDS.flatMap((pair) => CUSTOMERS[pair].prefixes), ...NETWORKS].sort());
      }
    }
  });

  it('one of a pair degraded: all flows go to the other', async () => {
    await scene.announce(FIRST, 'degraded');
    await spreadOver(SECOND);
    await upstreamsHear(PLAIN);
    await scene.announce(FIRST, 'full');
    await spreadOver([...FIRST, ...SECOND]);
    await scene.announce(SECOND, 'degraded');
    await spreadOver(FIRST);
  });

  it('both degraded: flows go to both, and upstreams see no GRACEFUL_SHUTDOWN', async () => {
    await scene.announce([...FIRST, ...SECOND], 'degraded');
    await spreadOver([...FIRST, ...SECOND]);
    await upstreamsHear(PLAIN);
  });

  it('the site leaves as a whole: upstreams see GRACEFUL_SHUTDOWN and three more of our AS', async () => {
    await scene.announce([...FIRST, ...SECOND], 'degraded', true);
    await upstreamsHear({
      internal: '64500 64500 64500 64500 (65535,0)',
      same: '64500 64500 64500 64500 64510 (65535,0)',
      differing: '64500 64500 64500 64500 (65535,0)',
    });
    await spreadOver([...FIRST, ...SECOND]);
    await scene.announce([...FIRST, ...SECOND], 'full');
    await spreadOver([...FIRST, ...SECOND]);
    await upstreamsHear(PLAIN);
  });

  it('GRACEFUL_SHUTDOWN alone, of whatever sends no prepends, turns flows away on eBGP', async () => {
    const gracefully = (server: ServerName, pair: (typeof KINDS)[number]): Promise<void> =>
      scene.announceStray(
        server,
        CUSTOMERS[pair].prefixes.map((text) =>
          changedPath(pathFor(scene.view(server), 'full', prefix(text), [CUSTOMERS[pair].asn]), {
            communities: [GRACEFUL_SHUTDOWN],
          }),
        ),
      );
    await gracefully('s4', 'same');
    await gracefully('s6', 'differing');
    await spreadOver(['s1', 's2', 's3', 's5']);
    await scene.announce(SECOND, 'full');
    await spreadOver([...FIRST, ...SECOND]);
  });

  it("an upstream's own routes are taken and go to nobody else; the fleet's, and parts of it, are not", async () => {
    await scene.announceLater();
    for (const router of ROUTERS) {
      const fib = await until(
        `${router} has what isp-a announced last`,
        async () => {
          const routes = await scene.fib(router);
          return routes.has(FROM_UPSTREAM.later) && routes;
        },
        BOUND_MS,
      );
      expect(fib.get(FROM_UPSTREAM.ordinary)).toBe('198.18.0.11');
      expect(FROM_UPSTREAM.ours.map((text) => fib.get(text))).toEqual(['198.18.1.11,198.18.1.12', undefined, 'link']);
      const heard = (await scene.heard('isp-b', router)).map((route) => route.prefix);
      expect(heard.filter((text) => text.startsWith('100.64.'))).toEqual([]);
    }
  });

  it.each(['s1', 's3'] as const)('of what %s makes up nothing is taken: longer, foreign, BLACKHOLE', async (server) => {
    const stray = ['203.0.113.0/24', '100.64.9.0/24', '2001:db8:a1::/48', '2001:db8:f::/48'];
    const blackhole = '198.18.4.0/24';
    const last = ['192.0.2.0/24', '2001:db8:e::/48'];
    const path = (text: string, communities: PathAttributes['communities'] = []): Path =>
      changedPath(pathFor(scene.view(server), 'full', prefix(text), []), { communities });
    await scene.announceStray(server, [
      ...stray.map((text) => path(text)),
      path(blackhole, ['65535:666']),
      ...last.map((text) => path(text)),
    ]);
    for (const router of ROUTERS) {
      const fib = await until(
        `${router} has what ${server} announced last`,
        async () => {
          const routes = await scene.fib(router);
          return last.every((text) => routes.get(text) === hopsOf(server, familyOf(prefix(text)))) && routes;
        },
        BOUND_MS,
      );
      expect([...stray, blackhole].filter((text) => fib.has(text))).toEqual([]);
      for (const upstream of UPSTREAMS) {
        await until(`${upstream} hears it from ${router}`, async () => {
          const routes = await scene.heard(upstream, router);
          return last.every((text) => routes.some((route) => route.prefix === text));
        });
        const heard = (await scene.heard(upstream, router)).map((route) => route.prefix);
        expect([...stray, blackhole].filter((text) => heard.includes(text))).toEqual([]);
      }
    }
    await scene.withdraw(server, last);
  });

  it('a server that sends a thousand prefixes is cut off, by FRR when its filter is gone', async () => {
    expect(announceable(every).length).toBeLessThan(500);
    const flood = Array.from({ length: 1_001 }, (_, n) => prefix(`100.${100 + (n >> 8)}.${n & 255}.0/24`));
    await scene.announceStray(
      's6',
      flood.map((p) => pathFor(scene.view('s6'), 'full', p, [])),
    );
    await spreadOver(['s1', 's2', 's3', 's4', 's5'], ['r2']);
    expect(await scene.session('r2', 's6')).toMatch(/Route limit exceeded/);
    // What s6 sent before has arrived at r1 when this has.
    await scene.announce(['s6'], 'degraded');
    await spreadOver(['s1', 's2', 's3', 's4', 's5'], ['r1']);
    await scene.announce(['s6'], 'full');
    await spreadOver([...FIRST, ...SECOND], ['r1']);
    expect([...(await scene.fib('r1')).keys()].filter((text) => text.startsWith('100.1'))).toEqual([]);
    await scene.openFilter('r1');
    await spreadOver(['s1', 's2', 's3', 's4', 's5'], ['r1']);
    expect(await scene.session('r1', 's6')).toMatch(/Maximum Number of Prefixes Reached|exceeded prefix-limit/i);
  });

  it('a speaker that is killed: its routes go with it', async () => {
    await scene.kill('s2');
    await spreadOver(['s1', 's3', 's4', 's5']);
    for (const router of ROUTERS) expect([router, await scene.isEstablished(router, 's2')]).toEqual([router, false]);
  });
});
