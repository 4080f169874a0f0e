/** The fleet that the agent goes by, and what keeps it from going over to one that drops too much. */
import { bulkRefusal, dropsOf, ownersOf } from '../decide/bulk.js';
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { RulesetState } from '../model/kernel.js';
import type { BulkAllowance, WireState } from '../model/lease.js';
import type { ReasonCode } from '../model/reason.js';

/** A server's place in the fleet, with the firewall text that was rendered from it. */
export interface AgentInput {
  readonly view: ServerView;
  readonly rulesets: readonly RulesetState[];
}

export class FleetInForce {
  private allowance: BulkAllowance | undefined;
  /** Why nothing may be offered: what stands on the wire would go with the first set. */
  obstacle: string | undefined;

  constructor(public input: AgentInput) {}

  /** For the sets of this fleet: the guard asks the same question. */
  get permitted(): { readonly allowance?: BulkAllowance } {
    return this.allowance === undefined ? {} : { allowance: this.allowance };
  }

  /** Goes over to `next`; otherwise says why not, and nothing has changed. */
  replace(next: AgentInput, wire: WireState | undefined, allowance?: BulkAllowance): string | undefined {
    const refusal = this.refusalOf(next.view, wire, allowance);
    if (refusal !== undefined) return refusal;
    this.input = next;
    this.allowance = allowance;
    this.obstacle = undefined;
    return undefined;
  }

  /** A new epoch: an agent that has just started may find more on the wire than its fleet names. */
  adopt(wire: WireState): void {
    const refusal = this.refusalOf(this.input.view, wire, this.allowance);
    const { generation } = this.input.view.fleet;
    this.obstacle = refusal === undefined ? undefined : `fleet ${generation} is not put into force: ${refusal}`;
  }

  private refusalOf(next: ServerView, wire: WireState | undefined, allowance?: BulkAllowance): string | undefined {
    const { view } = this.input;
    const { maxWithdrawnShare } = view.fleet.safety;
    return bulkRefusal(dropsOf(announcedOn(wire), next), ownersOf(view), maxWithdrawnShare, allowance);
  }
}

/** Off the wire already or on its way: nobody's loss any more, whatever an agent asks for. */
const NO_LOSS: readonly ReasonCode[] = ['left-fleet', 'not-allowed'];

/** What an agent asked for, or stands there. */
const announcedOn = (wire: WireState | undefined): readonly Prefix[] =>
  wire?.prefixes.flatMap(({ prefix, asked, held, reasons }) => {
    const level = asked ?? held;
    const stands = level === 'full' || level === 'degraded';
    return stands && !reasons.some(({ code }) => NO_LOSS.includes(code)) ? [prefix] : [];
  }) ?? [];
