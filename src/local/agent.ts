/** The agent's socket, served: its state, operators' intents, reloads. */
import { z } from 'zod';
import type { Intent, IntentRequest } from '../model/intent.js';
import type { BulkAllowance } from '../model/lease.js';
import type { AgentStatus } from '../status/agent.js';
import type { AgentCalls } from './agent-client.js';
import { allowanceSchema, noParams, prefixSchema } from './request.js';
import { type LocalServer, serveLocal } from './server.js';

/** What is refused rejects with one line: cause and remedy. */
export interface AgentDesk {
  status(): AgentStatus;
  intend(request: IntentRequest): Promise<Intent>;
  reload(allowance?: BulkAllowance): Promise<string>;
}

/** A sentence for a log line, not a document. */
const sentence = z.string().min(1).max(500);
const LONGEST_MS = 366 * 24 * 3_600_000;

const intentRequest: z.ZodType<IntentRequest> = z.strictObject({
  prefix: prefixSchema,
  want: z.enum(['advertise', 'withdraw']),
  author: sentence,
  reason: sentence,
  forMs: z.exactOptional(z.number().positive().max(LONGEST_MS)),
});

/** Serves an agent. Rejects with LocalError `in-use` while another one serves the same path. */
export const serveAgent = (path: string, pid: number, desk: AgentDesk): Promise<LocalServer> =>
  serveLocal<AgentCalls>({
    path,
    identity: { role: 'agent', pid },
    handlers: {
      status: { params: noParams, answer: () => Promise.resolve(desk.status()) },
      intend: { params: intentRequest, answer: (request) => desk.intend(request) },
      reload: {
        params: z.strictObject({ allowance: z.exactOptional(allowanceSchema) }),
        answer: ({ allowance }) => desk.reload(allowance),
      },
    },
  });
