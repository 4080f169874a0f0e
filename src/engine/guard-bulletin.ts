/** What lasts at the guard, told once when it begins or changes: an agent that is away, a hold, prefixes that the gate refuses. */
import type { PrefixDecision } from '../decide/wire.js';
import { placesChanged } from '../model/changes.js';
import type { AgentState } from '../model/lease.js';
import type { Reason } from '../model/reason.js';
import type { Journal } from './guard-journal.js';
import { refusalsIn } from './guard-refusals.js';
import type { List } from '../model/list.js';

export class Bulletin {
  private decisions: List<PrefixDecision> = [];
  private refused: string | undefined;
  private away = false;

  constructor(private readonly journal: Journal) {}

  tellObstacle(obstacle: string | undefined): void {
    this.journal.condition('obstacle', obstacle && `nothing that stands is changed: ${obstacle}`);
  }

  tell(agent: AgentState, hold: Reason | undefined, decisions: List<PrefixDecision>): void {
    const away = agent === 'lapsed' || agent === 'gone';
    this.journal.condition('agent', away ? `agent ${agent}` : undefined);
    if (this.away && agent === 'leased') this.journal.note('the agent is back');
    this.away = away;
    this.journal.condition('boot', hold && `nothing is announced: ${hold.detail ?? ''}`);
    if (decisions === this.decisions) return;
    const changed = placesChanged(decisions, this.decisions)?.flatMap((place) => decisions.at(place) ?? []);
    this.decisions = decisions;
    // Where nothing was refused before, only what is new can be.
    this.refused = refusalsIn(this.refused === undefined && changed ? changed : decisions);
    this.journal.condition('gate', this.refused);
  }
}
