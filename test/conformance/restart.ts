import { address, prefix } from '../../src/model/address.js';
import type { SpeakerOp } from '../../src/model/path.js';
import type { Receiver } from '../drivers/speaker/receiver.js';
import { until } from '../drivers/speaker/until.js';
import {
  addPeer,
  ALLOWED,
  announce,
  install,
  OWN_ASN,
  path,
  peer,
  R1,
  R2,
  type Stage,
  start,
  V4,
  V6,
  WIDE,
} from './stage.js';

/** Keeps the routes of a session that broke, where it was asked to (RFC 4724 4.2). */
const HELPER = address('198.18.1.3');
/** Is asked to as well, and does not know how. */
const UNAWARE = address('198.18.1.4');
const FORBIDDEN = prefix('100.64.9.0/24');

/** The daemon is killed, and comes back empty. */
export function restart(stage: Stage): void {
  const { can } = stage.under;
  const graceful = [HELPER, UNAWARE].map((at) => addPeer(peer(at, { asn: OWN_ASN, gracefulRestart: 60 })));
  const peers: readonly SpeakerOp[] = [addPeer(peer(R1)), addPeer(peer(R2)), ...(can.gracefulRestart ? graceful : [])];
  let helper: Receiver | undefined;
  let unaware: Receiver | undefined;
  /** When the helper heard of a route that the restart leaves as it is. */
  let heard = NaN;
  const prefixesAt = async (router: Receiver): Promise<readonly string[]> =>
    (await router.routes()).map((route) => route.prefix);

  beforeAll(async () => {
    if (!can.gracefulRestart) return;
    helper = await stage.router({ local: HELPER, localAsn: OWN_ASN });
    unaware = await stage.router({ local: UNAWARE, localAsn: OWN_ASN, gracefulHelper: false });
    await stage.speaker.apply([announce(path(WIDE)), ...graceful]);
    await stage.established(HELPER, UNAWARE);
    for (const router of [helper, unaware]) await until('all routes', async () => (await router.total()) === 3, 15_000);
  }, 40_000);

  test('killed: whoever watches is told, calls fail as unreachable, routes leave at once but where they are kept', async () => {
    if (helper) heard = await helper.changedAt(V6);
    let wakes = 0;
    const watching = stage.speaker.watch(() => wakes++);
    await stage.speaker.apply([announce(path(V4))]);
    const before = wakes;
    const began = performance.now();
    await stage.daemon.kill();
    await until('a wake for the loss', async () => wakes > before);
    await stage.received('r1', 0);
    await stage.received('r2', 0);
    expect(performance.now() - began).toBeLessThan(4_000);
    await expect(stage.speaker.observe()).rejects.toMatchObject({ reason: 'unreachable' });
    await expect(stage.speaker.apply([announce(path(V4))])).rejects.toMatchObject({ reason: 'unreachable' });
    if (unaware) await until('routes leave where nobody keeps them', async () => (await unaware!.total()) === 0);
    if (helper) expect(await prefixesAt(helper)).toEqual([WIDE, V6, V4].sort());
    watching.stop();
  }, 30_000);

  test('back: nothing is said before the barrier, and then only what is allowed, wanted or not before', async () => {
    await stage.daemon.restart();
    await until(
      'not started',
      async () => (await stage.speaker.observe().catch(() => undefined))?.state === 'not-started',
    );
    await stage.speaker.apply([start]);
    await stage.speaker.apply([announce(path(FORBIDDEN), path(V4))]).catch(() => undefined);
    for (const add of peers) {
      await expect(stage.speaker.apply([add])).rejects.toMatchObject({ reason: 'barrier-not-held' });
    }
    for (const router of ['r1', 'r2'] as const) {
      expect(await stage.at(router).established()).toBe(false);
      expect(await stage.prefixesAt(router)).toEqual([]);
    }
    await stage.speaker.apply([install(...ALLOWED), announce(path(V4, { med: 3 }), path(V6))]);
    // GoBGP's restart is over with the last session of those it has by then: who comes after is told that nothing was kept.
    if (can.gracefulRestart) await stage.speaker.apply(graceful.slice(0, 1));
    const kept: (readonly string[])[] = [];
    await until(
      'the stale route leaves the helper',
      async () => {
        if (!helper) return true;
        kept.push(await prefixesAt(helper));
        return kept.at(-1)?.length === 2;
      },
      40_000,
    );
    await stage.speaker.apply(peers);
    expect(kept.every((prefixes) => prefixes.includes(V4) && prefixes.includes(V6))).toBe(true);
    expect(kept.flat()).not.toContain(FORBIDDEN);
    if (helper) expect(await helper.changedAt(V6)).toBeCloseTo(heard, 1);
    await stage.established(R1, R2);
    if (unaware) await until('routes where nobody kept them', async () => (await unaware!.total()) === 2, 20_000);
    for (const router of ['r1', 'r2'] as const) {
      const routes = await stage.received(router, 2);
      expect(routes.map((route) => route.prefix)).toEqual([V6, V4]);
      expect(routes[1]!.attributes.med).toBe('3');
      expect(await stage.at(router).count()).toEqual({ updates: 2, withdraws: 0 });
    }
    expect((await stage.observed()).paths).toEqual([path(V4, { med: 3 }), path(V6)]);
  }, 90_000);
}
