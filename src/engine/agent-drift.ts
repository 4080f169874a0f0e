/** Repairs of what changed without us, for `status` and the log. Bounded: the log keeps the rest. */
import type { KernelOp } from '../model/kernel.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { DriftReport } from '../status/agent.js';
import { describeOp } from '../status/operations.js';

const KEPT = 100;

export class DriftJournal {
  private entries: readonly DriftReport[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  repaired(ops: readonly KernelOp[]): void {
    const at = this.clock.wall();
    const reports = ops.map((op) => ({ at, text: describeOp(op) }));
    for (const { text } of reports) this.log.warn('drift repaired', { op: text });
    this.entries = [...this.entries, ...reports].slice(-KEPT);
  }

  /** Newest last. */
  get reports(): readonly DriftReport[] {
    return this.entries;
  }
}
