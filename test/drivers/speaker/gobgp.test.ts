/**
 *   r1  AS64500 198.18.1.1  ──iBGP──┐
 *                                   ├── speaker AS64500 198.18.1.11, 2001:db8:1::11   (gobgpd)
 *   r2  AS64510 198.18.1.2  ──eBGP──┘
 *
 * r1 and r2 are BIRDs. r2 also sends routes of its own: an allowed prefix
 * and one that is not.
 */
import { fileURLToPath } from 'node:url';
import { address, prefix, type Prefix } from '../../../src/model/address.js';
import {
  GRACEFUL_SHUTDOWN,
  type Path,
  type Peer,
  protectionOf,
  type SpeakerOp,
  type SpeakerRunning,
} from '../../../src/model/path.js';
import type { Doubt, Speaker } from '../../../src/ports/speaker.js';
import { createGobgpSpeaker } from '../../../src/drivers/speaker/gobgp.js';
import { type Anchor, startAnchor } from './anchor.js';
import { type Gobgpd, startGobgpd } from './gobgpd.js';
import { RawGobgp } from './raw-gobgp.js';
import { type ReceivedRoute, type Receiver, startReceiver } from './receiver.js';
import { until } from './until.js';

const protoDir = fileURLToPath(new URL('../../../protos', import.meta.url));
const R1 = address('198.18.1.1');
const R2 = address('198.18.1.2');
const SPEAKER = { local: '198.18.1.11', asn: 64_500 };
const TAG = '64500:1:11';
const V4 = prefix('203.0.113.0/24');
const V6 = prefix('2001:db8:acf::/48');
const LATER = prefix('192.0.2.0/24');
const DENIED = prefix('100.64.9.0/24');

const start: SpeakerOp = { kind: 'start', asn: 64_500, routerId: address('198.18.1.11'), listenPort: 1790 };
const install = (...allow: Prefix[]): SpeakerOp => ({ kind: 'install-barrier', allow });
const announce = (...paths: Path[]): SpeakerOp => ({ kind: 'announce', paths });
const withdraw = (...prefixes: Prefix[]): SpeakerOp => ({ kind: 'withdraw', prefixes });
const path = (p: Prefix, extra: Partial<Path> = {}): Path => ({
  prefix: p,
  asPath: [64_512],
  nextHop: address(p.includes(':') ? '2001:db8:1::11' : '198.18.1.11'),
  communities: [],
  largeCommunities: [TAG],
  ...extra,
});
const peer = (to: typeof R1, asn: number): Peer => ({
  address: to,
  asn,
  localAddress: address('198.18.1.11'),
  families: [4, 6],
  hold: 9,
  keepalive: 3,
  ttlSecurity: false,
  gracefulRestart: 0,
  passive: false,
  multihop: 0,
  maxPrefix: {},
});
const addPeers: SpeakerOp[] = [
  { kind: 'add-peer', peer: peer(R1, 64_500) },
  { kind: 'add-peer', peer: peer(R2, 64_510) },
];

let anchor: Anchor;
let daemon: Gobgpd;
let routers: Record<'r1' | 'r2', Receiver> | undefined;
let speaker: Speaker;
let raw: RawGobgp;

beforeAll(async () => {
  anchor = await startAnchor([`${R1}/32`, `${R2}/32`, '198.18.1.11/32', '2001:db8:1::11/128']);
  daemon = await startGobgpd(anchor);
  const remote = { remote: SPEAKER.local, remoteAsn: SPEAKER.asn, remotePort: 1790 };
  routers = {
    r1: await startReceiver(anchor, { ...remote, local: R1, localAsn: 64_500 }),
    r2: await startReceiver(anchor, {
      ...remote,
      local: R2,
      localAsn: 64_510,
      originates: [LATER, '198.51.100.0/24'],
    }),
  };
  speaker = createGobgpSpeaker({ address: daemon.address, protoDir, serverTag: { asn: 64_500, server: 11 } });
  raw = new RawGobgp(daemon.address, protoDir);
});

afterAll(async () => {
  raw?.close();
  speaker?.close();
  await routers?.r1.stop();
  await routers?.r2.stop();
  await daemon?.stop();
  await anchor?.stop();
});

const at = (router: 'r1' | 'r2'): Receiver => {
  if (!routers) throw new Error('no routers');
  return routers[router];
};
const observed = async () => {
  const seen = await speaker.observe();
  if (seen.state !== 'started') throw new Error(`observed ${seen.state}`);
  return seen;
};
const received = async (session: 'r1' | 'r2', count: number): Promise<readonly ReceivedRoute[]> =>
  until(`${count} routes at ${session}`, async () => {
    const routes = await at(session).routes();
    return routes.length === count && routes;
  });
const updates = async () => {
  const [r1, r2] = await Promise.all([at('r1').count(), at('r2').count()]);
  return { r1, r2 };
};
/** Everything asked for so far has reached both routers: a marker announced now has arrived there. */
const settled = async (): Promise<void> => {
  await speaker.apply([announce(path(MARKER))]);
  for (const session of ['r1', 'r2'] as const) {
    await until('marker', async () => (await at(session).routes()).some((r) => r.prefix === MARKER));
  }
  await speaker.apply([withdraw(MARKER)]);
  for (const session of ['r1', 'r2'] as const) {
    await until('marker gone', async () => !(await at(session).routes()).some((r) => r.prefix === MARKER));
  }
};
const MARKER = prefix('192.88.99.0/24');

describe('configuration', () => {
  test('a daemon without configuration is not started, and takes no peers', async () => {
    expect(await speaker.observe()).toEqual({ state: 'not-started' });
    await expect(speaker.apply([addPeers[0]!])).rejects.toMatchObject({ reason: 'rejected' });
  });

  test('start closes both directions at once', async () => {
    await speaker.apply([start]);
    expect(await observed()).toMatchObject({
      asn: 64_500,
      routerId: '198.18.1.11',
      listenPort: 1790,
      barrier: { state: 'absent' },
    });
    expect(await raw.defaults()).toEqual({ import: 'reject', export: 'reject' });
  });

  test('start is harmless when repeated and refused with other numbers', async () => {
    await speaker.apply([start]);
    for (const other of [{ asn: 64_501 }, { routerId: R1 }, { listenPort: -1 }]) {
      await expect(speaker.apply([{ ...start, ...other }])).rejects.toMatchObject({ reason: 'not-ours' });
    }
    expect(await observed()).toMatchObject({ asn: 64_500 });
  });

  test('no peer without a barrier', async () => {
    await expect(speaker.apply([addPeers[0]!])).rejects.toMatchObject({ reason: 'barrier-not-held' });
    expect((await observed()).peers).toEqual([]);
  });

  test('an empty allow-list is held, and rejects what is announced', async () => {
    await speaker.apply([install()]);
    expect((await observed()).barrier).toEqual({ state: 'held', allow: [] });
    await speaker.apply([announce(path(V4), path(V6))]);
    expect(await observed()).toMatchObject({ paths: [], foreignPaths: [] });
  });

  test('allow on empty sets, one family after the other, and back to empty', async () => {
    await speaker.apply([{ kind: 'allow', prefixes: [V4] }]);
    expect((await observed()).barrier).toEqual({ state: 'held', allow: [V4] });
    await speaker.apply([{ kind: 'allow', prefixes: [V4, V6, V6] }]);
    expect((await observed()).barrier).toEqual({ state: 'held', allow: [V6, V4] });
    await speaker.apply([announce(path(V4), path(V6))]);
    expect((await observed()).paths).toEqual([path(V6), path(V4)]);
    await speaker.apply([withdraw(V4, V6), { kind: 'disallow', prefixes: [V4, V6, LATER] }]);
    expect(await observed()).toMatchObject({ barrier: { state: 'held', allow: [] }, paths: [] });
    await speaker.apply([announce(path(V4), path(V6))]);
    expect((await observed()).paths).toEqual([]);
  });

  test('install replaces the list, withdrawing what is no longer allowed', async () => {
    await speaker.apply([install(V4, V6), announce(path(V4), path(V6)), install(V6, MARKER)]);
    expect(await observed()).toMatchObject({ barrier: { state: 'held', allow: [MARKER, V6] }, paths: [path(V6)] });
    await speaker.apply([install(V4, V6, MARKER, LATER)]);
  });
});

describe('the wire', () => {
  const full = path(V4, { med: 0, communities: ['64500:100'], largeCommunities: [TAG, '64500:7:4294967295'] });
  const full6 = path(V6, { med: 0, communities: ['64500:100'], largeCommunities: [TAG, '64500:7:4294967295'] });

  test('paths first, then peers: established, listed, and only what is allowed arrives', async () => {
    await speaker.apply([announce(full, full6, path(DENIED)), ...addPeers, ...addPeers]);
    const peers = await until('both sessions', async () => {
      const seen = (await observed()).peers;
      return seen.every((p) => p.state === 'established') && seen;
    });
    expect(peers).toEqual([
      {
        address: R1,
        asn: 64_500,
        state: 'established',
        hold: 9,
        keepalive: 3,
        families: [4, 6],
        localAddress: '198.18.1.11',
        ours: true,
        protection: protectionOf({ ttlSecurity: false }),
        gracefulRestart: 0,
        passive: false,
        multihop: 0,
        maxPrefix: {},
        updatesSent: expect.any(Number) as number,
      },
      {
        address: R2,
        asn: 64_510,
        state: 'established',
        hold: 9,
        keepalive: 3,
        families: [4, 6],
        localAddress: '198.18.1.11',
        ours: true,
        protection: protectionOf({ ttlSecurity: false }),
        gracefulRestart: 0,
        passive: false,
        multihop: 0,
        maxPrefix: {},
        updatesSent: expect.any(Number) as number,
      },
    ]);
    expect((await received('r1', 2)).map((r) => r.prefix)).toEqual([V6, V4]);
    expect((await received('r2', 2)).map((r) => r.prefix)).toEqual([V6, V4]);
  });

  test('every attribute arrives, next hop unchanged', async () => {
    const common = {
      origin: 'IGP',
      med: '0',
      community: '(64500,100)',
      large_community: '(64500, 1, 11) (64500, 7, 4294967295)',
    };
    const [r1v6, r1v4] = await received('r1', 2);
    const [r2v6, r2v4] = await received('r2', 2);
    expect(r1v4!.attributes).toEqual({ ...common, as_path: '64512', next_hop: '198.18.1.11', local_pref: '100' });
    expect(r1v6!.attributes).toEqual({ ...common, as_path: '64512', next_hop: '2001:db8:1::11', local_pref: '100' });
    expect(r2v4!.attributes).toMatchObject({ ...common, as_path: '64500 64512', next_hop: '198.18.1.11' });
    expect(r2v6!.attributes).toMatchObject({ ...common, as_path: '64500 64512', next_hop: '2001:db8:1::11' });
  });

  test('degraded replaces full in one update', async () => {
    const before = await updates();
    const degraded = { med: 1000, localPref: 0, communities: [GRACEFUL_SHUTDOWN], asPath: [64_500, 64_500, 64_512] };
    await speaker.apply([
      announce(path(V4, { ...degraded, asPath: [64_512] }), path(V6, { ...degraded, asPath: [64_512] })),
    ]);
    await until('degraded', async () => (await at('r1').routes()).every((r) => r.attributes.local_pref === '0'));
    for (const route of await received('r1', 2)) {
      expect(route.attributes).toMatchObject({ med: '1000', local_pref: '0', community: '(65535,0)' });
    }
    await until('degraded at r2', async () => (await at('r2').routes()).every((r) => r.attributes.med === '1000'));
    const after = await updates();
    expect([after.r1.updates - before.r1.updates, after.r2.updates - before.r2.updates]).toEqual([2, 2]);
    expect(after.r1.withdraws).toBe(before.r1.withdraws);
    await speaker.apply([announce(path(V4, degraded))]);
    await until('prepends', async () =>
      (await at('r2').routes()).some((r) => r.attributes.as_path === '64500 64500 64500 64512'),
    );
    await speaker.apply([announce(full, full6)]);
    await until('full', async () => (await at('r1').routes()).every((r) => r.attributes.med === '0'));
  });

  test('what is there already is not sent again', async () => {
    await settled();
    const before = await updates();
    await speaker.apply([
      announce(full, full6),
      install(V4, V6, MARKER, LATER),
      { kind: 'allow', prefixes: [V4] },
      ...addPeers,
    ]);
    await settled();
    const after = await updates();
    expect(after.r1.updates - before.r1.updates).toBe(1);
    expect(after.r1.withdraws - before.r1.withdraws).toBe(1);
    expect((await observed()).paths).toEqual([full6, full]);
  });

  test('nothing learned is passed on, allowed or not', async () => {
    expect(await daemon.cli('neighbor', R2, 'adj-in')).toMatch(/192\.0\.2\.0\/24[^]*198\.51\.100\.0\/24/);
    await settled();
    expect((await received('r1', 2)).map((r) => r.prefix)).toEqual([V6, V4]);
    expect(await observed()).toMatchObject({ paths: [full6, full], foreignPaths: [] });
  });

  test('nothing outside the list leaves, whoever asks and however', async () => {
    const before = await updates();
    await speaker.apply([announce(path(DENIED), path(prefix('2001:db8:beef::/48')))]);
    await speaker.apply([announce(...Array.from({ length: 40 }, (_, i) => path(prefix(`100.64.${i + 10}.0/24`))))]);
    for (const [text, length] of [
      ['203.0.113.128', 25],
      ['203.0.113.0', 25],
      ['203.0.112.0', 23],
      ['203.0.113.7', 32],
      ['203.0.0.0', 8],
      ['0.0.0.0', 0],
      ['', 0],
      ['not-an-ip', 24],
      ['203.0.113.0', 33],
      ['203.0.113.0', 200],
      ['2001:db8:acf::', 49],
      ['2001:db8:acf:1::', 64],
      ['2001:db8::', 32],
      ['::', 0],
      ['2001:db8:acf::', 129],
    ] as const) {
      await raw.addPath(text, length);
    }
    await settled();
    const after = await updates();
    expect(after.r1.updates - before.r1.updates).toBe(1);
    expect(after.r2.updates - before.r2.updates).toBe(1);
    expect((await received('r1', 2)).map((r) => r.prefix)).toEqual([V6, V4]);
    expect((await observed()).barrier).toEqual({ state: 'held', allow: [LATER, MARKER, V6, V4] });
  });

  test('our own checks refuse before anything is sent', async () => {
    const bad: Path[] = [
      path('203.0.113.1/24' as Prefix),
      path('203.0.113.0/25' as Prefix),
      path('0.0.0.0/0' as Prefix),
      path('/0' as Prefix),
      path('not-an-ip/24' as Prefix),
      path('203.0.113.0/33' as Prefix),
      path('::/0' as Prefix),
      path('2001:DB8:ACF::/48' as Prefix),
      path(V4, { nextHop: address('2001:db8:1::11') }),
      path(V4, { nextHop: address('0.0.0.0') }),
      path(V6, { nextHop: address('::') }),
      path(V4, { nextHop: address('127.0.0.1') }),
      path(V6, { nextHop: address('::1') }),
      path(V4, { asPath: [0] }),
      path(V4, { asPath: [2 ** 32] }),
      path(V4, { med: -1 }),
      path(V4, { localPref: 0.5 }),
      path(V4, { communities: ['65536:0'] }),
      path(V4, { largeCommunities: ['1:2:4294967296'] }),
    ];
    const before = await speaker.observe();
    for (const one of bad) {
      await expect(speaker.apply([announce(path(LATER), one)])).rejects.toMatchObject({ reason: 'invalid' });
    }
    await expect(speaker.apply([{ kind: 'allow', prefixes: ['0.0.0.0/0' as Prefix] }])).rejects.toMatchObject({
      reason: 'invalid',
    });
    expect(await observed()).toMatchObject({ paths: before.state === 'started' ? before.paths : [] });
  });

  test('a withdrawal arrives, and Adj-RIB-Out says so', async () => {
    expect(await speaker.stillSent([V4, V6, LATER], [R1, R2])).toEqual([V6, V4]);
    await speaker.apply([withdraw(V4, LATER)]);
    expect(await speaker.stillSent([V4, V6, LATER], [R1, R2])).toEqual([V6]);
    await received('r1', 1);
    await received('r2', 1);
    await speaker.apply([withdraw(V4)]);
    await speaker.apply([announce(full)]);
    await received('r1', 2);
  });

  test('disallowing what still stands withdraws it at the peers', async () => {
    await speaker.apply([announce(path(LATER))]);
    await received('r1', 3);
    await speaker.apply([{ kind: 'disallow', prefixes: [LATER] }]);
    await received('r1', 2);
    await received('r2', 2);
    await speaker.apply([{ kind: 'allow', prefixes: [LATER] }]);
  });

  test('foreign local paths are told apart and deleted alone', async () => {
    const foreign = async () => (await observed()).foreignPaths.map(({ prefix: p, detail }) => `${p} ${detail}`);
    await raw.addPath('192.0.2.0', 24, { origin: 2 });
    expect(await foreign()).toEqual(['192.0.2.0/24 has ORIGIN 2, not IGP']);
    await raw.addPath('203.0.113.0', 24, { identifier: 7 });
    await raw.addPath('203.0.113.0', 24, { sourceAsn: 65_001, sourceId: '9.9.9.9' });
    await raw.addPath('2001:db8:acf::', 48, { identifier: 9 });
    await raw.addPath('192.88.99.0', 24);
    expect(await foreign()).toEqual([
      '192.0.2.0/24 has ORIGIN 2, not IGP',
      '192.88.99.0/24 lacks our large community 64500:1:11',
      '2001:db8:acf::/48 has the path identifier 9',
      '203.0.113.0/24 has the path identifier 7',
      '203.0.113.0/24 has the source AS 65001 9.9.9.9',
    ]);
    expect((await observed()).paths).toEqual([full6, full]);
    await speaker.apply(
      (await observed()).foreignPaths.map(({ family, prefix: p }) => ({ kind: 'delete-foreign', family, prefix: p })),
    );
    await speaker.apply([{ kind: 'delete-foreign', family: 4, prefix: 'not-an-ip/24' }]);
    expect(await foreign()).toEqual([]);
    expect((await observed()).paths).toEqual([full6, full]);
    await until('only ours at r1', async () => {
      const routes = await at('r1').routes();
      return routes.length === 2 && routes.every((r) => r.attributes.med === '0');
    });
  });

  test('a recheck reads what is in doubt, counts the rest, and leaves the barrier to whoever asks for it', async () => {
    const started = async (): Promise<SpeakerRunning> => {
      const seen = await speaker.observe();
      if (seen.state !== 'started') throw new Error('not started');
      return seen;
    };
    const recheck = (before: SpeakerRunning, doubted: readonly Prefix[], barrier = false) =>
      speaker.recheck({ observed: before, doubted, barrier });
    const before = await started();
    const again = await recheck(before, [V4, V6]);
    expect(again).toEqual({ ...before, peers: expect.anything() as unknown });
    expect(again?.state === 'started' && again.paths).toBe(before.paths);
    // Of a path that is not in doubt nothing is seen, of one that is everything.
    await speaker.apply([announce({ ...full, med: 77 })]);
    expect(await recheck(before, [V6])).toMatchObject({ paths: before.paths });
    const changed = await recheck(before, [V4, V6]);
    expect(changed).toMatchObject({ paths: [full6, { ...full, med: 77 }] });
    expect(changed).toEqual({ ...(await started()), peers: expect.anything() as unknown });
    await speaker.apply([announce(full)]);
    // Another size than what is in doubt accounts for.
    await raw.addPath('192.0.2.0', 24, { origin: 2 });
    expect(await recheck(before, [V4])).toBeUndefined();
    const more = await recheck(before, [prefix('192.0.2.0/24')]);
    expect(more).toMatchObject({ paths: before.paths, foreignPaths: [{ prefix: '192.0.2.0/24' }] });
    await speaker.apply([{ kind: 'delete-foreign', family: 4, prefix: '192.0.2.0/24' }]);
    await speaker.apply([withdraw(V4)]);
    expect(await recheck(before, [V4])).toMatchObject({ paths: [full6], foreignPaths: [] });
    await speaker.apply([announce(full)]);
    // A prefix that may not be asked for is refused here: the daemon would not survive it.
    await expect(recheck(before, ['203.0.113.0/33' as Prefix])).rejects.toMatchObject({ reason: 'invalid' });
    await raw.widen('203.0.113.0/24', 24, 32);
    expect(await recheck(before, [])).toMatchObject({ barrier: before.barrier });
    expect(await recheck(before, [], true)).toMatchObject({ barrier: { state: 'wrong' } });
    await speaker.apply([install(V4, V6, MARKER, LATER)]);
  });

  test('events name the prefixes that are in doubt', async () => {
    const doubts: Doubt[] = [];
    const watching = speaker.watch((doubt) => doubts.push(doubt));
    const named = (text: string) =>
      doubts.some((doubt) => doubt !== 'everything' && doubt.prefixes.includes(prefix(text)));
    // The first ones may pass before the stream is open.
    await until('both families', async () => {
      await speaker.apply([announce({ ...full, med: doubts.length + 1 }, { ...full6, med: doubts.length + 1 })]);
      return named(V4) && named(V6);
    });
    await speaker.apply([announce(full, full6)]);
    doubts.length = 0;
    await raw.addPath('192.0.2.0', 24, { origin: 2 });
    await until('a foreign path', async () => named('192.0.2.0/24'));
    await speaker.apply([{ kind: 'delete-foreign', family: 4, prefix: '192.0.2.0/24' }]);
    watching.stop();
  });

  test('a barrier that somebody changed is wrong, and is repaired', async () => {
    const broken = async (how: () => Promise<unknown>, detail: RegExp) => {
      await how();
      const { barrier } = await observed();
      expect(barrier).toMatchObject({ state: 'wrong', detail: expect.stringMatching(detail) as string });
      await expect(speaker.apply([{ kind: 'allow', prefixes: [V4] }])).rejects.toMatchObject({
        reason: 'barrier-not-held',
      });
      await speaker.apply([install(V4, V6, MARKER, LATER)]);
      expect((await observed()).barrier.state).toBe('held');
    };
    await broken(() => raw.assign(2, ['culvert-barrier'], 1), /export: the default is not to reject/);
    await broken(() => raw.assign(1, [], 2), /import: no policy/);
    await broken(() => raw.widen('203.0.113.0/24', 24, 32), /allows lengths 24 to 32/);
    await broken(
      () => daemon.cli('policy', 'statement', 'culvert-allow-v4', 'add', 'action', 'med', 'set', '7'),
      /not the allow-list/,
    );
    await broken(
      () => daemon.cli('policy', 'statement', 'culvert-allow-v4', 'del', 'condition', 'route-type', 'local'),
      /not the allow-list/,
    );
    expect((await observed()).paths).toEqual([full6, full]);
  });

  test('a peer is deleted, twice, and its routes go', async () => {
    await speaker.apply([
      { kind: 'delete-peer', address: R2 },
      { kind: 'delete-peer', address: R2 },
    ]);
    expect((await observed()).peers.map((p) => p.address)).toEqual([R1]);
    await received('r2', 0);
    await expect(speaker.apply([{ kind: 'add-peer', peer: { ...peer(R1, 64_500), hold: 30 } }])).rejects.toMatchObject({
      reason: 'rejected',
    });
    await expect(
      speaker.apply([{ kind: 'add-peer', peer: { ...peer(R2, 64_500), ttlSecurity: true } }]),
    ).rejects.toMatchObject({ reason: 'invalid' });
  });

  test('many paths at once: streamed, listed, withdrawn', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => prefix(`11.${i >> 8}.${i & 255}.0/24`));
    await speaker.apply([install(V4, V6, MARKER, LATER, ...many), announce(...many.map((p) => path(p)))]);
    expect((await observed()).paths).toHaveLength(1_002);
    expect(await speaker.stillSent(many, [R1])).toHaveLength(1_000);
    await received('r1', 1_002);
    await speaker.apply([withdraw(...many)]);
    await received('r1', 2);
    await speaker.apply([{ kind: 'disallow', prefixes: many }]);
    expect((await observed()).barrier).toMatchObject({ state: 'held', allow: [LATER, MARKER, V6, V4] });
  });

  test('a daemon that was killed comes back empty and is configured again', async () => {
    let wakes = 0;
    const watching = speaker.watch(() => wakes++);
    await daemon.kill();
    await until('a wake for the loss', async () => wakes > 0);
    await expect(speaker.observe()).rejects.toMatchObject({ reason: 'unreachable' });
    await daemon.restart();
    const back = wakes;
    await until('not started', async () => (await speaker.observe().catch(() => undefined))?.state === 'not-started');
    await speaker.apply([start, install(V4, V6), announce(full, full6), ...addPeers]);
    await received('r1', 2);
    await received('r2', 2);
    await until('a wake for the session', async () => wakes > back);
    watching.stop();
  });
});
