import { GRACEFUL_SHUTDOWN, protectionOf } from '../../src/model/path.js';
import { until } from '../drivers/speaker/until.js';
import { addPeer, announce, OTHER_ASN, OWN_ASN, path, peer, R1, R2, SELF, type Stage, TAG, V4, V6 } from './stage.js';

/** RFC 1997. */
const NO_EXPORT = '65535:65281';

/** Paths first, then peers; then every attribute as BIRD reads it from the wire, over iBGP and over eBGP. */
export function attributes(stage: Stage): void {
  const extra = { med: 0, communities: ['64500:100'], largeCommunities: [TAG, '64500:7:4294967295'] } as const;
  const [full, full6] = [path(V4, extra), path(V6, extra)];

  test('sessions come up, read back as they were asked for, and bring what stands', async () => {
    await stage.speaker.apply([announce(full, full6), addPeer(peer(R1)), addPeer(peer(R2)), addPeer(peer(R1))]);
    await stage.established(R1, R2);
    const terms = (asn: number) => ({
      asn,
      state: 'established',
      ours: true,
      ...{ hold: 9, keepalive: 3, families: [4, 6], localAddress: SELF, gracefulRestart: 0 },
      ...{ passive: false, multihop: 0, maxPrefix: {}, protection: protectionOf({ ttlSecurity: false }) },
    });
    const { peers, paths } = await stage.observed();
    expect(peers).toMatchObject([
      { address: R1, ...terms(OWN_ASN) },
      { address: R2, ...terms(OTHER_ASN) },
    ]);
    expect(paths).toEqual([full, full6]);
    for (const router of ['r1', 'r2'] as const) {
      expect((await stage.received(router, 2)).map((route) => route.prefix)).toEqual([V6, V4]);
      expect(await stage.at(router).session()).toMatchObject({ hold: 9 });
    }
  }, 40_000);

  test('every attribute arrives, next hop unchanged', async () => {
    const common = {
      origin: 'IGP',
      med: '0',
      community: '(64500,100)',
      large_community: '(64500, 1, 11) (64500, 7, 4294967295)',
    };
    const [r1v6, r1v4] = await stage.received('r1', 2);
    const [r2v6, r2v4] = await stage.received('r2', 2);
    expect(r1v4!.attributes).toEqual({ ...common, as_path: '64512', next_hop: '198.18.1.11', local_pref: '100' });
    expect(r1v6!.attributes).toEqual({ ...common, as_path: '64512', next_hop: '2001:db8:1::11', local_pref: '100' });
    expect(r2v4!.attributes).toMatchObject({ ...common, as_path: '64500 64512', next_hop: '198.18.1.11' });
    expect(r2v6!.attributes).toMatchObject({ ...common, as_path: '64500 64512', next_hop: '2001:db8:1::11' });
  });

  test('degraded replaces full in one announcement of each prefix, and prepends are seen', async () => {
    await stage.settled();
    const before = await stage.counts();
    const degraded = { med: 1000, localPref: 0, communities: [GRACEFUL_SHUTDOWN] } as const;
    await stage.speaker.apply([announce(path(V4, degraded), path(V6, degraded))]);
    await until('degraded', async () => (await stage.at('r1').routes()).every((r) => r.attributes.local_pref === '0'));
    for (const route of await stage.received('r1', 2)) {
      expect(route.attributes).toMatchObject({
        med: '1000',
        local_pref: '0',
        community: '(65535,0)',
        as_path: '64512',
      });
    }
    await until('degraded', async () => (await stage.at('r2').routes()).every((r) => r.attributes.med === '1000'));
    const after = await stage.counts();
    expect([after.r1.updates - before.r1.updates, after.r2.updates - before.r2.updates]).toEqual([2, 2]);
    expect(after.r1.withdraws).toBe(before.r1.withdraws);
    await stage.speaker.apply([announce(path(V4, { ...degraded, asPath: [64_500, 64_500, 64_512] }))]);
    await until('prepends', async () =>
      (await stage.at('r2').routes()).some((r) => r.attributes.as_path === '64500 64500 64500 64512'),
    );
    await stage.speaker.apply([announce(full, full6)]);
    await until('full', async () => (await stage.at('r1').routes()).every((r) => r.attributes.med === '0'));
  });

  test('NO_EXPORT beside other communities, MED and LOCAL_PREF at their largest, four-byte AS numbers, AS paths that are empty, long and ambiguous', async () => {
    const most = 2 ** 32 - 1;
    const odd = path(V4, { asPath: [], med: most, localPref: most, communities: ['64500:100', NO_EXPORT] });
    const odd6 = path(V6, { asPath: [4_200_000_001], med: 1 });
    await stage.speaker.apply([announce(odd, odd6)]);
    expect((await stage.observed()).paths).toEqual([odd, odd6]);
    await until('both', async () => (await stage.at('r1').routes()).every((r) => r.attributes.med !== '0'));
    const [v6, v4] = await stage.received('r1', 2);
    expect(v6!.attributes).toMatchObject({ as_path: '4200000001', med: '1' });
    expect(v4!.attributes).toMatchObject({
      ...{ as_path: '', med: String(most), local_pref: String(most) },
      community: '(64500,100) (65535,65281)',
    });
    // Read as numbers of two octets, its last four would be a segment of one.
    const either = path(V4, { asPath: [64_512, 0x0201_fc00] });
    const longest = path(V6, { asPath: Array<number>(64).fill(64_999) });
    await stage.speaker.apply([announce(either, longest)]);
    expect((await stage.observed()).paths).toEqual([either, longest]);
    await until('other paths', async () =>
      (await stage.at('r1').routes()).every((r) => r.attributes.med === undefined),
    );
    const [long, short] = await stage.received('r1', 2);
    expect(short!.attributes.as_path).toBe('64512 33684480');
    expect(long!.attributes.as_path).toBe(Array<number>(64).fill(64_999).join(' '));
    await stage.speaker.apply([announce(path(V4), path(V6))]);
    await until('plain', async () => (await stage.at('r1').routes()).every((r) => r.attributes.as_path === '64512'));
  });
}
