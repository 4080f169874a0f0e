import type { DataPlaneVerdict } from '../model/verdict.js';
import type { KernelObserved } from '../model/kernel.js';
import type { Intents } from '../decide/intents.js';
import type { WireState } from '../model/lease.js';
import type { Announcement } from '../model/path.js';
import type { AgentStatus, CheckStatus, DriftReport, TunnelStatus } from '../status/agent.js';
import { dataPlaneStatus } from '../status/data-plane.js';
import type { AgentInput } from './agent-fleet.js';

/** What an agent knows about itself at one moment. */
export interface AgentKnowledge {
  readonly input: AgentInput;
  readonly process: Pick<AgentStatus, 'pid' | 'startedAt' | 'tunnelDriver' | 'groups'>;
  readonly pass: { readonly count: number; readonly lastTook: number; readonly problem: string | undefined };
  /** Milliseconds since the kernel was read. */
  readonly readAge: number | undefined;
  readonly dataPlane: DataPlaneVerdict;
  readonly tunnels: readonly TunnelStatus[];
  readonly checks: readonly CheckStatus[];
  readonly intents: Intents;
  readonly announcements: readonly Announcement[];
  readonly observed: KernelObserved | undefined;
  readonly drift: readonly DriftReport[];
  readonly wire: WireState | undefined;
  readonly guardProblem: string | undefined;
}

export function agentReport(known: AgentKnowledge): AgentStatus {
  const { input, pass, readAge, intents, observed, wire, guardProblem } = known;
  return {
    server: input.view.server.name,
    generation: input.view.fleet.generation,
    ...known.process,
    pass: {
      count: pass.count,
      lastTook: Math.round(pass.lastTook),
      ...(readAge === undefined ? {} : { age: Math.round(readAge) }),
      ...(pass.problem === undefined ? {} : { problem: pass.problem }),
    },
    customers: input.view.fleet.customers.map(({ name, prefixes }) => ({
      name,
      prefixes: prefixes.map(({ prefix }) => prefix),
    })),
    dataPlane: dataPlaneStatus(known.dataPlane),
    tunnels: known.tunnels,
    checks: known.checks,
    intents: intents === 'unreadable' ? 'unreadable' : [...intents.values()],
    announcements: known.announcements,
    counters: (observed?.rulesets ?? []).map(({ netns, counters }) => ({ netns, counters })),
    drift: known.drift,
    ...(wire === undefined ? {} : { wire }),
    ...(guardProblem === undefined ? {} : { guardProblem }),
  };
}
