/** Time, so that it can be simulated. */
export interface Clock {
  /** CLOCK_MONOTONIC in milliseconds, fractions included. */
  now(): number;
  /** Wall clock: ISO 8601, UTC. For people, and for the one question that no other clock answers after a reboot. */
  wall(): string;
  /** Calls once after `ms`. */
  after(ms: number, call: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
