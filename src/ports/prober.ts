import type { Address } from '../model/address.js';
import type { ProbeSample } from '../model/health.js';
import type { Netns } from '../model/kernel.js';

/** One probe: an ICMP echo that enters the tunnel device in the customer's namespace with the server's unicast source. */
export interface ProbeSpec {
  readonly customer: string;
  readonly tunnel: string;
  readonly netns: Netns;
  readonly device: string;
  /** The server's unicast address: the answer returns to it outside the tunnel. */
  readonly source: Address;
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
