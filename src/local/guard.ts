/** The guard's socket: its calls, their shapes, both ends. */
import { z } from 'zod';
import { parsePrefix, type Prefix } from '../model/address.js';
import type { DesiredSet, HelloAnswer, OfferAnswer, WireState } from '../model/lease.js';
import { LEVELS } from '../model/level.js';
import type { Announcement } from '../model/path.js';
import { type ReasonCode, REASONS } from '../model/reason.js';
import type { GuardClient, GuardDesk } from '../ports/guard.js';
import { localClient } from './client.js';
import type { Handlers } from './protocol.js';
import { type LocalServer, noParams, type NoParams, serveLocal } from './server.js';

export type GuardCalls = {
  readonly hello: { readonly params: { readonly server: string; readonly pid: number }; readonly result: HelloAnswer };
  readonly offer: { readonly params: DesiredSet; readonly result: OfferAnswer };
  readonly handover: {
    readonly params: { readonly epoch: number; readonly mode: 'keep' | 'drain' };
    readonly result: null;
  };
  readonly drain: { readonly params: NoParams; readonly result: null };
  readonly undrain: { readonly params: NoParams; readonly result: null };
  readonly status: { readonly params: NoParams; readonly result: WireState };
};

const prefixSchema = z.custom<Prefix>(
  (value) => typeof value === 'string' && parsePrefix(value) === value,
  'not a canonical prefix',
);
const count = z.number().int().nonnegative();

const reasonSchema = z.strictObject({
  code: z.enum(Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]]),
  detail: z.exactOptional(z.string()),
});

const announcementSchema: z.ZodType<Announcement> = z.strictObject({
  prefix: prefixSchema,
  level: z.enum(LEVELS),
  asPath: z.array(z.number().int().min(1).max(0xffffffff)).max(16),
  reasons: z.array(reasonSchema),
});

const desiredSetSchema: z.ZodType<DesiredSet> = z.strictObject({
  server: z.string(),
  generation: z.string(),
  epoch: count,
  sequence: count,
  ttlMs: z.number().positive(),
  announcements: z.array(announcementSchema),
});

function handlersOf(desk: GuardDesk): Handlers<GuardCalls> {
  const nothing = (done: Promise<void>): Promise<null> => done.then(() => null);
  return {
    hello: {
      params: z.strictObject({ server: z.string(), pid: count }),
      answer: ({ server, pid }, caller) => desk.hello(server, pid, caller),
    },
    offer: { params: desiredSetSchema, answer: (set) => desk.offer(set) },
    handover: {
      params: z.strictObject({ epoch: count, mode: z.enum(['keep', 'drain']) }),
      answer: ({ epoch, mode }) => nothing(desk.handover(epoch, mode)),
    },
    drain: { params: noParams, answer: () => nothing(desk.drain()) },
    undrain: { params: noParams, answer: () => nothing(desk.undrain()) },
    status: { params: noParams, answer: () => desk.status() },
  };
}

/** Serves a guard. Rejects with LocalError `in-use` while another one serves the same path. */
export const serveGuard = (path: string, pid: number, desk: GuardDesk): Promise<LocalServer> =>
  serveLocal<GuardCalls>({
    path,
    identity: { role: 'guard', pid },
    handlers: handlersOf(desk),
    ended: (caller) => desk.left(caller),
  });

/** The guard answers within 2 s whatever its speaker does; a second more is for a busy machine. */
const ANSWER_MS = 3_000;

/** Connects with the first call. */
export function guardClient(path: string): GuardClient {
  const client = localClient<GuardCalls>(path, 'guard');
  const nothing = async (done: Promise<null>): Promise<void> => {
    await done;
  };
  return {
    hello: (server, pid) => client.call('hello', { server, pid }, ANSWER_MS),
    offer: (set) => client.call('offer', set, ANSWER_MS),
    handover: (epoch, mode) => nothing(client.call('handover', { epoch, mode }, ANSWER_MS)),
    drain: () => nothing(client.call('drain', {}, ANSWER_MS)),
    undrain: () => nothing(client.call('undrain', {}, ANSWER_MS)),
    status: () => client.call('status', {}, ANSWER_MS),
    close: () => client.close(),
  };
}
