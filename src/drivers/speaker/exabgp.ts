import { comparePrefix } from '../../model/address.js';
import {
  type LargeCommunity,
  type Path,
  type SpeakerObserved,
  type SpeakerOp,
  TAG_FUNCTION,
} from '../../model/path.js';
import { same } from '../../model/same.js';
import type { Since, Speaker, Subscription } from '../../ports/speaker.js';
import { checkPrefix } from './check-path.js';
import { BridgeClient } from './exabgp/client.js';
import { EXABGP_CAN } from './exabgp/neighbor.js';
import type { Seen } from './exabgp/seen.js';
import { watchEvents } from './watch.js';

export interface ExabgpOptions {
  /** The bridge's socket: an absolute path. */
  readonly socket: string;
  /** When given, a path without the large community `asn:1:server` is foreign. */
  readonly serverTag?: { readonly asn: number; readonly server: number };
  /** For one call, in milliseconds; default 5,000. Calls over many items may take longer, in proportion. */
  readonly deadlineMs?: number;
}

/** Each item is a line for the daemon to parse, and one to print when it is read back. */
const MS_PER_ITEM = 2;
/** A listing is as long as the table is, which is not known before. */
const LISTING_MS = 30_000;

const itemsOf = (op: SpeakerOp): number => {
  if (op.kind === 'announce') return op.paths.length;
  if ('prefixes' in op) return op.prefixes.length;
  return op.kind === 'install-barrier' ? op.allow.length : 0;
};

function observedFrom(seen: Seen): SpeakerObserved {
  if (seen.state === 'not-started') return seen;
  const { asn, routerId, listenPort, barrier, paths, foreign, peers } = seen;
  return { state: 'started', asn, routerId, listenPort, barrier, paths, foreignPaths: foreign, peers };
}

const byPrefix = (a: Path, b: Path): number => comparePrefix(a.prefix, b.prefix);

/** What was observed before, with what is seen now of the doubted paths; `undefined` when the counts do not agree. */
function rechecked({ observed, doubted, barrier }: Since, seen: Seen): SpeakerObserved | undefined {
  const now = observedFrom(seen);
  if (now.state === 'not-started' || seen.state === 'not-started') return now;
  const named = new Set(doubted);
  const before = named.size === 0 ? [] : observed.paths.filter(({ prefix }) => named.has(prefix));
  const read = [...now.paths].sort(byPrefix);
  const paths = same(before, read)
    ? observed.paths
    : [...observed.paths.filter(({ prefix }) => !named.has(prefix)), ...read].sort(byPrefix);
  if (paths.length !== seen.count) return undefined;
  return { ...now, paths, barrier: barrier || now.barrier.state !== 'held' ? now.barrier : observed.barrier };
}

/**
 * A speaker on an ExaBGP 4.2 that is ours alone, through the bridge that it
 * runs as its API process (`exabgp/bridge.ts`). Connects at the first call.
 */
export function createExabgpSpeaker(options: ExabgpOptions): Speaker {
  const { socket, serverTag, deadlineMs = 5_000 } = options;
  const name = `exabgp 4.2 at unix:${socket}`;
  const tag: LargeCommunity | undefined = serverTag && `${serverTag.asn}:${TAG_FUNCTION}:${serverTag.server}`;
  const client = new BridgeClient(name, socket, tag);
  const subscriptions = new Set<Subscription>();
  return {
    name,
    program: 'exabgp',
    can: EXABGP_CAN,
    observe: async () => observedFrom(await client.call('observe', {}, LISTING_MS)),
    recheck: async (since) => {
      const { doubted } = since;
      for (const prefix of doubted) checkPrefix(prefix);
      return rechecked(since, await client.call('recheck', { doubted }, LISTING_MS));
    },
    apply: async (ops) => {
      const items = ops.reduce((sum, op) => sum + itemsOf(op), 0);
      await client.call('apply', { ops }, deadlineMs * (1 + ops.length) + MS_PER_ITEM * items);
    },
    stillSent: (prefixes, peers) => client.call('stillSent', { prefixes, peers }, deadlineMs),
    watch: (wake) => {
      const subscription = watchEvents(client, wake);
      subscriptions.add(subscription);
      return {
        stop: () => {
          subscriptions.delete(subscription);
          subscription.stop();
        },
      };
    },
    close: () => {
      for (const subscription of subscriptions) subscription.stop();
      client.close();
    },
  };
}
