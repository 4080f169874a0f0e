/**
 * When may what carried a prefix be torn down? Withdrawn, then confirmed as
 * absent from every peer's Adj-RIB-Out, then `settle` later, because routers'
 * FIBs lag behind their RIBs.
 *
 * Invariant: a prefix that stands in the RIB, or is wanted there, is never
 * confirmed.
 */
import type { Prefix } from '../model/address.js';

export class Settling {
  /** Monotonic time at which each prefix was confirmed as gone. */
  private readonly confirmedAt = new Map<Prefix, number>();
  /** Grows with every change of what is confirmed. */
  revision = 0;
  private last:
    { readonly absent: ReadonlySet<Prefix>; readonly revision: number; readonly open: readonly Prefix[] } | undefined;

  /** Which of `absent` still have to be confirmed. Whatever is not among them loses its confirmation. */
  open(absent: ReadonlySet<Prefix>): readonly Prefix[] {
    const { last } = this;
    if (last?.absent === absent && last.revision === this.revision) return last.open;
    for (const prefix of this.confirmedAt.keys()) {
      if (absent.has(prefix)) continue;
      this.confirmedAt.delete(prefix);
      this.revision++;
    }
    const open = [...absent].filter((prefix) => !this.confirmedAt.has(prefix));
    this.last = { absent, revision: this.revision, open };
    return open;
  }

  confirm(prefixes: readonly Prefix[], now: number): void {
    for (const prefix of prefixes) this.confirmedAt.set(prefix, now);
    if (prefixes.length > 0) this.revision++;
  }

  isSettled(prefix: Prefix, settleMs: number, now: number): boolean {
    const at = this.confirmedAt.get(prefix);
    return at !== undefined && now >= at + settleMs;
  }

  /** When the next of what is confirmed settles; infinity when all of it has. */
  nextSettledAt(settleMs: number, now: number): number {
    const moments = [...this.confirmedAt.values()].map((at) => at + settleMs);
    return moments.reduce((next, at) => (at > now ? Math.min(next, at) : next), Number.POSITIVE_INFINITY);
  }
}
