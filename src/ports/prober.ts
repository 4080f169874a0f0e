import type { Address } from '../model/address.js';
import type { ProbeSample } from '../model/health.js';
import type { Netns } from '../model/kernel.js';

/**
 * One probe: an ICMP echo that enters the tunnel device in the customer's
 * namespace. A `request` goes from the server's unicast address to the target,
 * which answers. A `reply` is that answer already, as if the target had sent
 * it: whoever takes it out of the tunnel only has to forward it. Either way
 * what arrives at the server's unicast address came outside the tunnel.
 */
export interface ProbeSpec {
  readonly customer: string;
  readonly tunnel: string;
  readonly netns: Netns;
  readonly device: string;
  readonly kind: 'request' | 'reply';
  /** Of the inner packet. */
  readonly source: Address;
  /** Of the inner packet: its destination. */
  readonly target: Address;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/**
 * Sends probes for all namespaces from one process, and reports every sample.
 * `configure` replaces the whole list; probes that stay keep their phase.
 */
export interface Prober {
  configure(probes: readonly ProbeSpec[]): void;
  start(handlers: { sample(sample: ProbeSample): void; broken(reason: string): void }): void;
  stop(): Promise<void>;
}
