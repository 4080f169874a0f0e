/** The servers' part inside an operator's own configuration, with every protection: eBGP, MD5, GTSM, graceful restart. */
import { jest } from '@jest/globals';
import { existsSync } from 'node:fs';
import { until } from '../drivers/speaker/until.js';
import { whyNoAnchor } from '../kernel-anchor.js';
import { CUSTOMERS, guarded } from './fleets.js';
import { openScene, PAIRS, ROUTERS, type RouterName, type Scene } from './scene.js';

const missing =
  (await whyNoAnchor()) ??
  ['/usr/lib/frr/bgpd', '/usr/sbin/bird', '/usr/bin/gobgpd']
    .filter((path) => !existsSync(path))
    .map((path) => `no ${path}`)[0];
if (missing !== undefined) console.warn(`routers are not run here: ${missing}`);

/** On a machine that does other things too. */
jest.setTimeout(90_000);
const BOUND_MS = 20_000;

const [FIRST, SECOND] = PAIRS.internal;
const [V4, V6] = CUSTOMERS.internal.prefixes;

(missing === undefined ? describe : describe.skip)('routers with every protection', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene(guarded);
  });
  afterAll(() => scene?.close());

  const hops = async (router: RouterName): Promise<string> => {
    const fib = await scene.fib(router);
    return `${fib.get(V4)} ${fib.get(V6)}`;
  };
  const both = '198.18.1.11,198.18.1.12 2001:db8:1::11,2001:db8:1::12';
  const lead = (router: RouterName, to: string): Promise<unknown> =>
    until(`${router} has ${to}`, async () => (await hops(router)) === to, BOUND_MS);

  it.each(ROUTERS)('%s: flows go to both servers, and away from a degraded one', async (router) => {
    await lead(router, both);
    await scene.announce([FIRST], 'degraded');
    await lead(router, '198.18.1.12 2001:db8:1::12');
    await scene.announce([FIRST], 'full');
    await lead(router, both);
  });

  it('a speaker that is killed: both routers keep its routes, as gracefulRestart asks', async () => {
    for (const router of ROUTERS) expect([router, await scene.isEstablished(router, SECOND)]).toEqual([router, true]);
    await scene.kill(SECOND);
    for (const router of ROUTERS) {
      await until(`${router} has noticed`, async () => !(await scene.isEstablished(router, SECOND)), BOUND_MS);
      expect([router, await hops(router)]).toEqual([router, both]);
    }
  });
});
