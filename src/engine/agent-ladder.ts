/** The agent's standing answer to "what shall be announced", and what decisions remember of earlier ones. */
import type { Intents } from '../decide/intents.js';
import { climb, NO_MEMORY, type LadderMemory } from '../decide/ladder.js';
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { WireState } from '../model/lease.js';
import type { Announcement } from '../model/path.js';
import type { DataPlaneVerdict } from '../model/verdict.js';
import type { Clock } from '../ports/clock.js';
import type { CheckFacts } from './agent-checks.js';
import type { TunnelFacts } from './agent-facts.js';
import { standingOn } from './agent-wire.js';

export interface LadderSources {
  readonly clock: Clock;
  readonly tunnels: TunnelFacts;
  readonly checks: CheckFacts;
  readonly intents: () => Intents;
  /** When an intent ends by itself. */
  readonly intentsChangeAt: () => number | undefined;
}

/** Everything that the answer depends on besides time and the levels that stand. */
interface Grounds {
  readonly view: ServerView;
  readonly dataPlane: DataPlaneVerdict;
  readonly tunnels: number;
  readonly checks: number;
  readonly intents: Intents;
}

export class AgentLadder {
  private memory: LadderMemory = NO_MEMORY;
  announcements: readonly Announcement[] = [];
  /** When the announcements change by themselves, if they do. */
  private changesAt: number | undefined;
  /** Of the last answer; absent where it would be another one now that its own levels stand. */
  private grounds: Grounds | undefined;

  constructor(private readonly sources: LadderSources) {}

  /** A new epoch: the levels that stand are the guard's to tell. */
  adopt(wire: WireState): void {
    this.memory = { ...this.memory, standing: standingOn(wire, this.memory.standing) };
    this.grounds = undefined;
  }

  /** The announcements stay the same array while nothing changes, and each the same object while nothing about it does. */
  climb(view: ServerView, dataPlane: DataPlaneVerdict): void {
    const { clock, tunnels, checks } = this.sources;
    const intents = this.sources.intents();
    const grounds = { view, dataPlane, tunnels: tunnels.revision, checks: checks.revision, intents };
    if (this.stands(grounds)) return;
    const facts = {
      now: clock.now(),
      dataPlane,
      tunnel: (customer: string, tunnel: string) => tunnels.fact(customer, tunnel),
      checks: (prefix: Prefix, customer?: string) => checks.governing(prefix, customer),
      intents,
    };
    const climbed = climb(view, facts, this.memory);
    this.grounds = climbed.isSettled ? grounds : undefined;
    this.announcements = climbed.announcements;
    this.memory = climbed.memory;
    this.changesAt = climbed.changesAt;
  }

  private stands(now: Grounds): boolean {
    const { grounds, changesAt = Number.POSITIVE_INFINITY } = this;
    if (grounds === undefined || this.sources.clock.now() >= changesAt) return false;
    return (Object.keys(now) as (keyof Grounds)[]).every((ground) => grounds[ground] === now[ground]);
  }

  /** Milliseconds until the announcements change by themselves. */
  get changesIn(): number | undefined {
    const moments = [this.changesAt, this.sources.intentsChangeAt()].filter((at) => at !== undefined);
    return moments.length === 0 ? undefined : Math.max(0, Math.min(...moments) - this.sources.clock.now());
  }
}
