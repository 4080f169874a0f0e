/** The guard's socket, called. Loads no schema: agents and the command line begin here. */
import type { Prefix } from '../model/address.js';
import type { DesiredSet, DrainScope, HelloAnswer, OfferAnswer, SentTo, WireState } from '../model/lease.js';
import { same } from '../model/same.js';
import { type GuardClient, LocalError } from '../ports/guard.js';
import { type LocalClient, localClient } from './client.js';
import type { NoParams } from './protocol.js';

export type GuardCalls = {
  readonly hello: { readonly params: { readonly server: string; readonly pid: number }; readonly result: HelloAnswer };
  readonly offer: { readonly params: DesiredSet; readonly result: OfferAnswer };
  /** An offer with the announcements of the set `like`, which this connection offered whole. Refused when there is none. */
  readonly renew: { readonly params: Renewal; readonly result: RenewalAnswer };
  readonly handover: {
    readonly params: { readonly epoch: number; readonly mode: 'keep' | 'drain' };
    readonly result: null;
  };
  readonly drain: { readonly params: { readonly scope: DrainScope }; readonly result: null };
  readonly undrain: { readonly params: NoParams; readonly result: null };
  readonly confirm: { readonly params: NoParams; readonly result: null };
  readonly status: { readonly params: NoParams; readonly result: WireState };
  readonly sent: { readonly params: { readonly prefix: Prefix }; readonly result: readonly SentTo[] };
};

export interface Renewal extends Omit<DesiredSet, 'announcements'> {
  /** Its sequence. */
  readonly like: number;
}

/** Without a wire state it is the one that this connection was told last. */
export type RenewalAnswer =
  { readonly accepted: true; readonly wire?: WireState } | Extract<OfferAnswer, { readonly accepted: false }>;

/** The guard answers within 2 s whatever its speaker does; a second more is for a busy machine. */
const ANSWER_MS = 3_000;

/** An operator's word is kept whether or not somebody still waits: better to wait for a machine that can hardly answer than to leave it open. */
const WORD_MS = 15_000;

/** Connects with the first call. */
export function guardClient(path: string): GuardClient {
  const client = localClient<GuardCalls>(path, 'guard');
  const offer = offerOver(client);
  const nothing = async (done: Promise<null>): Promise<void> => {
    await done;
  };
  return {
    hello: (server, pid) => client.call('hello', { server, pid }, ANSWER_MS),
    offer,
    handover: (epoch, mode) => nothing(client.call('handover', { epoch, mode }, ANSWER_MS)),
    drain: (scope) => nothing(client.call('drain', { scope }, WORD_MS)),
    undrain: () => nothing(client.call('undrain', {}, WORD_MS)),
    confirm: () => nothing(client.call('confirm', {}, WORD_MS)),
    status: () => client.call('status', {}, ANSWER_MS),
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

/** The last set that was offered whole, and the wire state as the guard told it last. */
interface Told {
  readonly set: DesiredSet;
  /** Equal to those of the set, as they were handed over last: most often the same array comes again. */
  readonly announcements: DesiredSet['announcements'];
  readonly wire: WireState;
}

/**
 * Most offers only renew. While the announcements stay as they are, neither
 * they nor an unchanged answer travel again; whatever goes wrong, the next
 * offer is whole.
 */
function offerOver(client: LocalClient<GuardCalls>): GuardClient['offer'] {
  let told: Told | undefined;

  const renew = async (set: DesiredSet, last: Told): Promise<OfferAnswer | undefined> => {
    const { announcements: _, ...rest } = set;
    try {
      const answer = await client.call('renew', { ...rest, like: last.set.sequence }, ANSWER_MS);
      return answer.accepted ? { accepted: true, wire: answer.wire ?? last.wire } : answer;
    } catch (error) {
      if (error instanceof LocalError && error.reason === 'refused') return undefined;
      throw error;
    }
  };
  return async (set) => {
    const last = told;
    told = undefined;
    if (last?.set.epoch === set.epoch && same(last.announcements, set.announcements)) {
      const renewed = await renew(set, last);
      if (renewed?.accepted) told = { ...last, announcements: set.announcements, wire: renewed.wire };
      if (renewed) return renewed;
    }
    const answer = await client.call('offer', set, ANSWER_MS);
    if (answer.accepted) told = { set, announcements: set.announcements, wire: answer.wire };
    return answer;
  };
}
