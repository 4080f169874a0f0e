/** The agent's socket, served: it tells its state. */
import type { AgentStatus } from '../status/agent.js';
import type { AgentCalls } from './agent-client.js';
import { noParams } from './request.js';
import { type LocalServer, serveLocal } from './server.js';

/** Serves an agent. Rejects with LocalError `in-use` while another one serves the same path. */
export const serveAgent = (path: string, pid: number, status: () => AgentStatus): Promise<LocalServer> =>
  serveLocal<AgentCalls>({
    path,
    identity: { role: 'agent', pid },
    handlers: { status: { params: noParams, answer: () => Promise.resolve(status()) } },
  });
