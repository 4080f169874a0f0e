/** Time, so that it can be simulated. */
export interface Clock {
  /** CLOCK_MONOTONIC in milliseconds, fractions included. */
  now(): number;
  /** Wall clock for people: ISO 8601, UTC. Never compared. */
  wall(): string;
  /** Calls once after `ms`. */
  after(ms: number, call: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
