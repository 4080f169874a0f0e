/** Facts about tunnels and checks, from probes. */

export interface ProbeTarget {
  readonly customer: string;
  readonly tunnel: string;
}

/** One probe's end. `lost` means sent and unanswered in time; `unsent` proves nothing about the remote. */
export interface ProbeSample extends ProbeTarget {
  readonly outcome: 'answered' | 'lost' | 'unsent';
  /** CLOCK_MONOTONIC milliseconds at which the outcome was known. */
  readonly at: number;
  /** Milliseconds, for answered ones. */
  readonly roundTrip?: number;
  /** Why it could not be sent. */
  readonly detail?: string;
}

/** `degraded`: it loses probes now and then, or has been down; carries what no healthy tunnel carries. */
export type TunnelHealth = 'up' | 'degraded' | 'down' | 'unknown';

export type CheckHealth = 'up' | 'down' | 'unknown';
