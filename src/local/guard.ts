/** The guard's socket, served: the shapes of its calls are checked here. */
import { z } from 'zod';
import type { DesiredSet, OfferAnswer, WireState } from '../model/lease.js';
import type { Prefix } from '../model/address.js';
import { newsIn } from '../model/changes.js';
import { LEVELS } from '../model/level.js';
import type { Announcement } from '../model/path.js';
import { type ReasonCode, REASONS } from '../model/reason.js';
import { type Caller, type GuardDesk, LocalError } from '../ports/guard.js';
import { type GuardCalls, type Offered, type Renewal, type RenewalAnswer, toldOf } from './guard-client.js';
import { allowanceSchema, type Handlers, noParams, prefixesSchema, prefixSchema } from './request.js';
import { type Listed, listOf, type Run, type Span, spansOf, withNews } from './runs.js';
import { type LocalServer, serveLocal } from './server.js';

const count = z.number().int().nonnegative();

const reasonSchema = z.strictObject({
  code: z.enum(Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]]),
  detail: z.exactOptional(z.string()),
});

const said = {
  level: z.enum(LEVELS),
  asPath: z.array(z.number().int().min(1).max(0xffffffff)).max(16),
  reasons: z.array(reasonSchema),
};
const announcementsSchema: z.ZodType<Run<Announcement>> = z.strictObject({ prefixes: prefixesSchema, ...said });
const changesSchema: z.ZodType<Span<Announcement>> = z.strictObject({
  first: prefixSchema,
  last: prefixSchema,
  count: z.number().int().positive(),
  ...said,
});

const right = {
  server: z.string(),
  generation: z.string(),
  epoch: count,
  sequence: count,
  ttlMs: z.number().positive(),
  allowance: z.exactOptional(allowanceSchema),
};
const offeredSchema: z.ZodType<Offered> = z.strictObject({
  ...right,
  announcements: z.array(announcementsSchema),
});
const renewalSchema: z.ZodType<Renewal> = z.strictObject({
  ...right,
  like: count,
  changes: z.exactOptional(z.array(changesSchema)),
});

const announcementOf = (prefix: Prefix, { level, asPath, reasons }: Omit<Announcement, 'prefix'>): Announcement => ({
  prefix,
  level,
  asPath,
  reasons,
});

type OfferedSet = DesiredSet & { readonly announcements: Listed<Announcement> };

/** The wire state that a connection was told last, and the set that was accepted with it. */
interface Last {
  readonly set?: OfferedSet;
  readonly wire: WireState;
}

/** The last answer to each connection: most offers only renew. */
class Offers {
  private readonly byCaller = new WeakMap<Caller, Last>();

  constructor(private readonly desk: GuardDesk) {}

  async hello(server: string, pid: number, caller: Caller): Promise<GuardCalls['hello']['result']> {
    const answer = await this.desk.hello(server, pid, caller);
    if (!answer.accepted) return answer;
    this.byCaller.set(caller, { wire: answer.wire });
    return { ...answer, wire: toldOf(answer.wire) };
  }

  async offer(offered: Offered, caller: Caller): Promise<GuardCalls['offer']['result']> {
    const known = this.byCaller.get(caller)?.wire.prefixes;
    const announcements = listOf(offered.announcements, announcementOf, known);
    const answer = await this.take({ ...offered, announcements }, caller);
    return answer.accepted ? { ...answer, wire: toldOf(answer.wire) } : answer;
  }

  private async take(set: OfferedSet, caller: Caller): Promise<OfferAnswer> {
    this.byCaller.delete(caller);
    const answer = await this.desk.offer(set);
    if (answer.accepted) this.byCaller.set(caller, { set, wire: answer.wire });
    return answer;
  }

  async renew({ like, changes = [], ...right }: Renewal, caller: Caller): Promise<RenewalAnswer> {
    const last = this.byCaller.get(caller);
    const set = last?.set?.epoch === right.epoch && last.set.sequence === like ? last.set : undefined;
    const announcements = set && withNews(set.announcements, changes);
    if (!last || !announcements) throw new LocalError('refused', `no set ${like} to renew; offer it whole`);
    const answer = await this.take({ ...right, announcements }, caller);
    if (!answer.accepted) return answer;
    const { wire } = answer;
    if (wire === last.wire) return { accepted: true };
    const news = newsIn(wire.prefixes, last.wire.prefixes);
    if (!news) return { accepted: true, wire: toldOf(wire) };
    return { accepted: true, news: { ...wire, prefixes: spansOf(wire.prefixes, news) } };
  }
}

function handlersOf(desk: GuardDesk): Handlers<GuardCalls> {
  const offers = new Offers(desk);
  const nothing = (done: Promise<void>): Promise<null> => done.then(() => null);
  return {
    hello: {
      params: z.strictObject({ server: z.string(), pid: count }),
      answer: ({ server, pid }, caller) => offers.hello(server, pid, caller),
    },
    offer: { params: offeredSchema, answer: (offered, caller) => offers.offer(offered, caller) },
    renew: { params: renewalSchema, answer: (renewal, caller) => offers.renew(renewal, caller) },
    handover: {
      params: z.strictObject({ epoch: count, mode: z.enum(['keep', 'drain']) }),
      answer: ({ epoch, mode }) => nothing(desk.handover(epoch, mode)),
    },
    drain: {
      params: z.strictObject({ scope: z.enum(['server', 'site']) }),
      answer: ({ scope }) => nothing(desk.drain(scope)),
    },
    undrain: { params: noParams, answer: () => nothing(desk.undrain()) },
    confirm: { params: noParams, answer: () => nothing(desk.confirm()) },
    status: { params: noParams, answer: async () => toldOf(await desk.status()) },
    sent: { params: z.strictObject({ prefix: prefixSchema }), answer: ({ prefix }) => desk.sent(prefix) },
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
