import { comparePrefix } from '../../src/model/address.js';
import { planSpeaker } from '../../src/plan/speaker.js';
import type { SpeakerDesired } from '../../src/model/path.js';
import { arrayOf } from '../../src/model/list.js';
import { ALLOWED, OWN_ASN, path, peer, R1, R2, SELF, type Stage, V4, V6 } from './stage.js';

/** A client that was not there before takes a running daemon over. */
export function adoption(stage: Stage): void {
  const { can } = stage.under;
  if (!can.adoption) return;
  const desired: SpeakerDesired = {
    asn: OWN_ASN,
    routerId: SELF,
    listenPort: 1790,
    allow: [...ALLOWED].sort(comparePrefix),
    paths: [path(V4), path(V6)],
    peers: [peer(R1), peer(R2, { hold: 30, keepalive: 10 })],
  };

  test('a new client reads everything back and finds nothing to do; nobody hears of it', async () => {
    await stage.settled();
    const before = await stage.counts();
    stage.speaker.close();
    stage.speaker = stage.daemon.open();
    const seen = await stage.observed();
    expect(planSpeaker(desired, seen, can)).toEqual([]);
    await stage.speaker.apply([
      { kind: 'start', asn: OWN_ASN, routerId: SELF, listenPort: 1790 },
      { kind: 'install-barrier', allow: desired.allow },
      { kind: 'announce', paths: arrayOf(desired.paths) },
      ...desired.peers.map((own) => ({ kind: 'add-peer', peer: own }) as const),
    ]);
    expect(await stage.counts()).toEqual(before);
    expect(await stage.observed()).toEqual({ ...seen, peers: expect.anything() as unknown });
    await stage.settled();
    const after = await stage.counts();
    expect([after.r1.updates - before.r1.updates, after.r2.updates - before.r2.updates]).toEqual([1, 1]);
  });

  test('two clients read the same', async () => {
    const other = stage.daemon.open();
    const [a, b] = [await stage.observed(), await other.observe()];
    expect(b).toEqual({ ...a, peers: expect.anything() as unknown });
    other.close();
  });
}
