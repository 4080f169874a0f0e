/**
 *   r1  AS64500 198.18.1.1  ──iBGP──┐
 *                                   ├── speaker AS64500 198.18.1.11, 2001:db8:1::11   (ExaBGP and its bridge)
 *   r2  AS64510 198.18.1.2  ──eBGP──┘
 *
 * r1 and r2 are BIRDs.
 */
import { address, type Prefix, prefix } from '../../../src/model/address.js';
import {
  GRACEFUL_SHUTDOWN,
  type Path,
  type PathAttributes,
  type Peer,
  type SpeakerOp,
} from '../../../src/model/path.js';
import type { Speaker } from '../../../src/ports/speaker.js';
import { createExabgpSpeaker } from '../../../src/drivers/speaker/exabgp.js';
import { SPOILER } from '../../../src/drivers/speaker/exabgp/commands.js';
import { type Anchor, startAnchor } from './anchor.js';
import { type Exabgpd, startExabgpd } from './exabgpd.js';
import { type ReceivedRoute, type Receiver, startReceiver } from './receiver.js';
import { until } from './until.js';

const R1 = address('198.18.1.1');
const R2 = address('198.18.1.2');
const R3 = address('198.18.1.3');
const SELF = address('198.18.1.11');
const TAG = '64500:1:11';
const V4 = prefix('203.0.113.0/24');
const V6 = prefix('2001:db8:acf::/48');
const LATER = prefix('192.0.2.0/24');
const DENIED = prefix('100.64.9.0/24');

const start: SpeakerOp = { kind: 'start', asn: 64_500, routerId: SELF, listenPort: -1 };
const install = (...allow: Prefix[]): SpeakerOp => ({ kind: 'install-barrier', allow });
const announce = (...paths: Path[]): SpeakerOp => ({ kind: 'announce', paths });
const withdraw = (...prefixes: Prefix[]): SpeakerOp => ({ kind: 'withdraw', prefixes });
const path = (p: Prefix, extra: Partial<PathAttributes> = {}): Path => ({
  prefix: p,
  attributes: {
    asPath: [64_512],
    nextHop: p.includes(':') ? address('2001:db8:1::11') : SELF,
    communities: [],
    largeCommunities: [TAG],
    ...extra,
  },
});
const peer = (to: typeof R1, asn: number, extra: Partial<Peer> = {}): Peer => ({
  address: to,
  asn,
  localAddress: SELF,
  families: [4, 6],
  hold: 9,
  keepalive: 3,
  ttlSecurity: false,
  gracefulRestart: 0,
  passive: false,
  multihop: 0,
  maxPrefix: {},
  ...extra,
});
const addPeer = (...args: Parameters<typeof peer>): SpeakerOp => ({ kind: 'add-peer', peer: peer(...args) });

let anchor: Anchor;
let daemon: Exabgpd;
let speaker: Speaker;
const routers: Partial<Record<'r1' | 'r2' | 'r3', Receiver>> = {};

const open = (): Speaker => createExabgpSpeaker({ socket: daemon.socket, serverTag: { asn: 64_500, server: 11 } });

const startRouter = async (name: 'r1' | 'r2' | 'r3', local: string, localAsn: number): Promise<void> => {
  const remote = { remote: SELF, remoteAsn: 64_500, remotePort: 1790 };
  routers[name] = await startReceiver(anchor, { ...remote, local, localAsn });
};

beforeAll(async () => {
  anchor = await startAnchor([`${R1}/32`, `${R2}/32`, `${R3}/32`, `${SELF}/32`, '2001:db8:1::11/128']);
  daemon = await startExabgpd(anchor);
  await startRouter('r1', R1, 64_500);
  await startRouter('r2', R2, 64_510);
  speaker = open();
}, 60_000);

afterAll(async () => {
  speaker?.close();
  for (const receiver of Object.values(routers)) await receiver.stop();
  await daemon?.stop();
  await anchor?.stop();
});

afterEach(() => {
  if (process.env.CULVERT_TEST_LOG !== undefined) console.log(daemon.log());
});

const at = (router: 'r1' | 'r2' | 'r3'): Receiver => {
  const receiver = routers[router];
  if (!receiver) throw new Error(`no router ${router}`);
  return receiver;
};
const observed = async () => {
  const seen = await speaker.observe();
  if (seen.state !== 'started') throw new Error(`observed ${seen.state}`);
  return seen;
};
/** Waits until a router has exactly these prefixes. */
const holds = (router: 'r1' | 'r2' | 'r3', ...prefixes: Prefix[]): Promise<readonly ReceivedRoute[]> =>
  until(`${prefixes.join(', ')} at ${router}`, async () => {
    const routes = await at(router).routes();
    const found = routes.map((route) => route.prefix).join(' ');
    if (found !== [...prefixes].sort().join(' ')) throw new Error(found);
    return routes;
  });
const established = (...names: ('r1' | 'r2' | 'r3')[]): Promise<unknown> =>
  Promise.all(names.map((name) => until(`${name} established`, () => at(name).established(), 15_000)));
const updates = () => Promise.all([at('r1').count(), at('r2').count()]);

test('an ExaBGP that has just started is not started, and says so until it is told who it is', async () => {
  expect(await speaker.observe()).toEqual({ state: 'not-started' });
  await expect(speaker.apply([addPeer(R1, 64_500)])).rejects.toMatchObject({ reason: 'rejected' });
  await speaker.apply([start]);
  expect(await speaker.observe()).toEqual({
    state: 'started',
    asn: 64_500,
    routerId: SELF,
    listenPort: -1,
    barrier: { state: 'absent' },
    paths: [],
    foreignPaths: [],
    peers: [],
  });
});

test('without an allow-list nothing is announced and no peer added', async () => {
  await expect(speaker.apply([announce(path(V4))])).rejects.toMatchObject({ reason: 'barrier-not-held' });
  await expect(speaker.apply([addPeer(R1, 64_500)])).rejects.toMatchObject({ reason: 'barrier-not-held' });
  expect(await daemon.configuration()).not.toContain('neighbor');
});

test('paths before peers; each router gets them with the attributes of its session', async () => {
  await speaker.apply([
    install(V4, V6),
    announce(
      path(V4, {
        med: 30,
        localPref: 200,
        communities: [GRACEFUL_SHUTDOWN, '64500:7'],
        largeCommunities: [TAG, '64500:2:0'],
      }),
      path(V6, { asPath: [], communities: ['65535:65281'] }),
    ),
    addPeer(R1, 64_500),
    addPeer(R2, 64_510),
  ]);
  await established('r1', 'r2');
  expect(await holds('r1', V4, V6)).toEqual([
    {
      prefix: V6,
      attributes: {
        origin: 'IGP',
        as_path: '',
        next_hop: '2001:db8:1::11',
        local_pref: '100',
        community: '(65535,65281)',
        large_community: '(64500, 1, 11)',
      },
    },
    {
      prefix: V4,
      attributes: {
        origin: 'IGP',
        as_path: '64512',
        next_hop: SELF,
        med: '30',
        local_pref: '200',
        community: '(64500,7) (65535,0)',
        large_community: '(64500, 1, 11) (64500, 2, 0)',
      },
    },
  ]);
  expect((await holds('r2', V4, V6)).map(({ attributes: { as_path, local_pref } }) => [as_path, local_pref])).toEqual([
    ['64500', '100'],
    ['64500 64512', '100'],
  ]);
  const seen = await observed();
  expect(seen.barrier).toEqual({ state: 'held', allow: [V4, V6] });
  expect(seen.foreignPaths).toEqual([]);
  expect(seen.paths.map((p) => p.prefix)).toEqual([V4, V6]);
  expect(seen.peers).toMatchObject([
    { address: R1, ours: true, asn: 64_500, state: 'established', hold: 9, keepalive: 3, families: [4, 6] },
    { address: R2, ours: true, asn: 64_510, state: 'established' },
  ]);
});

test('a path changes, and goes; nothing is sent twice', async () => {
  const first = await updates();
  await speaker.apply([announce(path(V4, { localPref: 0 }))]);
  await until('the change', async () => (await at('r1').routes()).some((r) => r.attributes.local_pref === '0'));
  // To r2 goes an UPDATE too, in its own time, although nothing in it is new there.
  await until('an UPDATE at both', async () =>
    (await updates()).every(({ updates: n }, i) => n - first[i]!.updates === 1),
  );
  const before = await updates();
  await speaker.apply([announce(path(V4, { localPref: 0 }))]);
  await speaker.apply([withdraw(V6)]);
  await Promise.all([holds('r1', V4), holds('r2', V4)]);
  const after = await updates();
  expect(after.map(({ updates: n }, i) => n - before[i]!.updates)).toEqual([0, 0]);
  expect(after.map(({ withdraws: n }, i) => n - before[i]!.withdraws)).toEqual([1, 1]);
  await until('confirmation', async () => (await speaker.stillSent([V4, V6], [R1, R2])).join() === V4);
});

test('what is not allowed is refused, and reaches nobody', async () => {
  await expect(speaker.apply([announce(path(V4), path(DENIED))])).rejects.toMatchObject({
    reason: 'barrier-not-held',
    message: expect.stringContaining(DENIED) as string,
  });
  await speaker.apply([announce(path(V6)), withdraw(V6), announce(path(V4))]);
  await Promise.all([holds('r1', V4), holds('r2', V4)]);
});

test('what is announced behind the back of the bridge and not allowed is taken back at once, and reported', async () => {
  await daemon.behind(`announce route ${DENIED} next-hop ${SELF}`);
  await until('the report', async () => (await observed()).foreignPaths.some(({ prefix: p }) => p === DENIED));
  await Promise.all([holds('r1', V4), holds('r2', V4)]);
  await speaker.apply([{ kind: 'delete-foreign', family: 4, prefix: DENIED }]);
  expect(await observed()).toMatchObject({ foreignPaths: [], barrier: { state: 'held' } });
});

test('what is allowed but not ours is found, and put right', async () => {
  await daemon.behind(`announce route ${V6} next-hop 2001:db8:1::99`);
  await daemon.behind(`announce route ${V4} next-hop 198.18.1.99`);
  await until('the reports', async () => (await observed()).foreignPaths.length === 2);
  expect((await observed()).paths.map((p) => p.prefix)).toEqual([V4]);
  await speaker.apply([
    { kind: 'delete-foreign', family: 6, prefix: V6 },
    { kind: 'delete-foreign', family: 4, prefix: V4 },
  ]);
  await until('our own', async () => (await holds('r1', V4))[0]?.attributes.next_hop === SELF);
  await until('our own', async () => (await holds('r2', V4))[0]?.attributes.next_hop === SELF);
  expect((await observed()).foreignPaths).toEqual([]);
});

test('half a line that a process left is nothing, wherever it was cut', async () => {
  const before = await updates();
  const announcing = `announce attributes next-hop ${SELF} origin igp as-path [ 64512 ] local-preference 100`;
  const halves = [
    `${announcing} nlri 64.0.0.0/2`,
    `${announcing} nlri 11.0.0.0/8 12.0.0.0/8`,
    `${announcing} nlri 11.0.0.0/8 12.0.0`,
    announcing,
    `withdraw attributes next-hop ${SELF} nlri ${V4}`,
    `neighbor ${R1} flush`,
  ];
  for (const half of halves) await daemon.behind(`${half}${SPOILER}`).catch(() => undefined);
  await speaker.apply([announce(path(V6)), withdraw(V6)]);
  await Promise.all([holds('r1', V4), holds('r2', V4)]);
  const after = await updates();
  expect(after.map(({ updates: n }, i) => n - before[i]!.updates)).toEqual([1, 1]);
  expect((await observed()).foreignPaths).toEqual([]);
});

test('another client takes everything over without an UPDATE', async () => {
  const before = await updates();
  const seen = await observed();
  speaker.close();
  speaker = open();
  expect(await observed()).toEqual(seen);
  await speaker.apply([install(V4, V6), announce(...seen.paths), addPeer(R1, 64_500), addPeer(R2, 64_510)]);
  expect(await observed()).toEqual(seen);
  expect(await updates()).toEqual(before);
});

test('a bridge that was killed takes over what the daemon holds, without an UPDATE, and waits for a list', async () => {
  const [before, paths] = [await updates(), (await observed()).paths];
  await daemon.restartBridge();
  const seen = await until('the next bridge', observed);
  expect(seen).toMatchObject({ barrier: { state: 'absent' }, paths, foreignPaths: [] });
  await expect(speaker.apply([announce(path(V6))])).rejects.toMatchObject({ reason: 'barrier-not-held' });
  await speaker.apply([start, install(V4, V6), announce(path(V4))]);
  expect(await observed()).toMatchObject({ barrier: { state: 'held', allow: [V4, V6] }, foreignPaths: [] });
  expect(await updates()).toEqual(before);
  expect(await at('r1').established()).toBe(true);
});

test('a narrower list takes back what stands outside of it', async () => {
  await speaker.apply([announce(path(V6))]);
  await holds('r1', V4, V6);
  await speaker.apply([install(V4)]);
  await Promise.all([holds('r1', V4), holds('r2', V4)]);
  expect((await observed()).barrier).toEqual({ state: 'held', allow: [V4] });
  await speaker.apply([install(V4, V6, LATER)]);
});

test('a peer comes and goes while the other sessions stay', async () => {
  // So that a new session, which counts from the beginning, would show.
  for (let n = 0; n < 10; n++) {
    await speaker.apply([announce(path(V4, { med: n }))]);
    await until('the change', async () => (await at('r1').routes())[0]?.attributes.med === String(n));
  }
  const before = await updates();
  await startRouter('r3', R3, 64_500);
  await speaker.apply([addPeer(R3, 64_500)]);
  await established('r3');
  await holds('r3', V4);
  expect((await observed()).peers.map((p) => p.address)).toEqual([R1, R2, R3]);
  await speaker.apply([{ kind: 'delete-peer', address: R3 }]);
  await until('the end of r3', async () => !(await at('r3').established()));
  expect((await observed()).peers.map((p) => p.address)).toEqual([R1, R2]);
  await Promise.all([holds('r1', V4), holds('r2', V4)]);
  const after = await updates();
  expect(after.every(({ updates: n }, i) => n >= before[i]!.updates)).toBe(true);
});

test('a peer that asks for what ExaBGP cannot do is refused by name', async () => {
  const refused = (extra: Partial<Peer>, word: string) =>
    expect(speaker.apply([addPeer(R3, 64_510, extra)])).rejects.toMatchObject({
      reason: 'invalid',
      message: expect.stringContaining(word) as string,
    });
  await refused({ ttlSecurity: true }, 'gtsm');
  await refused({ gracefulRestart: 60 }, 'gracefulRestart');
  await refused({ passive: true }, 'passive');
  await refused({ maxPrefix: { 4: 10 } }, 'maxPrefix');
  await refused({ keepalive: 1 }, 'keepalive: 3');
  await refused({ password: 'a "quote"' }, 'password');
});

test('a session that breaks gets everything again; what changed meanwhile arrives as it is at last', async () => {
  await speaker.apply([announce(path(V4, { med: 1 }), path(V6, { med: 1 }), path(LATER, { med: 1 }))]);
  await holds('r1', V4, V6, LATER);
  await at('r1').stop();
  await until('the loss', async () => (await observed()).peers[0]?.state !== 'established', 15_000);
  // Sorted by attributes these would go out in another order.
  await speaker.apply([announce(path(V4, { med: 2 }))]);
  await speaker.apply([announce(path(V6, { med: 2 }), path(LATER, { med: 2 }))]);
  await speaker.apply([announce(path(V4, { med: 1 }), path(V6, { med: 1 })), withdraw(LATER)]);
  await startRouter('r1', R1, 64_500);
  await established('r1');
  const routes = await holds('r1', V4, V6);
  expect(routes.map(({ attributes }) => attributes.med)).toEqual(['1', '1']);
  await holds('r2', V4, V6);
  expect((await observed()).foreignPaths).toEqual([]);
}, 60_000);

test('of changes that follow at once the last one stands at every router', async () => {
  for (let round = 0; round < 20; round++) {
    const [a, b] = round % 2 === 0 ? [1, 2] : [2, 1];
    await speaker.apply([
      announce(path(V6, { med: a })),
      announce(path(V4, { med: b }), path(LATER, { med: b })),
      announce(path(V4, { med: a }), path(V6, { med: b })),
      withdraw(LATER),
      announce(path(LATER, { med: a })),
      withdraw(LATER),
      announce(path(V4, { med: b }), path(V6, { med: a })),
    ]);
    for (const router of ['r1', 'r2'] as const) {
      await until(`round ${round} at ${router}`, async () => {
        const routes = await holds(router, V4, V6);
        const meds = routes.map(({ attributes }) => Number(attributes.med)).join();
        if (meds !== [a, b].join()) throw new Error(meds);
        return true;
      });
    }
  }
}, 60_000);

test('MD5: with the key there is a session, with another there is none', async () => {
  await at('r3').stop();
  const remote = { remote: SELF, remoteAsn: 64_500, remotePort: 1790, local: R3, localAsn: 64_500 };
  routers.r3 = await startReceiver(anchor, { ...remote, password: 'blue whale #1' });
  await speaker.apply([addPeer(R3, 64_500, { password: 'grey-seal' })]);
  await speaker.apply([{ kind: 'delete-peer', address: R3 }]);
  await speaker.apply([addPeer(R3, 64_500, { password: 'blue whale #1' })]);
  await established('r3');
  expect(JSON.stringify(await speaker.observe())).not.toContain('blue whale');
  // One line for both, as both are internal.
  await speaker.apply([announce(path(V4, { med: 55 }))]);
  for (const router of ['r1', 'r3'] as const) {
    await until(`the change at ${router}`, async () =>
      (await at(router).routes()).some((r) => r.prefix === V4 && r.attributes.med === '55'),
    );
  }
  await speaker.apply([{ kind: 'delete-peer', address: R3 }]);
}, 60_000);

test.each(['daemon', 'bridge'] as const)(
  'a %s that hangs is a timeout, and is understood again when it goes on; its sessions stay',
  async (whom) => {
    const seen = await observed();
    await daemon.signal(whom, 'SIGSTOP');
    const began = performance.now();
    await expect(speaker.observe()).rejects.toMatchObject({ reason: 'timeout' });
    expect(performance.now() - began).toBeLessThan(6_000);
    await daemon.signal(whom, 'SIGCONT');
    await until('an answer', async () => (await speaker.observe().catch(() => undefined)) !== undefined);
    expect(await observed()).toMatchObject({ paths: seen.paths, foreignPaths: [], barrier: seen.barrier });
    await speaker.apply([announce(path(V4, { med: 99 }))]);
    await until('a change', async () => (await at('r2').routes()).some((r) => r.attributes.med === '99'));
    await speaker.apply([announce(...seen.paths)]);
    expect(await at('r2').established()).toBe(true);
  },
  60_000,
);

test('an ExaBGP that was killed is empty, and is filled again', async () => {
  await daemon.kill();
  await expect(speaker.observe()).rejects.toMatchObject({ reason: 'unreachable' });
  await daemon.restart();
  expect(await until('the new one', () => speaker.observe())).toEqual({ state: 'not-started' });
  await speaker.apply([start, install(V4, V6), announce(path(V4)), addPeer(R1, 64_500), addPeer(R2, 64_510)]);
  await established('r1', 'r2');
  await Promise.all([holds('r1', V4), holds('r2', V4)]);
}, 60_000);

test('events wake: a session that ends, a path behind the back', async () => {
  const doubts: unknown[] = [];
  const subscription = speaker.watch((doubt) => doubts.push(doubt));
  await until('the watch', async () => {
    await speaker.apply([announce(path(V4, { med: doubts.length + 7 }))]);
    return doubts.length > 0;
  });
  await daemon.behind(`announce route ${V6} next-hop 2001:db8:1::99`);
  await until('everything in doubt', async () => doubts.includes('everything'));
  await speaker.apply([{ kind: 'delete-foreign', family: 6, prefix: V6 }]);
  subscription.stop();
});

test('ten thousand prefixes arrive and go, each with what it was announced with', async () => {
  const many = Array.from({ length: 10_000 }, (_, n) => prefix(`10.${n >> 8}.${n & 255}.0/24`));
  await speaker.apply([install(V4, ...many)]);
  const began = performance.now();
  await speaker.apply([announce(...many.map((p, n) => path(p, { med: n % 3 })))]);
  const applied = performance.now() - began;
  await until('all of them', async () => (await at('r1').routes()).length === 10_001, 60_000);
  const arrived = performance.now() - began;
  const routes = new Map((await at('r2').routes()).map((r) => [r.prefix, r.attributes.med]));
  expect(many.map((p) => routes.get(p))).toEqual(many.map((_, n) => String(n % 3)));
  const looked = performance.now();
  const seen = await observed();
  const look = performance.now() - looked;
  expect(seen.paths).toHaveLength(10_001);
  expect(seen.foreignPaths).toEqual([]);
  const leaving = performance.now();
  await speaker.apply([withdraw(...many)]);
  for (const router of ['r1', 'r2'] as const) {
    await until(`none of them at ${router}`, async () => (await at(router).total()) === 1, 60_000);
  }
  console.log(
    `10,000 prefixes: applied ${applied.toFixed(0)} ms, arrived ${arrived.toFixed(0)} ms, ` +
      `observed ${look.toFixed(0)} ms, withdrawn ${(performance.now() - leaving).toFixed(0)} ms`,
  );
  expect(await speaker.stillSent(many, [R1, R2])).toEqual([]);
  expect((await observed()).foreignPaths).toEqual([]);
}, 180_000);

test('a bridge that is killed in the middle of a burst: the next one knows exactly what stands', async () => {
  const many = Array.from({ length: 5_000 }, (_, n) => prefix(`10.${n >> 8}.${n & 255}.0/24`));
  await speaker.apply([install(V4, ...many)]);
  const asked = speaker.apply([announce(...many.map((p) => path(p)))]).then(
    () => 'applied',
    (error: unknown) => (error as { readonly reason: string }).reason,
  );
  await until('a part of them', async () => (await at('r1').total()) > 500);
  await daemon.restartBridge();
  expect(await asked).toBe('unreachable');
  const seen = await until('the next bridge', observed);
  expect(seen.barrier).toEqual({ state: 'absent' });
  // r1's lines went first.
  expect(seen.foreignPaths.filter(({ detail }) => detail !== `is missing at ${R2}`)).toEqual([]);
  expect(seen.paths.length).toBeGreaterThan(500);
  await until('as many at r1', async () => (await at('r1').total()) === seen.paths.length);
  expect((await at('r1').routes()).map((r) => r.prefix)).toEqual(seen.paths.map((p) => p.prefix).sort());
  await speaker.apply([install(V4, ...many), announce(...many.map((p) => path(p)))]);
  await until('all of them', async () => (await at('r1').total()) === 5_001, 30_000);
  await speaker.apply([withdraw(...many)]);
  await until('none of them', async () => (await at('r1').total()) === 1, 30_000);
  expect(await observed()).toMatchObject({ foreignPaths: [], barrier: { state: 'held' } });
}, 120_000);
