/** What goes to the BGP speaker. Version-neutral: drivers convert once, at the wire. */
import type { Address, Family, Prefix } from './address.js';
import { fnv1a } from './naming.js';
import type { Level } from './level.js';
import type { List } from './list.js';
import type { Reason } from './reason.js';

/** `asn:value`, each 16 bit (RFC 1997). */
export type Community = `${number}:${number}`;
/** `global:local1:local2`, each 32 bit (RFC 8092). */
export type LargeCommunity = `${number}:${number}:${number}`;

/** RFC 8326. */
export const GRACEFUL_SHUTDOWN: Community = '65535:0';

export interface PathAttributes {
  /** AS_SEQUENCE as injected; the speaker prepends its own ASN towards eBGP peers. */
  readonly asPath: readonly number[];
  readonly nextHop: Address;
  readonly med?: number;
  /** Seen by iBGP peers only (RFC 4271 5.1.5). */
  readonly localPref?: number;
  /** Sorted, without repeats. */
  readonly communities: readonly Community[];
  /** Sorted, without repeats. Every path of ours carries `asn:1:server`. */
  readonly largeCommunities: readonly LargeCommunity[];
}

/** A path as it stands, or shall stand, in the speaker's local RIB. ORIGIN is always IGP. */
export interface Path {
  readonly prefix: Prefix;
  /** A full table has very few that differ: paths share them, and the same object is not looked into. */
  readonly attributes: PathAttributes;
}

/** One line of the desired set that the agent hands to the guard. */
export interface Announcement {
  readonly prefix: Prefix;
  readonly level: Level;
  /** AS_SEQUENCE at full level: empty for the provider's own prefixes, the customer's ASN for a customer's. */
  readonly asPath: readonly number[];
  readonly reasons: readonly Reason[];
}

/** Local function value in the large community that tags our own paths. */
export const TAG_FUNCTION = 1;

/** Local function value of `asn:2:0`, on the degraded paths of a server whose whole site is being taken out: its routers pass that on. */
export const LEAVING_FUNCTION = 2;

/** One BGP session with one of the site's routers. */
export interface Peer {
  readonly address: Address;
  readonly asn: number;
  readonly localAddress: Address;
  /** Families negotiated on this session. */
  readonly families: readonly Family[];
  /** Seconds. */
  readonly hold: number;
  readonly keepalive: number;
  readonly password?: string;
  readonly ttlSecurity: boolean;
  /** Seconds, RFC 4724; 0 is off. */
  readonly gracefulRestart: number;
  /** The peer opens the session; we only listen (RFC 4271 8.1.1, PassiveTcpEstablishment). */
  readonly passive: boolean;
  /** TTL of our packets to an eBGP peer beyond the link, 2 to 255; 0 for one on it. */
  readonly multihop: number;
  readonly maxPrefix: MaxPrefix;
}

/** How many prefixes a peer may send, at least 1; the session ends when it sends more (RFC 4486, Cease 1). A family without a number has no limit. */
export type MaxPrefix = Readonly<Partial<Record<Family, number>>>;

/** What not every daemon can do for a session. */
export type PeerOption = 'md5' | 'gtsm' | 'passive' | 'multihop' | 'maxPrefix' | 'gracefulRestart';

/** What a session asks for beyond RFC 4271's own. */
export function optionsOf(peer: Peer): readonly PeerOption[] {
  const asked: Readonly<Record<PeerOption, boolean>> = {
    md5: peer.password !== undefined,
    gtsm: peer.ttlSecurity,
    passive: peer.passive,
    multihop: peer.multihop > 0,
    maxPrefix: Object.keys(peer.maxPrefix).length > 0,
    gracefulRestart: peer.gracefulRestart > 0,
  };
  return (Object.keys(asked) as PeerOption[]).filter((option) => asked[option]);
}

/** Tells one pair of key and GTSM from another without showing the key. */
export const protectionOf = ({ password = '', ttlSecurity }: Pick<Peer, 'password' | 'ttlSecurity'>): number =>
  fnv1a(`${ttlSecurity} ${password}`);

/** RFC 4271 8.2.2. */
export type SessionState = 'idle' | 'connect' | 'active' | 'opensent' | 'openconfirm' | 'established' | 'unknown';

/** Everything a speaker shall hold: complete, so that what is not in it has to go. */
export interface SpeakerDesired {
  readonly asn: number;
  readonly routerId: Address;
  /** TCP port to listen on; -1 does not listen. */
  readonly listenPort: number;
  /** The allow-list behind the default-reject barrier. Exact prefixes: nothing longer, nothing shorter. */
  readonly allow: readonly Prefix[];
  readonly paths: List<Path>;
  readonly peers: readonly Peer[];
}

export interface PeerObserved {
  readonly address: Address;
  /** It bears our mark. */
  readonly ours: boolean;
  readonly asn: number;
  readonly state: SessionState;
  readonly hold: number;
  readonly keepalive: number;
  readonly families: readonly Family[];
  /** See `protectionOf`. */
  readonly protection: number;
  readonly gracefulRestart: number;
  readonly passive: boolean;
  readonly multihop: number;
  readonly maxPrefix: MaxPrefix;
  readonly localAddress?: Address;
  /** Why there is no session, as half a sentence, where the speaker tells. */
  readonly detail?: string;
  /** UPDATE messages sent since the peer was configured, where the speaker counts them; a new session does not reset it. */
  readonly updatesSent?: number;
}

/** `held`: default reject in both directions and exactly `allow` accepted, which is in the order of `comparePrefix`. */
export type BarrierObserved =
  | { readonly state: 'absent' }
  | { readonly state: 'wrong'; readonly detail: string }
  | { readonly state: 'held'; readonly allow: readonly Prefix[] };

/** What was read back from a speaker that is configured. */
export interface SpeakerRunning {
  readonly state: 'started';
  readonly asn: number;
  readonly routerId: Address;
  readonly listenPort: number;
  readonly barrier: BarrierObserved;
  /** Local paths only, in the order of `comparePrefix`; learned ones are the barrier's business. */
  readonly paths: List<Path>;
  /** Local paths that could not be read as ours: deleted and reported. */
  readonly foreignPaths: readonly ForeignPath[];
  readonly peers: readonly PeerObserved[];
}

export interface ForeignPath {
  readonly family: Family;
  readonly prefix: string;
  /** Completes "this path …". */
  readonly detail: string;
}

export type SpeakerObserved = { readonly state: 'not-started' } | SpeakerRunning;

/** Operations on a speaker, in the order in which the plan emits them. */
export type SpeakerOp =
  | { readonly kind: 'start'; readonly asn: number; readonly routerId: Address; readonly listenPort: number }
  | { readonly kind: 'install-barrier'; readonly allow: readonly Prefix[] }
  | { readonly kind: 'allow'; readonly prefixes: readonly Prefix[] }
  | { readonly kind: 'disallow'; readonly prefixes: readonly Prefix[] }
  | { readonly kind: 'announce'; readonly paths: readonly Path[] }
  | { readonly kind: 'withdraw'; readonly prefixes: readonly Prefix[] }
  | { readonly kind: 'delete-foreign'; readonly family: Family; readonly prefix: string }
  | { readonly kind: 'add-peer'; readonly peer: Peer }
  | { readonly kind: 'delete-peer'; readonly address: Address };
