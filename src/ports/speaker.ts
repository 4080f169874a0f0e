import type { Address, Prefix } from '../model/address.js';
import type { SpeakerObserved, SpeakerOp } from '../model/path.js';

/**
 * A BGP daemon that is ours alone.
 *
 * Every method has a deadline of its own and rejects with `SpeakerError`.
 * Applying an operation whose effect is already there is harmless. An
 * operation that failed half-way may have had part of its effect: observe
 * again, never assume.
 */
export interface Speaker {
  /** For messages: `gobgpd 3.x at unix:/run/culvert/gobgpd.sock`. */
  readonly name: string;
  /**
   * Reads everything back. Rejects when the daemon does not answer or answers
   * nonsense; a daemon without configuration is `not-started`. With what was
   * observed `before`, a table of paths that has the same size as then may
   * count as unchanged, because a change of paths raises an event.
   */
  observe(before?: SpeakerObserved): Promise<SpeakerObserved>;
  /** Applies in order and stops at the first failure. Every prefix and attribute is validated before the wire. */
  apply(ops: readonly SpeakerOp[]): Promise<void>;
  /** Which of these prefixes some established peer still has been sent (Adj-RIB-Out). */
  stillSent(prefixes: readonly Prefix[], peers: readonly Address[]): Promise<readonly Prefix[]>;
  /** Calls `wake` on peer and table events and on loss of the event stream; carries no facts. Reconnects by itself. */
  watch(wake: () => void): Subscription;
  close(): void;
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
