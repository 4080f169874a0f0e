import type { WireState } from '../model/lease.js';
import type { AgentStatus } from './agent.js';

/** Stands in for a process that did not answer. */
export interface Away {
  readonly problem: string;
}

export const isAway = <T extends object>(part: T | Away): part is Away =>
  'problem' in part && Object.keys(part).length === 1;

/** Agent and guard each answer for themselves; either may be away. */
export interface StatusReport {
  readonly agent: AgentStatus | Away;
  readonly guard: WireState | Away;
}
