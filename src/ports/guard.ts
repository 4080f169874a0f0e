import type { Prefix } from '../model/address.js';
import type { DesiredSet, DrainScope, HelloAnswer, OfferAnswer, SentTo, WireState } from '../model/lease.js';

/** The agent's and the command line's view of the guard. Every call has a deadline and rejects with `LocalError` when the guard cannot be reached. */
export interface GuardClient {
  /** Asks for an epoch. Refused while another agent's lease is live. `pid` is for messages only. */
  hello(server: string, pid: number): Promise<HelloAnswer>;
  offer(set: DesiredSet): Promise<OfferAnswer>;
  /** An agent that stops in order. `keep`: the wire stays for `stopGrace`; `drain`: it drains at once, until an agent returns. */
  handover(epoch: number, mode: 'keep' | 'drain'): Promise<void>;
  /** An operator's intent: stays until `undrain`, also over restarts. `site`: every server of the site is being taken out. */
  drain(scope: DrainScope): Promise<void>;
  undrain(): Promise<void>;
  /** An operator vouches for the fleet of a server that came up after a long time: it may announce. */
  confirm(): Promise<void>;
  status(): Promise<WireState>;
  close(): void;
}

/** One connection to the guard, for as long as it lasts; compared by identity. */
export type Caller = object;

/** The guard's own side of the same calls: what its socket serves. */
export interface GuardDesk extends Omit<GuardClient, 'hello' | 'close'> {
  hello(server: string, pid: number, caller: Caller): Promise<HelloAnswer>;
  /** Asks the speaker about every peer. Never rejects because of it. */
  sent(prefix: Prefix): Promise<readonly SentTo[]>;
  /** The connection has ended. The lease runs on; another agent may say hello. */
  left(caller: Caller): void;
}

/** A call to a process on this machine that did not succeed. The message is one line with cause and remedy. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
  constructor(
    /** `unreachable`: nobody listens, or the connection broke. `refused`: understood and declined. `malformed`: not understood. */
    readonly reason: 'unreachable' | 'timeout' | 'refused' | 'malformed' | 'in-use',
    message: string,
  ) {
    super(message);
  }
}
