import { type Address, type Family, parseAddress } from '../../../model/address.js';
import { type Peer, type PeerObserved, protectionOf, type SessionState } from '../../../model/path.js';
import { SpeakerError } from '../../../ports/speaker.js';
import type { Values } from './dialect.js';
import { familyFromWire, type ListedPeer, wireFamily, type WirePeer } from './messages.js';

/** PeerState.SessionState; the same in GoBGP 3 and 4. */
const SESSION_STATES: readonly SessionState[] = [
  'unknown',
  'idle',
  'connect',
  'active',
  'opensent',
  'openconfirm',
  'established',
];

/** Seconds; GoBGP raises it to its own minimum of five. */
const CONNECT_RETRY = 1;
/** RFC 5082 3: a packet from a neighbour on the link has never been forwarded. */
const TTL_OF_A_NEIGHBOUR = 255;
/** By it we know a peer that an earlier fleet named. */
const MARK = 'culvert';
/** Seconds; a restarted daemon waits no longer for its peers' End-of-RIB before it sends (RFC 4724 4.1). */
const DEFERRAL = 5;

/**
 * With graceful restart every peer is added as by a daemon that has restarted:
 * one that keeps our routes from before must not take this session for a new
 * beginning, and to one that keeps none it is the same. Every family is spelled
 * out, because GoBGP panics on one without.
 */
export function peerToWire(peer: Peer): WirePeer {
  const graceful = peer.gracefulRestart > 0;
  return {
    conf: { auth_password: peer.password ?? '', description: MARK, neighbor_address: peer.address, peer_asn: peer.asn },
    timers: { config: { connect_retry: CONNECT_RETRY, hold_time: peer.hold, keepalive_interval: peer.keepalive } },
    transport: { local_address: peer.localAddress, passive_mode: peer.passive },
    graceful_restart: {
      enabled: graceful,
      restart_time: peer.gracefulRestart,
      deferral_time: graceful ? DEFERRAL : 0,
      local_restarting: graceful,
    },
    afi_safis: peer.families.map((family) => {
      const limit = peer.maxPrefix[family];
      return {
        mp_graceful_restart: { config: { enabled: graceful } },
        config: { family: wireFamily(family), enabled: true },
        ...(limit === undefined ? {} : { prefix_limits: { family: wireFamily(family), max_prefixes: limit } }),
      };
    }),
    ...(peer.ttlSecurity ? { ttl_security: { enabled: true, ttl_min: TTL_OF_A_NEIGHBOUR } } : {}),
    ...(peer.multihop > 0 ? { ebgp_multihop: { enabled: true, multihop_ttl: peer.multihop } } : {}),
  };
}

function specified(text: string): Address | undefined {
  const parsed = parseAddress(text);
  return parsed === '0.0.0.0' || parsed === '::' ? undefined : parsed;
}

/**
 * What the daemon tells of a session that is not up. Measured: after a limit it
 * tries no more by itself, in 3.10.0, 3.36.0 and 4.8.0 alike; and GoBGP 4 has
 * fields for the reason of other ends, which 4.8.0 leaves empty.
 */
function whyNoSession({ shutDown, overLimit }: Values, { conf, state }: ListedPeer): string | undefined {
  const remedy = `gobgp neighbor ${conf?.neighbor_address} enable`;
  if (state?.admin_state === shutDown) return `somebody has shut it down; undo it with ${remedy}`;
  if (state?.admin_state !== overLimit) return undefined;
  return `it has sent more prefixes than its maxPrefix; raise that, or have it send fewer and run ${remedy}`;
}

/** Throws `SpeakerError` `not-ours` for a neighbour without an address: we configure none such. */
export function peerFromWire(values: Values, listed: ListedPeer): PeerObserved {
  const address = parseAddress(listed.conf?.neighbor_address ?? '');
  if (!address) throw new SpeakerError('not-ours', 'the daemon has a neighbour without an address, which is not ours');
  const localAddress = specified(listed.transport?.local_address ?? '');
  const carried = listed.afi_safis
    .filter(({ config }) => config?.enabled === true)
    .flatMap(({ config, prefix_limits }): [Family, number][] => {
      const family = familyFromWire(config?.family ?? null);
      return family === undefined ? [] : [[family, prefix_limits?.max_prefixes ?? 0]];
    })
    .sort(([a], [b]) => a - b);
  const restart = listed.graceful_restart;
  const state = SESSION_STATES[listed.state?.session_state ?? 0] ?? 'unknown';
  const detail = state === 'established' ? undefined : whyNoSession(values, listed);
  return {
    address,
    ours: listed.conf?.description === MARK,
    asn: listed.conf?.peer_asn ?? 0,
    state,
    hold: listed.timers?.config?.hold_time ?? 0,
    keepalive: listed.timers?.config?.keepalive_interval ?? 0,
    families: carried.map(([family]) => family),
    protection: protectionOf({
      password: listed.conf?.auth_password ?? '',
      ttlSecurity: listed.ttl_security?.enabled ?? false,
    }),
    gracefulRestart: restart?.enabled === true ? restart.restart_time : 0,
    passive: listed.transport?.passive_mode ?? false,
    multihop: listed.ebgp_multihop?.enabled === true ? listed.ebgp_multihop.multihop_ttl : 0,
    maxPrefix: Object.fromEntries(carried.filter(([, limit]) => limit > 0)),
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(detail === undefined ? {} : { detail }),
    updatesSent: listed.state?.messages?.sent?.update ?? 0,
  };
}
