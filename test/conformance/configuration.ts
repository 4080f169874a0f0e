import { comparePrefix } from '../../src/model/address.js';
import { until } from '../drivers/speaker/until.js';
import {
  addPeer,
  ALLOWED,
  announce,
  install,
  LEARNED,
  path,
  peer,
  R1,
  type Stage,
  start,
  V4,
  V6,
  withdraw,
} from './stage.js';

/** Before there are sessions: start, barrier, allow-list, and paths as they are read back. */
export function configuration(stage: Stage): void {
  test('a daemon without configuration is not started, and takes no peers', async () => {
    await until('an answer', async () => (await stage.speaker.observe().catch(() => undefined)) !== undefined);
    expect(await stage.speaker.observe()).toEqual({ state: 'not-started' });
    await expect(stage.speaker.apply([addPeer(peer(R1))])).rejects.toMatchObject({ name: 'SpeakerError' });
    expect(await stage.speaker.observe()).toEqual({ state: 'not-started' });
  });

  test('start is harmless when repeated, and refused with other numbers', async () => {
    await stage.speaker.apply([start, start]);
    expect(await stage.observed()).toMatchObject({ asn: 64_500, routerId: '198.18.1.11', listenPort: 1790, peers: [] });
    for (const other of [{ asn: 64_501 }, { routerId: R1 }, { listenPort: -1 }]) {
      await expect(stage.speaker.apply([{ ...start, ...other }])).rejects.toMatchObject({ reason: 'not-ours' });
    }
    expect(await stage.observed()).toMatchObject({ asn: 64_500 });
  });

  test('no peer without a barrier', async () => {
    expect((await stage.observed()).barrier.state).not.toBe('held');
    await expect(stage.speaker.apply([addPeer(peer(R1))])).rejects.toMatchObject({ reason: 'barrier-not-held' });
    expect((await stage.observed()).peers).toEqual([]);
  });

  test('an empty allow-list is held, and rejects what is announced', async () => {
    await stage.speaker.apply([install()]);
    expect((await stage.observed()).barrier).toEqual({ state: 'held', allow: [] });
    await stage.speaker.apply([announce(path(V4), path(V6))]).catch(() => undefined);
    expect(await stage.observed()).toMatchObject({ paths: [], foreignPaths: [] });
  });

  test('allow on empty sets, one family after the other, and back to empty', async () => {
    await stage.speaker.apply([{ kind: 'allow', prefixes: [V4] }]);
    expect((await stage.observed()).barrier).toEqual({ state: 'held', allow: [V4] });
    await stage.speaker.apply([{ kind: 'allow', prefixes: [V4, V6, V6] }]);
    expect((await stage.observed()).barrier).toEqual({ state: 'held', allow: [V4, V6] });
    await stage.speaker.apply([announce(path(V4), path(V6))]);
    expect((await stage.observed()).paths).toEqual([path(V4), path(V6)]);
    await stage.speaker.apply([withdraw(V4, V6), { kind: 'disallow', prefixes: [V4, V6, LEARNED] }]);
    expect(await stage.observed()).toMatchObject({ barrier: { state: 'held', allow: [] }, paths: [] });
  });

  test('install replaces the list, withdrawing what is no longer allowed', async () => {
    await stage.speaker.apply([install(V4, V6), announce(path(V4), path(V6)), install(V6, LEARNED)]);
    expect(await stage.observed()).toMatchObject({
      barrier: { state: 'held', allow: [LEARNED, V6] },
      paths: [path(V6)],
    });
    await stage.speaker.apply([withdraw(V6), install(...ALLOWED)]);
    expect((await stage.observed()).barrier).toEqual({ state: 'held', allow: [...ALLOWED].sort(comparePrefix) });
  });
}
