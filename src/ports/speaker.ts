import type { Address, Prefix } from '../model/address.js';
import type { SpeakerObserved, SpeakerOp, SpeakerRunning } from '../model/path.js';

/**
 * A BGP daemon that is ours alone.
 *
 * Every method has a deadline of its own and rejects with `SpeakerError`.
 * Applying an operation whose effect is already there is harmless. An
 * operation that failed half-way may have had part of its effect: observe
 * again, never assume.
 */
export interface Speaker {
  /** For messages: `gobgpd at unix:/run/culvert/gobgpd.sock`. */
  readonly name: string;
  /** The daemon's program, as an operator starts it: `gobgpd`. */
  readonly program: string;
  /** What this daemon can do; the same for as long as the client lives. */
  readonly can: SpeakerCapabilities;
  /**
   * Reads everything back. Rejects when the daemon does not answer or answers
   * nonsense; a daemon without configuration is `not-started`.
   */
  observe(): Promise<SpeakerObserved>;
  /**
   * Reads back what is in doubt; with the barrier it counts the rest too.
   * `undefined` when the table has another size than that leaves: it has to be
   * observed whole.
   */
  recheck(since: Since): Promise<SpeakerObserved | undefined>;
  /** Applies in order and stops at the first failure. Every prefix and attribute is validated before the wire. */
  apply(ops: readonly SpeakerOp[]): Promise<void>;
  /** Which of these prefixes some established peer still has been sent (Adj-RIB-Out). */
  stillSent(prefixes: readonly Prefix[], peers: readonly Address[]): Promise<readonly Prefix[]>;
  /** Calls `wake` on peer and table events and on loss of the event stream. Reconnects by itself. */
  watch(wake: (doubt: Doubt) => void): Subscription;
  close(): void;
}

/**
 * What a daemon can do. What it cannot is declared here, and a peer that asks
 * for it is refused by name: the plan leaves it out and the guard says so, and
 * `apply` rejects it with `invalid`. Nothing is ever silently ignored.
 */
export interface SpeakerCapabilities {
  /** TCP MD5 signatures, RFC 2385. */
  readonly md5: boolean;
  /** TTL security, RFC 5082, towards eBGP peers. */
  readonly gtsm: boolean;
  /** Sessions that only the peer opens. */
  readonly passive: boolean;
  /** eBGP sessions over more than one hop, with a TTL. */
  readonly multihop: boolean;
  /** A limit of accepted prefixes for each family, beyond which the session ends (RFC 4486, Cease 1). */
  readonly maxPrefix: boolean;
  /** RFC 4724: peers keep our routes while the daemon restarts. */
  readonly gracefulRestart: boolean;
  /** A client that connects to a running daemon reads everything back, and takes it over without an UPDATE. */
  readonly adoption: boolean;
}

/** Where an event says to look; never what is there. Sessions are looked at in any case. */
export type Doubt = { readonly prefixes: readonly Prefix[] } | 'everything';

/** An earlier observation that a look builds on. */
export interface Since {
  readonly observed: SpeakerRunning;
  /** Their paths are read again; all others count as unchanged while the table has the same size, because a change raises an event. */
  readonly doubted: readonly Prefix[];
  /** Whether the barrier is read again, which raises no event whatever happens to it; and the table counted, for events that were lost. */
  readonly barrier: boolean;
}

export interface Subscription {
  stop(): void;
}

export class SpeakerError extends Error {
  override readonly name = 'SpeakerError';
  constructor(
    readonly reason:
      'unreachable' | 'timeout' | 'unsupported-version' | 'rejected' | 'not-ours' | 'invalid' | 'barrier-not-held',
    message: string,
  ) {
    super(message);
  }
}
