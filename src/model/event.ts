/** What agent and guard record of what they decide and do, one event after the other, for whoever asks later. */
import type { Address, Prefix } from './address.js';
import type { Intent } from './intent.js';
import type { WireState } from './lease.js';
import type { Level } from './level.js';
import type { SessionState } from './path.js';
import type { Reason } from './reason.js';

export type Recorder = 'agent' | 'guard';

/** What a fact is about; each kind carries its own reason codes. */
export type FactKind = 'data-plane' | 'tunnel' | 'check';

export type Happening =
  | { readonly kind: 'started' | 'stopped'; readonly detail: string }
  /** A fact has changed its state. */
  | {
      readonly kind: 'fact';
      readonly about: FactKind;
      /** `acme`, `endpoint`, `acme/us`, `customers/acme/web`. */
      readonly subject: string;
      /** Of a data plane, a tunnel or a check. */
      readonly state: FactState;
      readonly detail?: string;
      /** What stands on it; absent when everything may. */
      readonly prefixes?: readonly Prefix[];
      /** CLOCK_MONOTONIC milliseconds at which the first sign of it was seen: an event, a lost probe, a failed check. */
      readonly sign?: number;
    }
  /** The agent wants, or the guard permits, another level than before, or for other reasons. */
  | {
      readonly kind: 'level';
      readonly prefixes: readonly Prefix[];
      /** Absent for the first decision of a process. */
      readonly from?: Level;
      readonly to: Level;
      readonly reasons: readonly Reason[];
    }
  /** Given to the speaker. */
  | { readonly kind: 'handed'; readonly prefixes: readonly Prefix[]; readonly level: Level }
  /** The speaker was seen to hold it. */
  | { readonly kind: 'held'; readonly prefixes: readonly Prefix[]; readonly level: Level }
  /** Absent from what every peer has been sent. */
  | { readonly kind: 'gone'; readonly prefixes: readonly Prefix[] }
  | { readonly kind: 'speaker'; readonly state: WireState['speaker']; readonly detail?: string }
  | { readonly kind: 'session'; readonly peer: Address; readonly state: SessionState }
  | ({ readonly kind: 'intent' } & Pick<Intent, 'prefix' | 'want' | 'author' | 'reason' | 'until'>)
  | { readonly kind: 'note'; readonly text: string };

export type FactState = 'verified' | 'up' | 'degraded' | 'unknown' | 'down' | 'fault';

/**
 * When and by whom. `ms` is CLOCK_MONOTONIC, which all processes of one boot
 * share: moments of agent and guard may be subtracted from each other while
 * `boot` is the same.
 */
export interface Stamp {
  /** Wall clock, ISO 8601, UTC. */
  readonly at: string;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly ms: number;
  /** Tells one boot of the machine from another. */
  readonly boot: string;
  readonly by: Recorder;
}

export type RecordedEvent = Stamp & Happening;
