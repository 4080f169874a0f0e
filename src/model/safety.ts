/** Numbers by which levels move: chosen once for a fleet, the same on every server. */

/** When a tunnel counts as degraded, and what that costs it. */
export interface TunnelStates {
  /** Share of lost probes, 0 to 1, from which a tunnel is degraded. */
  readonly degradedLoss: number;
  /** And at least as many losses: one lost probe proves nothing. */
  readonly degradedFailures: number;
  /** Both are counted over this time. */
  readonly windowMs: number;
  /** A degraded tunnel is up again when fewer than `degradedLoss` of as many probes are lost. */
  readonly recoveryProbes: number;
  /** Losses in a row bring a tunnel down when they lie within this time, or within the time that as many probes take. */
  readonly fallWindowMs: number;
  /** Added to the priority of a degraded tunnel's routes, where lower wins. */
  readonly degradedPenalty: number;
  /** The same for a tunnel that is down: the route is never removed. */
  readonly downPenalty: number;
}

/** What delays the step from degraded to full, and nothing else. */
export interface HoldDown {
  /** After the first flap. 0 turns it off. */
  readonly firstMs: number;
  /** It doubles with each flap up to this. */
  readonly mostMs: number;
  /** One flap is forgotten for every such time without another. */
  readonly decayMs: number;
}

/** Remotes that have nothing in common but us do not fail together. */
export interface Suspicion {
  /** Customers whose remotes fail within one window. */
  readonly remotes: number;
  readonly windowMs: number;
}
