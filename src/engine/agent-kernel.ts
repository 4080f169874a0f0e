/** The agent's side towards the kernel: look, repair, look again, and what is proven by it. */
import { REPAIR_BOUND_MS, type RepairOutcome } from '../decide/proof.js';
import type { KernelDesired, KernelObserved, KernelOp, SysctlState } from '../model/kernel.js';
import { same } from '../model/same.js';
import { DriftJournal } from './agent-drift.js';
import type { Evidence } from './agent-evidence.js';
import type { AgentInput } from './agent-fleet.js';
import type { Outlook } from './agent-outlook.js';
import type { AgentParts } from './agent-parts.js';
import { Patience } from './agent-patience.js';
import type { Vigil } from './agent-vigil.js';
import { applyToKernel, observeKernel } from './kernel.js';

/** What a pass works towards: drift is work although none of it has changed. */
export interface Goal {
  readonly input: AgentInput;
  readonly desired: KernelDesired;
  readonly prune: boolean;
}

export interface KernelSideOptions {
  readonly parts: Pick<AgentParts, 'clock' | 'log' | 'kernel'>;
  readonly evidence: Evidence;
  readonly outlook: Outlook;
  readonly vigil: Vigil;
  readonly retryMs: number;
  /** Hands over what is proven now; waits for the guard as long as a repair may. */
  readonly leave: () => Promise<void>;
  /** The same for what a repair has not mended in time. */
  readonly overdue: () => void;
  /** Another agent is in charge: two that mend the same kernel by different knowledge undo each other for ever. */
  isDisplaced(): boolean;
  /** The next pass comes after so many milliseconds at the latest. */
  again(ms: number): void;
}

export class KernelSide {
  readonly drift: DriftJournal;
  observed: KernelObserved | undefined;
  private readonly patience: Patience;
  private reached: Goal | undefined;

  constructor(private readonly options: KernelSideOptions) {
    const { clock, log } = options.parts;
    this.drift = new DriftJournal(clock, log);
    this.patience = new Patience(clock, options.retryMs);
  }

  /** What shall stand there, as far as it has stood already. */
  get settings(): readonly SysctlState[] {
    return this.reached?.desired.sysctls ?? [];
  }

  /** Looks, and repairs what is different. Rejects with what went wrong, after it was announced. */
  async pursue(input: AgentInput, desired: KernelDesired, mayPrune: () => boolean): Promise<Goal> {
    const found = await this.look(input, desired);
    const goal = { input, desired, prune: mayPrune() };
    if (this.options.isDisplaced()) return this.standAside(goal);
    const ops = this.options.outlook.plan(desired, found, goal.prune);
    const failure = ops.length > 0 ? await this.repair(goal, ops) : undefined;
    await this.options.leave();
    if (failure !== undefined) throw failure;
    this.reached = goal;
    return goal;
  }

  /** What this agent sees is still its own to tell. */
  private async standAside(goal: Goal): Promise<Goal> {
    await this.options.leave();
    return goal;
  }

  private async look({ view }: AgentInput, desired: KernelDesired, repair?: RepairOutcome): Promise<KernelObserved> {
    const { parts, evidence, vigil } = this.options;
    const read = () => observeKernel(parts.kernel, desired, view.server.uplinks);
    this.observed = await vigil.looking(() => evidence.look(view, desired, read, repair));
    return this.observed;
  }

  private async repair(goal: Goal, ops: readonly KernelOp[]): Promise<Error | undefined> {
    const attempt = this.patience.with(ops);
    if (attempt) {
      this.options.again(attempt.dueIn);
      return attempt.failure;
    }
    const failure = await this.bringAbout(goal, ops);
    const left = this.observed ? this.options.outlook.plan(goal.desired, this.observed, goal.prune) : [];
    if (same(left, ops)) this.patience.inVain(ops, failure);
    return failure;
  }

  /**
   * Applies and reads back; resolves to what went wrong. A proven fault leaves
   * the wire first, and what only a repair can prove when that takes too long.
   */
  private async bringAbout(goal: Goal, ops: readonly KernelOp[]): Promise<Error | undefined> {
    const { parts, evidence, leave, overdue } = this.options;
    if (evidence.hasProvenFault) await leave();
    const bound = evidence.isAwaitingRepair ? parts.clock.after(REPAIR_BOUND_MS, overdue) : undefined;
    const failure = await applyToKernel(parts.kernel, ops).then(() => undefined, errorOf);
    bound?.cancel();
    if (failure === undefined && same(this.reached, goal)) this.drift.repaired(ops);
    await this.look(goal.input, goal.desired, failure === undefined ? 'applied' : 'refused');
    return failure;
  }
}

const errorOf = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
