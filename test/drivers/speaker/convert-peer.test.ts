import { address } from '../../../src/model/address.js';
import { type Peer, protectionOf } from '../../../src/model/path.js';
import { checkPeer } from '../../../src/drivers/speaker/check-peer.js';
import { peerFromWire, peerToWire } from '../../../src/drivers/speaker/gobgp/convert-peer.js';
import { VALUES_3, VALUES_4 } from '../../../src/drivers/speaker/gobgp/dialect.js';
import type { ListedPeer } from '../../../src/drivers/speaker/gobgp/messages.js';

const peer: Peer = {
  address: address('198.18.1.1'),
  asn: 64_510,
  localAddress: address('198.18.1.11'),
  families: [4, 6],
  hold: 9,
  keepalive: 3,
  ttlSecurity: false,
  gracefulRestart: 0,
  passive: false,
  multihop: 0,
  maxPrefix: {},
};

const listed = (extra: Partial<ListedPeer> = {}): ListedPeer => ({
  ...peerToWire(peer),
  state: { session_state: 6, admin_state: 0, messages: { sent: { update: 7 } } },
  ...extra,
});

test('what is configured reads back as it was', () => {
  const { ttlSecurity, ...rest } = peer;
  const seen = { ours: true, protection: protectionOf({ ttlSecurity }), state: 'established', updatesSent: 7 };
  expect(peerFromWire(VALUES_3, listed())).toEqual({ ...rest, ...seen });
  const limited = { ...peer, passive: true, multihop: 4, maxPrefix: { 4: 100, 6: 50 } };
  const { passive, multihop, maxPrefix } = peerFromWire(VALUES_3, { ...peerToWire(limited), state: null });
  expect({ passive, multihop, maxPrefix }).toEqual({ passive: true, multihop: 4, maxPrefix: { 4: 100, 6: 50 } });
  const guarded = { ...peer, password: 'blue-whale', ttlSecurity: true, gracefulRestart: 120 };
  const { protection, gracefulRestart } = peerFromWire(VALUES_3, { ...peerToWire(guarded), state: null });
  expect([protection, gracefulRestart]).toEqual([protectionOf(guarded), 120]);
});

test.each([
  [0, 'unknown'],
  [1, 'idle'],
  [2, 'connect'],
  [3, 'active'],
  [4, 'opensent'],
  [5, 'openconfirm'],
  [6, 'established'],
  [7, 'unknown'],
])('session state %i is %s', (session_state, state) => {
  expect(peerFromWire(VALUES_3, listed({ state: { session_state, admin_state: 0, messages: null } }))).toMatchObject({
    state,
    updatesSent: 0,
  });
});

test('a limit that stands for one family only is read for that one', () => {
  const wire = peerToWire({ ...peer, maxPrefix: { 4: 100, 6: 50 } });
  const [v4, v6] = wire.afi_safis;
  const half = { ...wire, state: null, afi_safis: [v4!, { ...v6!, prefix_limits: null }] };
  expect(peerFromWire(VALUES_3, half).maxPrefix).toEqual({ 4: 100 });
});

test.each([
  [VALUES_3, 1, /^somebody has shut it down; undo it with gobgp neighbor 198\.18\.1\.1 enable$/],
  [VALUES_3, 2, /^it has sent more prefixes than its maxPrefix; .* gobgp neighbor 198\.18\.1\.1 enable$/],
  [VALUES_4, 2, /^somebody has shut it down/],
  [VALUES_4, 3, /^it has sent more prefixes/],
  [VALUES_3, 0, undefined],
  [VALUES_4, 1, undefined],
])('a session that is not up says why, where the daemon tells: %#', (values, admin_state, why) => {
  const { detail } = peerFromWire(values, listed({ state: { session_state: 1, admin_state, messages: null } }));
  if (why) expect(detail).toMatch(why);
  else expect(detail).toBeUndefined();
  const up = listed({ state: { session_state: 6, admin_state, messages: null } });
  expect(peerFromWire(values, up)).not.toHaveProperty('detail');
});

test('an unset local address is none, a neighbour without an address is not ours', () => {
  expect(
    peerFromWire(VALUES_3, listed({ transport: { local_address: '0.0.0.0', passive_mode: false } })).localAddress,
  ).toBeUndefined();
  expect(() => peerFromWire(VALUES_3, listed({ conf: null }))).toThrow(/without an address/);
});

test('every family is spelled out, graceful restart is off, GTSM asks for 255', () => {
  const wire = peerToWire({ ...peer, ttlSecurity: true, password: 'blue-whale' });
  expect(wire).toMatchObject({
    conf: { auth_password: 'blue-whale' },
    graceful_restart: { enabled: false },
    ttl_security: { enabled: true, ttl_min: 255 },
    afi_safis: [
      { config: { family: { afi: 1, safi: 1 }, enabled: true } },
      { config: { family: { afi: 2, safi: 1 }, enabled: true } },
    ],
  });
});

test.each<[string, Partial<Peer>, RegExp]>([
  ['no address', { address: address('0.0.0.0') }, /not a unicast/],
  ['a local address of the other family', { localAddress: address('2001:db8::1') }, /other family/],
  ['AS 0', { asn: 0 }, /AS 0/],
  ['a hold time of two', { hold: 2, keepalive: 1 }, /timers/],
  ['a keepalive beyond the hold time', { keepalive: 10 }, /timers/],
  ['no family', { families: [] }, /no address family/],
  ['a family twice', { families: [4, 4] }, /twice/],
  ['an empty password', { password: '' }, /1 to 80 bytes/],
  ['a password too long for the kernel', { password: 'x'.repeat(81) }, /1 to 80 bytes/],
  ['one hop as several', { multihop: 1 }, /TTL of 1/],
  ['a TTL of more than a byte', { multihop: 256 }, /TTL of 256/],
  ['TTL security over several hops', { multihop: 4, ttlSecurity: true }, /exclude/],
  ['several hops inside', { asn: 64_500, multihop: 4 }, /eBGP peers only/],
  ['a limit of nothing', { maxPrefix: { 4: 0 } }, /limit of 0/],
  ['a limit for a family that it does not carry', { families: [4], maxPrefix: { 6: 9 } }, /does not carry/],
  ['TTL security inside', { asn: 64_500, ttlSecurity: true }, /eBGP peers only/],
])('refuses %s', (_, extra, problem) => expect(() => checkPeer({ ...peer, ...extra }, 64_500)).toThrow(problem));
