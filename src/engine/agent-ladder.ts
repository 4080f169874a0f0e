/** The agent's standing answer to "what shall be announced", and what decisions remember of earlier ones. */
import type { CheckFact } from '../decide/footing.js';
import type { Intents } from '../decide/intents.js';
import { climb, NO_MEMORY, type LadderMemory } from '../decide/ladder.js';
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { WireState } from '../model/lease.js';
import type { Announcement } from '../model/path.js';
import type { DataPlaneVerdict } from '../model/verdict.js';
import type { Clock } from '../ports/clock.js';
import type { TunnelFacts } from './agent-facts.js';
import { standingOn } from './agent-wire.js';

export interface LadderSources {
  readonly clock: Clock;
  readonly tunnels: TunnelFacts;
  readonly checks: (prefix: Prefix) => readonly CheckFact[];
  readonly intents: () => Intents;
  /** When an intent ends by itself. */
  readonly intentsChangeAt: () => number | undefined;
}

export class AgentLadder {
  private memory: LadderMemory = NO_MEMORY;
  announcements: readonly Announcement[] = [];
  /** When the announcements change by themselves, if they do. */
  private changesAt: number | undefined;

  constructor(private readonly sources: LadderSources) {}

  /** A new epoch: the levels that stand are the guard's to tell. */
  adopt(wire: WireState): void {
    this.memory = { ...this.memory, standing: standingOn(wire, this.memory.standing) };
  }

  climb(view: ServerView, dataPlane: DataPlaneVerdict): void {
    const { clock, tunnels, checks, intents } = this.sources;
    const facts = {
      now: clock.now(),
      dataPlane,
      tunnel: (customer: string, tunnel: string) => tunnels.fact(customer, tunnel),
      checks,
      intents: intents(),
    };
    const climbed = climb(view, facts, this.memory);
    this.announcements = climbed.announcements;
    this.memory = climbed.memory;
    this.changesAt = climbed.changesAt;
  }

  /** Milliseconds until the announcements change by themselves. */
  get changesIn(): number | undefined {
    const moments = [this.changesAt, this.sources.intentsChangeAt()].filter((at) => at !== undefined);
    return moments.length === 0 ? undefined : Math.max(0, Math.min(...moments) - this.sources.clock.now());
  }
}
