import type { DesiredSet, HelloAnswer, OfferAnswer, WireState } from '../model/lease.js';

/** The agent's and the command line's view of the guard. Every call has a deadline and rejects with `LocalError` when the guard cannot be reached. */
export interface GuardClient {
  /** Asks for an epoch. Refused while another agent's lease is live. `pid` is for messages only. */
  hello(server: string, pid: number): Promise<HelloAnswer>;
  offer(set: DesiredSet): Promise<OfferAnswer>;
  /** An agent that stops in order. `keep`: the wire stays for `stopGrace`; `drain`: it drains at once, until an agent returns. */
  handover(epoch: number, mode: 'keep' | 'drain'): Promise<void>;
  /** An operator's intent: stays until `undrain`, also over restarts. */
  drain(): Promise<void>;
  undrain(): Promise<void>;
  status(): Promise<WireState>;
  close(): void;
}
