/** The guard's socket, served: the shapes of its calls are checked here. */
import { z } from 'zod';
import { parsePrefix, type Prefix } from '../model/address.js';
import type { DesiredSet } from '../model/lease.js';
import { LEVELS } from '../model/level.js';
import type { Announcement } from '../model/path.js';
import { type ReasonCode, REASONS } from '../model/reason.js';
import type { GuardDesk } from '../ports/guard.js';
import type { GuardCalls } from './guard-client.js';
import { type Handlers, noParams } from './request.js';
import { type LocalServer, serveLocal } from './server.js';

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
