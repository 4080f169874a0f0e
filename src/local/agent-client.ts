/** The agent's socket, called. */
import type { AgentStatus } from '../status/agent.js';
import { localClient } from './client.js';
import type { NoParams } from './protocol.js';

export type AgentCalls = {
  readonly status: { readonly params: NoParams; readonly result: AgentStatus };
};

const DEADLINE_MS = 2_000;

/** Asks the agent behind a socket once. */
export async function agentStatus(path: string): Promise<AgentStatus> {
  const client = localClient<AgentCalls>(path, 'agent');
  try {
    return await client.call('status', {}, DEADLINE_MS);
  } finally {
    client.close();
  }
}
