import { address, type Address } from '../../src/model/address.js';
import type { Peer, PeerOption } from '../../src/model/path.js';
import type { Receiver, ReceiverSession } from '../drivers/speaker/receiver.js';
import { until } from '../drivers/speaker/until.js';
import { addPeer, deletePeer, OTHER_ASN, OWN_ASN, peer, R1, R2, type Stage } from './stage.js';

interface Case {
  readonly what: string;
  readonly at: Address;
  /** What it needs of the daemon. */
  readonly needs: readonly PeerOption[];
  readonly router: Omit<Partial<ReceiverSession>, 'local'>;
  readonly peer: Partial<Peer>;
}

const at = (n: number): Address => address(`198.18.1.${n}`);
const key = 'blue-whale';

const WORKING: readonly Case[] = [
  {
    what: 'a key and TTL security at both ends',
    at: at(3),
    needs: ['md5', 'gtsm'],
    router: { password: key, ttlSecurity: true },
    peer: { password: key, ttlSecurity: true },
  },
  {
    what: 'a router that opens the session itself',
    at: at(4),
    needs: ['passive'],
    router: {},
    peer: { passive: true },
  },
  // Where nobody forwards, the TTL arrives as it was sent: a router that asks for 254 or more tells it.
  {
    what: 'a TTL for several hops',
    at: at(5),
    needs: ['multihop'],
    router: { ttlSecurity: true },
    peer: { multihop: 255 },
  },
  {
    what: 'as many prefixes as the limit allows',
    at: at(6),
    needs: ['maxPrefix'],
    router: { originates: ['198.51.100.0/24', '198.51.101.0/24', '2001:db8:f::/48'] },
    peer: { maxPrefix: { 4: 2, 6: 1 } },
  },
  {
    what: 'a session over IPv6 for both families',
    at: address('2001:db8:1::1'),
    needs: [],
    router: { routerId: '198.18.1.99' },
    peer: { hold: 30, keepalive: 10 },
  },
];

const FAILING: readonly Case[] = [
  { what: 'another key', at: at(7), needs: ['md5'], router: { password: 'grey-seal' }, peer: { password: key } },
  { what: 'TTL security at our end alone', at: at(8), needs: ['gtsm'], router: {}, peer: { ttlSecurity: true } },
  { what: 'two ends that wait', at: at(9), needs: ['passive'], router: { passive: true }, peer: { passive: true } },
];

export function sessions(stage: Stage): void {
  const { can } = stage.under;
  const possible = (cases: readonly Case[]): readonly Case[] => cases.filter(({ needs }) => needs.every((n) => can[n]));
  const [working, failing] = [possible(WORKING), possible(FAILING)];
  const receivers = new Map<Address, Receiver>();

  const raise = async (cases: readonly Case[]): Promise<void> => {
    for (const { at: local, router } of cases) receivers.set(local, await stage.router({ local, ...router }));
    await stage.speaker.apply(cases.map((own) => addPeer(peer(own.at, own.peer))));
  };
  afterEach(async () => {
    await stage.speaker.apply([...receivers.keys()].map(deletePeer));
    for (const receiver of receivers.values()) await stage.dismiss(receiver);
    receivers.clear();
  });

  test(`sessions with ${working.map(({ what }) => what).join(', ')}; and not with ${failing.map(({ what }) => what).join(', ')}`, async () => {
    const before = await stage.counts();
    await raise([...failing, ...working]);
    await stage.established(...working.map((own) => own.at));
    for (const own of working) {
      const receiver = receivers.get(own.at)!;
      await until(`routes with ${own.what}`, async () => (await receiver.total()) === 2, 15_000);
      expect(await receiver.session()).toMatchObject({ hold: own.peer.hold ?? 9 });
      const { password: _password, ttlSecurity: _ttlSecurity, ...terms } = own.peer;
      expect(await stage.peerAt(own.at)).toMatchObject({ ...terms, state: 'established' });
    }
    // Before the kernel was told of the TTL a message may have passed: what the router believes for a while is no session.
    for (const own of failing) {
      const routes = await receivers.get(own.at)!.total();
      const state = (await stage.peerAt(own.at))?.state;
      expect({ what: own.what, routes, established: state === 'established' }).toEqual({
        what: own.what,
        routes: 0,
        established: false,
      });
    }
    expect(JSON.stringify(await stage.observed())).not.toContain(key);
    await stage.unmoved(before, 'r1', 'r2');
  }, 60_000);

  if (can.multihop) {
    test('a TTL that is too low for the router does not reach it', async () => {
      const [low, control] = [at(5), at(6)];
      receivers.set(low, await stage.router({ local: low, ttlSecurity: true }));
      receivers.set(control, await stage.router({ local: control }));
      await stage.speaker.apply([addPeer(peer(low, { multihop: 64 })), addPeer(peer(control, { multihop: 64 }))]);
      await stage.established(control);
      expect(await receivers.get(low)!.established()).toBe(false);
    }, 40_000);
  }

  if (can.maxPrefix) {
    test.each([
      ['IPv4', ['198.51.100.0/24', '198.51.101.0/24', '198.51.102.0/24']],
      ['IPv6', ['2001:db8:f::/48', '2001:db8:f0::/48', '2001:db8:f1::/48']],
    ])(
      'one prefix of %s beyond the limit ends the session, and only that one; status says why',
      async (_, originates) => {
        const local = at(6);
        receivers.set(local, await stage.router({ local, originates }));
        await stage.speaker.apply([addPeer(peer(local, { maxPrefix: { 4: 2, 6: 2 } }))]);
        const ended = await until(
          'the end',
          async () => {
            const seen = await stage.peerAt(local);
            return seen?.state !== 'established' && /prefix/i.test(seen?.detail ?? '') && seen;
          },
          20_000,
        );
        expect(ended.maxPrefix).toEqual({ 4: 2, 6: 2 });
        // Not always by a NOTIFICATION: GoBGP may close before that is out.
        await until('the router has noticed', async () => !(await receivers.get(local)!.established()));
        await stage.established(R1, R2);
      },
      40_000,
    );
  }

  test('a router that went away and came back is established again', async () => {
    const local = at(6);
    const first = await stage.router({ local });
    await stage.speaker.apply([addPeer(peer(local))]);
    await stage.established(local);
    await stage.dismiss(first);
    await until('the loss', async () => (await stage.peerAt(local))?.state !== 'established');
    receivers.set(local, await stage.router({ local }));
    await stage.established(local);
    await until('its routes', async () => (await receivers.get(local)!.total()) === 2);
  }, 60_000);

  const settings: Readonly<Record<PeerOption, Partial<Peer>>> = {
    md5: { password: key },
    gtsm: { ttlSecurity: true },
    passive: { passive: true },
    multihop: { multihop: 4 },
    maxPrefix: { maxPrefix: { 4: 9 } },
    gracefulRestart: { gracefulRestart: 60 },
  };
  for (const option of (Object.keys(settings) as PeerOption[]).filter((own) => !can[own])) {
    test(`a peer that asks for ${option} is refused, and nothing is added`, async () => {
      await expect(stage.speaker.apply([addPeer(peer(at(6), settings[option]))])).rejects.toMatchObject({
        reason: 'invalid',
      });
      expect(await stage.peerAt(at(6))).toBeUndefined();
    });
  }

  test.each<[string, Partial<Peer>]>([
    ['a hold time of 2', { hold: 2, keepalive: 1 }],
    ['no family', { families: [] }],
    ['TTL security towards its own AS', { asn: OWN_ASN, ttlSecurity: true }],
    ['a key that is too long', { password: 'x'.repeat(81) }],
    ['TTL security over several hops', { ttlSecurity: true, multihop: 4 }],
    ['a limit for a family that it does not carry', { families: [4], maxPrefix: { 6: 9 } }],
  ])('a peer with %s is refused', async (_, extra) => {
    await expect(stage.speaker.apply([addPeer(peer(at(6), { asn: OTHER_ASN, ...extra }))])).rejects.toMatchObject({
      reason: 'invalid',
    });
    expect(await stage.peerAt(at(6))).toBeUndefined();
  });
}
