/** What a router makes of a gobgpd that is killed and comes back, with graceful restart and without. */
import { fileURLToPath } from 'node:url';
import { address, prefix, type Address } from '../../../src/model/address.js';
import type { SpeakerOp } from '../../../src/model/path.js';
import type { Speaker } from '../../../src/ports/speaker.js';
import { createGobgpSpeaker } from '../../../src/drivers/speaker/gobgp.js';
import { type Anchor, startAnchor } from './anchor.js';
import { type Gobgpd, startGobgpd } from './gobgpd.js';
import { type Receiver, startReceiver } from './receiver.js';
import { until } from './until.js';

const protoDir = fileURLToPath(new URL('../../../protos', import.meta.url));
const [HELPER, UNAWARE, SELF] = [address('198.18.1.1'), address('198.18.1.2'), address('198.18.1.11')];
const KEPT = prefix('203.0.113.0/24');
const GONE = prefix('203.0.112.0/24');

let anchor: Anchor;
let daemon: Gobgpd;
let speaker: Speaker;
let helper: Receiver;
let unaware: Receiver;

const configuration = (paths: readonly (typeof KEPT)[], gracefulRestart: number): readonly SpeakerOp[] => [
  { kind: 'start', asn: 64_500, routerId: SELF, listenPort: 1790 },
  { kind: 'install-barrier', allow: [KEPT, GONE] },
  {
    kind: 'announce',
    paths: paths.map((own) => ({ prefix: own, asPath: [], nextHop: SELF, communities: [], largeCommunities: [] })),
  },
  ...[HELPER, UNAWARE].map((at): SpeakerOp => ({
    kind: 'add-peer',
    peer: {
      address: at,
      asn: 64_500,
      localAddress: SELF,
      families: [4],
      hold: 9,
      keepalive: 3,
      ttlSecurity: false,
      gracefulRestart,
      passive: false,
      multihop: 0,
      maxPrefix: {},
    },
  })),
];

beforeEach(async () => {
  anchor = await startAnchor([`${HELPER}/32`, `${UNAWARE}/32`, `${SELF}/32`]);
  daemon = await startGobgpd(anchor);
  speaker = createGobgpSpeaker({ address: daemon.address, protoDir });
  const router = (local: Address, gracefulHelper: boolean): Promise<Receiver> =>
    startReceiver(anchor, {
      local,
      localAsn: 64_500,
      remote: SELF,
      remoteAsn: 64_500,
      remotePort: 1790,
      families: [4],
      gracefulHelper,
    });
  [helper, unaware] = [await router(HELPER, true), await router(UNAWARE, false)];
}, 20_000);
afterEach(async () => {
  speaker?.close();
  await helper?.stop();
  await unaware?.stop();
  await daemon?.stop();
  await anchor?.stop();
});

const prefixesAt = async (router: Receiver): Promise<readonly string[]> =>
  (await router.routes()).map((route) => route.prefix);
const has = (router: Receiver, count: number) => async (): Promise<boolean> =>
  (await prefixesAt(router)).length === count;

test('with it: routes outlive the daemon, nothing flaps on its return, and what is gone leaves at its End-of-RIB', async () => {
  await speaker.apply(configuration([KEPT, GONE], 60));
  await until('both routes at the helper', has(helper, 2), 20_000);
  await until('both routes where nobody helps', has(unaware, 2), 20_000);
  await daemon.kill();
  await until('the session is lost', async () => !(await helper.established()));
  await until('routes leave where nobody helps', has(unaware, 0));
  expect(await prefixesAt(helper)).toEqual([GONE, KEPT]);
  await daemon.restart();
  await speaker.apply(configuration([KEPT], 60));
  const seen: (readonly string[])[] = [];
  await until(
    'the stale route leaves',
    async () => {
      seen.push(await prefixesAt(helper));
      return seen.at(-1)?.length === 1;
    },
    30_000,
  );
  expect(seen.every((prefixes) => prefixes.includes(KEPT))).toBe(true);
  await until('the route where nobody helps', has(unaware, 1), 20_000);
}, 90_000);

test('without it: routes leave with the daemon', async () => {
  await speaker.apply(configuration([KEPT], 0));
  await until('the route', has(helper, 1), 20_000);
  const began = performance.now();
  await daemon.kill();
  await until('the route leaves', has(helper, 0));
  expect(performance.now() - began).toBeLessThan(2_000);
  await daemon.restart();
  await speaker.apply(configuration([KEPT], 0));
  await until('the route is back', has(helper, 1), 20_000);
}, 60_000);
