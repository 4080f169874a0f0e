/**
 * What follows from fleet, tunnels and a look at the kernel: the wish, the
 * verdict, the plan. Each is worked out again only when something that it
 * follows from has changed; at 10,000 prefixes most of a quiet agent's work
 * would be to reach the same conclusions.
 */
import { judgeDataPlane } from '../decide/data-plane.js';
import { desiredKernel, type KernelInputs } from '../decide/kernel.js';
import type { ServerView } from '../model/fleet.js';
import type { KernelDesired, KernelObserved, KernelOp } from '../model/kernel.js';
import { same } from '../model/same.js';
import type { DataPlaneVerdict } from '../model/verdict.js';
import { planKernel } from '../plan/kernel.js';
import type { AgentInput } from './agent-fleet.js';

interface Wish {
  readonly input: AgentInput;
  /** Health of every tunnel, in the fleet's order. */
  readonly health: string;
  readonly desired: KernelDesired;
}

interface Conclusions {
  readonly desired: KernelDesired;
  readonly observed: KernelObserved;
  readonly verdict?: { readonly view: ServerView; readonly is: DataPlaneVerdict };
  readonly plan?: { readonly prune: boolean; readonly ops: readonly KernelOp[] };
}

export class Outlook {
  private wish: Wish | undefined;
  private last: Conclusions | undefined;

  constructor(private readonly hashing: KernelInputs['hashing']) {}

  /** The same object as before while fleet and tunnels are as before. */
  desired(input: AgentInput, tunnelHealth: KernelInputs['tunnelHealth']): KernelDesired {
    const { view, rulesets } = input;
    const { hashing } = this;
    const health = view.fleet.customers
      .flatMap(({ name, tunnels }) => tunnels.map((tunnel) => tunnelHealth(name, tunnel.name)))
      .join();
    if (this.wish?.input !== input || this.wish.health !== health) {
      this.wish = { input, health, desired: desiredKernel(view, { tunnelHealth, rulesets, hashing }) };
    }
    return this.wish.desired;
  }

  /** The same object as before while wish and kernel are as before. */
  judge(view: ServerView, desired: KernelDesired, observed: KernelObserved): DataPlaneVerdict {
    const known = this.about(desired, observed);
    if (known.verdict?.view === view) return known.verdict.is;
    const is = judgeDataPlane(view, desired, observed);
    this.last = { ...known, verdict: { view, is } };
    return is;
  }

  plan(desired: KernelDesired, observed: KernelObserved, prune: boolean): readonly KernelOp[] {
    const known = this.about(desired, observed);
    if (known.plan?.prune === prune) return known.plan.ops;
    const ops = planKernel(desired, observed, { prune });
    this.last = { ...known, plan: { prune, ops } };
    return ops;
  }

  private about(desired: KernelDesired, observed: KernelObserved): Conclusions {
    const { last } = this;
    if (last?.desired === desired && last.observed === observed) return last;
    const stands = last?.desired === desired && sameObjects(last.observed, observed);
    this.last = stands ? { ...last, observed } : { desired, observed };
    return this.last;
  }
}

/** All but the counters, which count on. */
function sameObjects(a: KernelObserved, b: KernelObserved): boolean {
  const [{ rulesets: before, ...objects }, { rulesets: now, ...others }] = [a, b];
  const states = ({ netns, state }: KernelObserved['rulesets'][number]): object => ({ netns, state });
  return same(before.map(states), now.map(states)) && same(objects, others);
}
