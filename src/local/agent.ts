/** The agent's socket: it tells its state. */
import type { AgentStatus } from '../status/agent.js';
import { localClient } from './client.js';
import { type LocalServer, noParams, type NoParams, serveLocal } from './server.js';

type AgentCalls = {
  readonly status: { readonly params: NoParams; readonly result: AgentStatus };
};

const DEADLINE_MS = 2_000;

/** Serves an agent. Rejects with LocalError `in-use` while another one serves the same path. */
export const serveAgent = (path: string, pid: number, status: () => AgentStatus): Promise<LocalServer> =>
  serveLocal<AgentCalls>({
    path,
    identity: { role: 'agent', pid },
    handlers: { status: { params: noParams, answer: () => Promise.resolve(status()) } },
  });

/** Asks the agent behind a socket once. */
export async function agentStatus(path: string): Promise<AgentStatus> {
  const client = localClient<AgentCalls>(path, 'agent');
  try {
    return await client.call('status', {}, DEADLINE_MS);
  } finally {
    client.close();
  }
}
