/** The agent's socket, called. */
import type { Intent, IntentRequest } from '../model/intent.js';
import type { BulkAllowance } from '../model/lease.js';
import type { AgentStatus } from '../status/agent.js';
import { type LocalClient, localClient } from './client.js';
import type { NoParams } from './protocol.js';

export type AgentCalls = {
  readonly status: { readonly params: NoParams; readonly result: AgentStatus };
  readonly intend: { readonly params: IntentRequest; readonly result: Intent };
  /** Resolves to the generation that is in force then. */
  readonly reload: { readonly params: { readonly allowance?: BulkAllowance }; readonly result: string };
};

const DEADLINE_MS = 2_000;
/** A fleet of thousands of customers takes a while to read. */
const RELOAD_MS = 30_000;

async function once<T>(path: string, ask: (client: LocalClient<AgentCalls>) => Promise<T>): Promise<T> {
  const client = localClient<AgentCalls>(path, 'agent');
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

/** Asks the agent behind a socket once. */
export const agentStatus = (path: string): Promise<AgentStatus> =>
  once(path, (client) => client.call('status', {}, DEADLINE_MS));

/** An operator's word about one prefix; refused where it could not come true. */
export const agentIntend = (path: string, request: IntentRequest): Promise<Intent> =>
  once(path, (client) => client.call('intend', request, DEADLINE_MS));

/** Has the fleet read again; refused where it is bad, or drops more than is permitted. */
export const agentReload = (path: string, allowance?: BulkAllowance): Promise<string> =>
  once(path, (client) => client.call('reload', allowance === undefined ? {} : { allowance }, RELOAD_MS));
