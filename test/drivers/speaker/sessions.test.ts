/** Sessions with their protections, from both ends: each router is a BIRD, the speaker a gobgpd. */
import { fileURLToPath } from 'node:url';
import { type Address, address, prefix } from '../../../src/model/address.js';
import type { Peer, SessionState } from '../../../src/model/path.js';
import type { Speaker } from '../../../src/ports/speaker.js';
import { createGobgpSpeaker } from '../../../src/drivers/speaker/gobgp.js';
import { type Anchor, startAnchor } from './anchor.js';
import { type Gobgpd, startGobgpd } from './gobgpd.js';
import { type Receiver, type ReceiverSession, startReceiver } from './receiver.js';
import { until } from './until.js';

const protoDir = fileURLToPath(new URL('../../../protos', import.meta.url));
const V4 = prefix('203.0.113.0/24');
const SELF = address('198.18.1.11');

let anchor: Anchor;
let daemon: Gobgpd;
let speaker: Speaker;
const receivers: Receiver[] = [];

beforeAll(async () => {
  const routers = [1, 2, 3, 4].map((n) => `198.18.1.${n}/32`);
  anchor = await startAnchor([...routers, `${SELF}/32`, '2001:db8:1::1/128', '2001:db8:1::11/128']);
  daemon = await startGobgpd(anchor);
  speaker = createGobgpSpeaker({ address: daemon.address, protoDir });
  await speaker.apply([
    { kind: 'start', asn: 64_500, routerId: SELF, listenPort: 1790 },
    { kind: 'install-barrier', allow: [V4] },
    {
      kind: 'announce',
      paths: [{ prefix: V4, asPath: [], nextHop: SELF, communities: [], largeCommunities: [] }],
    },
  ]);
});
afterAll(async () => {
  speaker?.close();
  for (const receiver of receivers) await receiver.stop();
  await daemon?.stop();
  await anchor?.stop();
});

async function router(session: Partial<ReceiverSession> & { readonly local: string }): Promise<Receiver> {
  const receiver = await startReceiver(anchor, {
    localAsn: 64_510,
    remote: session.local.includes(':') ? '2001:db8:1::11' : SELF,
    remoteAsn: 64_500,
    remotePort: 1790,
    ...session,
  });
  receivers.push(receiver);
  return receiver;
}

const addPeer = (to: Address, extra: Partial<Peer> = {}) =>
  speaker.apply([
    {
      kind: 'add-peer',
      peer: {
        address: to,
        asn: 64_510,
        localAddress: to.includes(':') ? address('2001:db8:1::11') : SELF,
        families: [4, 6],
        hold: 9,
        keepalive: 3,
        ttlSecurity: false,
        gracefulRestart: 0,
        passive: false,
        multihop: 0,
        maxPrefix: {},
        ...extra,
      },
    },
  ]);

async function stateOf(peer: Address): Promise<SessionState | undefined> {
  const seen = await speaker.observe();
  return seen.state === 'started' ? seen.peers.find((p) => p.address === peer)?.state : undefined;
}

test('MD5 and TTL security together; the password is not read back', async () => {
  const at = address('198.18.1.1');
  const receiver = await router({ local: at, password: 'blue-whale', ttlSecurity: true });
  await addPeer(at, { password: 'blue-whale', ttlSecurity: true });
  await until('the session', async () => (await stateOf(at)) === 'established');
  await until('the route', async () => (await receiver.routes()).length === 1);
  expect(JSON.stringify(await speaker.observe())).not.toContain('blue-whale');
});

test('another password, or TTL security at one end only, establishes nothing', async () => {
  const [wrongKey, noTtl] = [address('198.18.1.2'), address('198.18.1.3')];
  const receiver = await router({ local: wrongKey, password: 'grey-seal' });
  await router({ local: noTtl });
  await addPeer(wrongKey, { password: 'blue-whale' });
  await addPeer(noTtl, { ttlSecurity: true });
  const control = address('198.18.1.4');
  await router({ local: control });
  await addPeer(control);
  await until('a session without protection', async () => (await stateOf(control)) === 'established');
  expect([await stateOf(wrongKey), await stateOf(noTtl)]).not.toContain('established');
  expect(await receiver.established()).toBe(false);
});

test('a session over IPv6 carries both families', async () => {
  const at = address('2001:db8:1::1');
  const receiver = await router({ local: at, routerId: '198.18.1.9' });
  await addPeer(at);
  await until('the session', async () => (await stateOf(at)) === 'established');
  await until('the route', async () => (await receiver.routes()).length === 1);
});

test('a router that went away and came back is established again, and counted anew', async () => {
  const at = address('198.18.1.4');
  await receivers[3]!.stop();
  await until('the loss', async () => (await stateOf(at)) !== 'established');
  const gone = performance.now();
  await router({ local: at });
  await until('the return', async () => (await stateOf(at)) === 'established', 20_000);
  expect(performance.now() - gone).toBeLessThan(20_000);
});
