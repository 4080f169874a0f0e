/** The guard's socket, called. Loads no schema: agents and the command line begin here. */
import type { DesiredSet, HelloAnswer, OfferAnswer, WireState } from '../model/lease.js';
import type { GuardClient } from '../ports/guard.js';
import { localClient } from './client.js';
import type { NoParams } from './protocol.js';

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
