/** What passes between agent and guard. */
import type { Address, Prefix } from './address.js';
import type { Level } from './level.js';
import type { List } from './list.js';
import type { Announcement, SessionState } from './path.js';
import type { Reason } from './reason.js';

/** Somebody's word that one fleet may drop more of what is announced than `safety.maxWithdrawnShare`. */
export interface BulkAllowance {
  /** Of the announced prefixes, 0 to 1. */
  readonly share: number;
  readonly author: string;
}

/** The complete set of what this server wants announced. What is absent from it is withdrawn. */
export interface DesiredSet {
  readonly server: string;
  /** Of the fleet it was derived from. A guard that reads another generation announces only what both allow. */
  readonly generation: string;
  /** Given by the guard at `hello`; a set of an older epoch is refused. */
  readonly epoch: number;
  /** Counts up within an epoch; a set that is not newer is refused. */
  readonly sequence: number;
  /** The right to keep announcing, from the moment of receipt. */
  readonly ttlMs: number;
  readonly announcements: List<Announcement>;
  /** Holds for what this generation drops. */
  readonly allowance?: BulkAllowance;
}

export type OfferRefusal = 'stale-epoch' | 'stale-sequence' | 'other-server' | 'invalid' | 'bulk';

export type OfferAnswer =
  | { readonly accepted: true; readonly wire: WireState }
  | { readonly accepted: false; readonly refusal: OfferRefusal; readonly detail: string };

export type HelloAnswer =
  | { readonly accepted: true; readonly epoch: number; readonly wire: WireState }
  /** Another agent holds a live lease. */
  | { readonly accepted: false; readonly detail: string };

export type AgentState = 'never-seen' | 'leased' | 'handed-over' | 'lapsed' | 'gone';
export type DrainState = 'in-service' | 'draining' | 'drained' | 'returning';
/** Of one server alone, or of one whose whole site goes. */
export type DrainScope = 'server' | 'site';

/** How far a drain, or a return, has come. */
export interface DrainProgress {
  readonly scope: DrainScope;
  /** Milliseconds since it began; absent when that was before this guard. */
  readonly forMs?: number;
  /** Milliseconds after which it goes on in any case. */
  readonly atMostMs: number;
  /** Customers' packets per second that still arrive; absent while nobody can tell. */
  readonly packetsPerSecond?: number;
}

/** The guard's view of the speaker, read back. */
export interface WireState {
  /** `unreachable`: the speaker does not answer; what it holds is unknown. */
  readonly speaker: 'ready' | 'starting' | 'unreachable' | 'refused';
  /** Why, when not ready; which peers it cannot take, when ready. */
  readonly speakerDetail?: string;
  readonly generation: string;
  readonly agent: AgentState;
  readonly drain: DrainState;
  /** For who asks; absent in service, and in answers to offers. */
  readonly drainProgress?: DrainProgress;
  /** Why nothing is announced until an operator has confirmed. */
  readonly hold?: string;
  readonly prefixes: List<WirePrefix>;
  readonly peers: readonly WirePeer[];
  /** Foreign paths deleted, barrier repaired and the like: newest last, bounded. */
  readonly reports: readonly { readonly at: string; readonly text: string }[];
}

export interface WirePeer {
  readonly address: Address;
  readonly asn: number;
  readonly state: SessionState;
  /** Why there is no session, where the speaker tells. */
  readonly detail?: string;
}

/** Whether a peer has been sent a prefix: read from its Adj-RIB-Out (RFC 4271 3.2) when it was asked for. */
export interface SentTo {
  readonly peer: Address;
  /** `unknown`: the speaker did not say. */
  readonly sent: 'yes' | 'no' | 'no-session' | 'unknown';
}

/** One prefix as it stands on the wire and why. */
export interface WirePrefix {
  readonly prefix: Prefix;
  /** What the agent asked for; absent when it did not name the prefix. */
  readonly asked?: Level;
  /** What the guard wants after lease, drain and gate. */
  readonly level: Level;
  readonly reasons: readonly Reason[];
  /** What the speaker holds: confirmed by read-back. */
  readonly held: Level | 'unknown';
  /** Withdrawn, absent from every Adj-RIB-Out, and `settle` is over: what carried it may be torn down. */
  readonly settled: boolean;
}

/** One literal for each shape: there are very many of them, and the engine gives such no more room than they need. */
export const wirePrefix = (
  prefix: Prefix,
  { asked, level, reasons, held, settled }: Omit<WirePrefix, 'prefix'>,
): WirePrefix =>
  asked === undefined ? { prefix, level, reasons, held, settled } : { prefix, asked, level, reasons, held, settled };
