/** What an operator asks of the running processes. */
import type { RunOptions } from '../cli/commands.js';
import { agentStatus } from '../local/agent-client.js';
import { guardClient, sentToPeers } from '../local/guard-client.js';
import type { GuardClient } from '../ports/guard.js';
import { explain, prefixMeant, type Explanation } from '../status/explain.js';
import { isAway, type Away, type StatusReport } from '../status/report.js';
import { sockets } from './paths.js';

export async function withGuard<T>({ runDir }: RunOptions, work: (guard: GuardClient) => Promise<T>): Promise<T> {
  const guard = guardClient(sockets(runDir).guard);
  try {
    return await work(guard);
  } finally {
    guard.close();
  }
}

const away = (error: unknown): Away => ({ problem: error instanceof Error ? error.message : String(error) });

export async function status(options: RunOptions): Promise<StatusReport> {
  const [agent, guard] = await Promise.all([
    agentStatus(sockets(options.runDir).agent).catch(away),
    withGuard(options, (client) => client.status()).catch(away),
  ]);
  return { agent, guard };
}

export async function explainPrefix(options: RunOptions, text: string): Promise<Explanation> {
  const { agent, guard } = await status(options);
  if (isAway(guard) && isAway(agent)) throw new Error(`${guard.problem}; ${agent.problem}`);
  const known = [...(isAway(guard) ? [] : guard.prefixes), ...(isAway(agent) ? [] : agent.announcements)];
  const names = [...new Set(known.map(({ prefix }) => prefix))];
  const meant = prefixMeant(text, names);
  if (!meant) throw new Error(`${text} is no prefix of this server; it knows ${names.join(', ') || 'none'}`);
  const sent = isAway(guard) ? guard : await sentToPeers(sockets(options.runDir).guard, meant).catch(away);
  return explain(meant, agent, guard, sent);
}

export const confirm = (options: RunOptions): Promise<void> => withGuard(options, (guard) => guard.confirm());
