/**
 * Remotes of different customers have nothing in common but us. When several
 * fail together, what they have in common is suspected: our own probes. A
 * remote stays suspect until it has recovered, however many others have.
 */
import type { Suspicion } from '../model/safety.js';

export interface RemoteFailure {
  readonly customer: string;
  /** What failed: a tunnel's remote, or the target of a check. */
  readonly remote: string;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly since: number;
}

/** Names one failure of one remote. */
export type FailureKey = string;

export const failureKey = ({ customer, remote, since }: RemoteFailure): FailureKey => `${customer} ${remote} ${since}`;

/** Those failures that prove less about the remotes than about us. `before` is the last answer. */
export function suspectedOf(
  failures: readonly RemoteFailure[],
  before: ReadonlySet<FailureKey>,
  { remotes, windowMs }: Suspicion,
): ReadonlySet<FailureKey> {
  const sorted = [...failures].sort((a, b) => a.since - b.since);
  const suspects = new Set(sorted.map(failureKey).filter((key) => before.has(key)));
  const [customers, targets] = [new Tally(), new Tally()];
  let first = 0;
  let marked = 0;
  for (const [index, failure] of sorted.entries()) {
    customers.add(failure.customer);
    targets.add(failure.remote);
    for (; failure.since - (sorted[first]?.since ?? 0) > windowMs; first++) {
      customers.remove(sorted[first]?.customer);
      targets.remove(sorted[first]?.remote);
    }
    if (Math.min(customers.distinct, targets.distinct) < remotes) continue;
    for (const together of sorted.slice(Math.max(first, marked), index + 1)) suspects.add(failureKey(together));
    marked = index + 1;
  }
  return suspects;
}

class Tally {
  private readonly counts = new Map<string, number>();

  get distinct(): number {
    return this.counts.size;
  }

  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  remove(name: string | undefined): void {
    if (name === undefined) return;
    const left = (this.counts.get(name) ?? 0) - 1;
    if (left > 0) this.counts.set(name, left);
    else this.counts.delete(name);
  }
}
