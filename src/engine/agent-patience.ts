/**
 * A repair that has been tried and is still to do is not tried again at once:
 * what the kernel takes without showing it, or refuses in part, raises events
 * of its own that would wake the next attempt without end.
 */
import type { KernelOp } from '../model/kernel.js';
import { same } from '../model/same.js';
import type { Clock } from '../ports/clock.js';

interface Attempt {
  readonly ops: readonly KernelOp[];
  /** How it ended. */
  readonly failure: Error | undefined;
  readonly until: number;
}

export class Patience {
  private last: Attempt | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly retryMs: number,
  ) {}

  /** These operations were tried, and the look afterwards shows them all still to do. */
  inVain(ops: readonly KernelOp[], failure: Error | undefined): void {
    this.last = { ops, failure, until: this.clock.now() + this.retryMs };
  }

  /** The last attempt, when it was the same and no time has passed since; `dueIn` is in milliseconds. */
  with(ops: readonly KernelOp[]): { readonly failure: Error | undefined; readonly dueIn: number } | undefined {
    const { last } = this;
    const dueIn = (last?.until ?? 0) - this.clock.now();
    return last && dueIn > 0 && same(last.ops, ops) ? { failure: last.failure, dueIn } : undefined;
  }
}
