/** The guard's socket, called. Loads no schema: agents and the command line begin here. */
import type { Prefix } from '../model/address.js';
import {
  type DesiredSet,
  type DrainScope,
  type HelloAnswer,
  type OfferAnswer,
  type SentTo,
  wirePrefix,
  type WirePrefix,
  type WireState,
} from '../model/lease.js';
import { newsIn } from '../model/changes.js';
import { once } from '../model/once.js';
import type { Announcement } from '../model/path.js';
import { type GuardClient, LocalError } from '../ports/guard.js';
import { type LocalClient, localClient } from './client.js';
import type { NoParams } from './protocol.js';
import { type Listed, listOf, type Run, runsOf, type Span, spansOf, withNews } from './runs.js';

/** With its list of prefixes in runs. */
export type Told = Omit<WireState, 'prefixes'> & { readonly prefixes: readonly Run<WirePrefix>[] };
/** With its announcements in runs. */
export type Offered = Omit<DesiredSet, 'announcements'> & { readonly announcements: readonly Run<Announcement>[] };

/** The same answer, with its wire state as it travels. */
type Telling<A> = A extends { readonly wire: WireState } ? Omit<A, 'wire'> & { readonly wire: Told } : A;

export type GuardCalls = {
  readonly hello: {
    readonly params: { readonly server: string; readonly pid: number };
    readonly result: Telling<HelloAnswer>;
  };
  readonly offer: { readonly params: Offered; readonly result: Telling<OfferAnswer> };
  /** An offer with the announcements of the set `like`, this connection's last, but for some. Refused when there is none. */
  readonly renew: { readonly params: Renewal; readonly result: RenewalAnswer };
  readonly handover: {
    readonly params: { readonly epoch: number; readonly mode: 'keep' | 'drain' };
    readonly result: null;
  };
  readonly drain: { readonly params: { readonly scope: DrainScope }; readonly result: null };
  readonly undrain: { readonly params: NoParams; readonly result: null };
  readonly confirm: { readonly params: NoParams; readonly result: null };
  readonly status: { readonly params: NoParams; readonly result: Told };
  readonly sent: { readonly params: { readonly prefix: Prefix }; readonly result: readonly SentTo[] };
};

export interface Renewal extends Omit<DesiredSet, 'announcements'> {
  /** Its sequence. */
  readonly like: number;
  /** None without it. */
  readonly changes?: readonly Span<Announcement>[];
}

/** A wire state with those prefixes alone about which something is new. */
export type News = Omit<WireState, 'prefixes'> & { readonly prefixes: readonly Span<WirePrefix>[] };

/** Without a wire state or news of it, it is the one that this connection was told last. */
export type RenewalAnswer =
  | { readonly accepted: true; readonly wire?: Told }
  | { readonly accepted: true; readonly news: News }
  | Extract<OfferAnswer, { readonly accepted: false }>;

/** The guard answers within 2 s whatever its speaker does; a second more is for a busy machine. */
const ANSWER_MS = 3_000;
/** In addition, for each announcement that travels: five times what reading it takes. */
const ANSWER_MS_PER_PREFIX = 0.1;

/** An operator's word is kept whether or not somebody still waits: better to wait for a machine that can hardly answer than to leave it open. */
const WORD_MS = 15_000;

/** One object for as long as the wire state is one. */
export const toldOf = once((wire: WireState): Told => ({ ...wire, prefixes: runsOf(wire.prefixes) }));
const wireIn = (told: Told): WireState => ({ ...told, prefixes: listOf(told.prefixes, wirePrefix) });

/** Connects with the first call. */
export function guardClient(path: string): GuardClient {
  const client = localClient<GuardCalls>(path, 'guard');
  const offer = offerOver(client);
  const nothing = async (done: Promise<null>): Promise<void> => {
    await done;
  };
  return {
    hello: async (server, pid) => {
      const answer = await client.call('hello', { server, pid }, ANSWER_MS);
      return answer.accepted ? { ...answer, wire: wireIn(answer.wire) } : answer;
    },
    offer,
    handover: (epoch, mode) => nothing(client.call('handover', { epoch, mode }, ANSWER_MS)),
    drain: (scope) => nothing(client.call('drain', { scope }, WORD_MS)),
    undrain: () => nothing(client.call('undrain', {}, WORD_MS)),
    confirm: () => nothing(client.call('confirm', {}, WORD_MS)),
    status: async () => wireIn(await client.call('status', {}, ANSWER_MS)),
    close: () => client.close(),
  };
}

/** Asks the guard behind a socket once what each peer has been sent of a prefix. */
export async function sentToPeers(path: string, prefix: Prefix): Promise<readonly SentTo[]> {
  const client = localClient<GuardCalls>(path, 'guard');
  try {
    return await client.call('sent', { prefix }, ANSWER_MS);
  } finally {
    client.close();
  }
}

const answerMs = (travelling: { readonly length: number }): number =>
  ANSWER_MS + travelling.length * ANSWER_MS_PER_PREFIX;

type Refused = Extract<OfferAnswer, { readonly accepted: false }>;

/** The last set that the guard has accepted here, and the wire state as it was told then. */
interface Last {
  readonly set: DesiredSet;
  readonly list: Listed<WirePrefix>;
  readonly wire: WireState;
}

const lastOf = (set: DesiredSet, list: Listed<WirePrefix>, told: Omit<WireState, 'prefixes'>): Last => ({
  set,
  list,
  wire: { ...told, prefixes: list },
});

/** An agent names prefixes by the texts that it has already. */
const wholeOf = (set: DesiredSet, told: Told): Last =>
  lastOf(set, listOf(told.prefixes, wirePrefix, set.announcements), told);

/** As the guard has it now. */
function after(answer: Extract<RenewalAnswer, { readonly accepted: true }>, set: DesiredSet, last: Last): Last {
  if ('news' in answer) {
    const list = withNews(last.list, answer.news.prefixes);
    if (!list) throw new LocalError('malformed', 'the guard tells news of prefixes that it has not told of before');
    return lastOf(set, list, answer.news);
  }
  const { wire } = answer;
  return wire ? wholeOf(set, wire) : { ...last, set };
}

/**
 * Most offers only renew, and most others change a few of many announcements:
 * neither what stays as it is nor an unchanged part of the answer travels
 * again. Whatever goes wrong, the next offer is whole.
 */
function offerOver(client: LocalClient<GuardCalls>): GuardClient['offer'] {
  let told: Last | undefined;

  const renew = async (set: DesiredSet, last: Last): Promise<Last | Refused | undefined> => {
    const { announcements, ...rest } = set;
    const news = newsIn(announcements, last.set.announcements);
    if (news === undefined) return undefined;
    const changes = news.length === 0 ? {} : { changes: spansOf(announcements, news) };
    try {
      const answer = await client.call('renew', { ...rest, like: last.set.sequence, ...changes }, answerMs(news));
      return answer.accepted ? after(answer, set, last) : answer;
    } catch (error) {
      if (error instanceof LocalError && error.reason === 'refused') return undefined;
      throw error;
    }
  };
  const whole = async (set: DesiredSet): Promise<Last | Refused> => {
    const { announcements } = set;
    const offered = { ...set, announcements: runsOf(announcements) };
    const answer = await client.call('offer', offered, answerMs(announcements));
    return answer.accepted ? wholeOf(set, answer.wire) : answer;
  };
  return async (set) => {
    const last = told;
    told = undefined;
    const renewed = last?.set.epoch === set.epoch ? await renew(set, last) : undefined;
    const answer = renewed ?? (await whole(set));
    if ('accepted' in answer) return answer;
    told = answer;
    return { accepted: true, wire: answer.wire };
  };
}
