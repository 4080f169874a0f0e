import { prefix, type Prefix } from '../../src/model/address.js';
import type { SpeakerObserved, SpeakerRunning } from '../../src/model/path.js';
import type { Doubt } from '../../src/ports/speaker.js';
import { until } from '../drivers/speaker/until.js';
import {
  addPeer,
  ALLOWED,
  announce,
  install,
  path,
  peer,
  R1,
  R2,
  type Stage,
  V4,
  V6,
  WIDE,
  withdraw,
} from './stage.js';

/** Only what changed is sent, and what stands is read back. */
export function difference(stage: Stage): void {
  /** What both routers have heard since, the marker's own two left out. */
  const heardDuring = async (work: () => Promise<void>) => {
    await stage.settled();
    const before = await stage.counts();
    await work();
    await stage.settled();
    const after = await stage.counts();
    return (['r1', 'r2'] as const).map((router) => ({
      announced: after[router].updates - before[router].updates - 1,
      withdrawn: after[router].withdraws - before[router].withdraws - 1,
    }));
  };
  const each = (announced: number, withdrawn: number) => [
    { announced, withdrawn },
    { announced, withdrawn },
  ];

  test('what is there already is not sent again', async () => {
    const heard = await heardDuring(() =>
      stage.speaker.apply([
        announce(path(V4), path(V6)),
        install(...ALLOWED),
        { kind: 'allow', prefixes: [V4] },
        addPeer(peer(R1)),
        addPeer(peer(R2)),
        withdraw(WIDE),
      ]),
    );
    expect(heard).toEqual(each(0, 0));
    expect((await stage.observed()).paths).toEqual([path(V4), path(V6)]);
  });

  test('one added, one changed, one withdrawn: each is one message, the rest is silent', async () => {
    expect(await heardDuring(() => stage.speaker.apply([announce(path(V4), path(WIDE))]))).toEqual(each(1, 0));
    expect(await heardDuring(() => stage.speaker.apply([announce(path(V4, { med: 7 }), path(WIDE))]))).toEqual(
      each(1, 0),
    );
    expect(await heardDuring(() => stage.speaker.apply([withdraw(WIDE)]))).toEqual(each(0, 1));
    expect(await heardDuring(() => stage.speaker.apply([withdraw(WIDE), announce(path(V4))]))).toEqual(each(1, 0));
    expect((await stage.observed()).paths).toEqual([path(V4), path(V6)]);
  });

  test('announced and withdrawn many times, each last word stands', async () => {
    for (let round = 0; round < 30; round++) {
      await stage.speaker.apply([announce(path(V4, { med: round })), withdraw(V4)]);
      await stage.speaker.apply([withdraw(V6), announce(path(V6, { med: round }))]);
    }
    await stage.settled();
    expect(await stage.prefixesAt('r1')).toEqual([V6]);
    expect(await stage.prefixesAt('r2')).toEqual([V6]);
    expect((await stage.at('r1').routes())[0]!.attributes.med).toBe('29');
    await stage.speaker.apply([announce(path(V4), path(V6))]);
    await stage.received('r1', 2);
    await stage.received('r2', 2);
  });

  test('a withdrawal arrives, and Adj-RIB-Out says so', async () => {
    expect(await stage.speaker.stillSent([V4, V6, WIDE], [R1, R2])).toEqual([V6, V4]);
    await stage.speaker.apply([withdraw(V4, WIDE)]);
    await until('only one is still sent', async () => {
      const sent = await stage.speaker.stillSent([V4, V6, WIDE], [R1, R2]);
      return sent.length === 1 && sent[0] === V6;
    });
    await stage.received('r1', 1);
    await stage.received('r2', 1);
    await stage.speaker.apply([announce(path(V4))]);
    await stage.received('r1', 2);
  });

  test('a recheck reads what is in doubt, and sees by the count when there is more', async () => {
    const recheck = (
      observed: SpeakerRunning,
      doubted: readonly Prefix[],
      barrier = false,
    ): Promise<SpeakerObserved | undefined> => stage.speaker.recheck({ observed, doubted, barrier });
    const before = await stage.observed();
    expect(await recheck(before, [V4, V6], true)).toEqual({ ...before, peers: expect.anything() as unknown });
    await stage.speaker.apply([announce(path(V4, { med: 77 }))]);
    expect(await recheck(before, [V4])).toMatchObject({ paths: [path(V4, { med: 77 }), path(V6)] });
    await stage.speaker.apply([announce(path(V4), path(WIDE))]);
    expect(await recheck(before, [V4], true)).toBeUndefined();
    expect(await recheck(before, [V4, WIDE], true)).toMatchObject({ paths: [path(WIDE), path(V4), path(V6)] });
    await stage.speaker.apply([withdraw(WIDE)]);
    await expect(recheck(before, ['203.0.113.0/33' as Prefix])).rejects.toMatchObject({ reason: 'invalid' });
  });

  test('a change wakes whoever watches, until they stop', async () => {
    const doubts: Doubt[] = [];
    const watching = stage.speaker.watch((doubt) => doubts.push(doubt));
    const named = (wanted: Prefix) => doubts.some((doubt) => doubt === 'everything' || doubt.prefixes.includes(wanted));
    let med = 0;
    // The first ones may pass before the stream is open.
    await until('both families', async () => {
      med++;
      await stage.speaker.apply([announce(path(V4, { med }), path(V6, { med }))]);
      return named(V4) && named(V6);
    });
    watching.stop();
    await stage.speaker.apply([announce(path(V4), path(V6))]);
    const heard = doubts.length;
    await stage.settled();
    expect(doubts).toHaveLength(heard);
  });

  test('a peer that is to be otherwise is refused until it has been deleted, and the other session hears nothing of it', async () => {
    const changed = peer(R2, { hold: 30, keepalive: 10 });
    await expect(stage.speaker.apply([addPeer(changed)])).rejects.toMatchObject({ reason: 'rejected' });
    const before = await stage.counts();
    await stage.speaker.apply([
      { kind: 'delete-peer', address: R2 },
      { kind: 'delete-peer', address: R2 },
    ]);
    expect((await stage.observed()).peers.map(({ address }) => address)).toEqual([R1]);
    await stage.received('r2', 0);
    await stage.speaker.apply([addPeer(changed)]);
    await stage.established(R1, R2);
    expect(await stage.peerAt(R2)).toMatchObject({ hold: 30, keepalive: 10 });
    expect(await stage.at('r2').session()).toMatchObject({ hold: 30 });
    await stage.received('r2', 2);
    await stage.unmoved(before, 'r1');
  }, 60_000);

  test('a foreign path that is not there can be deleted', async () => {
    await stage.speaker.apply([{ kind: 'delete-foreign', family: 4, prefix: 'not-an-ip/24' }]);
    await stage.speaker.apply([{ kind: 'delete-foreign', family: 6, prefix: prefix('2001:db8:beef::/48') }]);
    expect((await stage.observed()).paths).toEqual([path(V4), path(V6)]);
  });
}
