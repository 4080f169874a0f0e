import type { Address, Family, Prefix } from '../../model/address.js';
import { familyOf, parseAddress } from '../../model/address.js';
import {
  type LargeCommunity,
  type SpeakerObserved,
  type SpeakerOp,
  type SpeakerRunning,
  TAG_FUNCTION,
} from '../../model/path.js';
import { type Since, type Speaker, type SpeakerCapabilities, SpeakerError, type Subscription } from '../../ports/speaker.js';
import { endpointOf } from './endpoint.js';
import { type Api, connectApi } from './gobgp3/api.js';
import { allow, disallow, installBarrier, observeBarrier } from './gobgp3/barrier.js';
import { doubtOf } from './gobgp3/convert-event.js';
import { pathReader } from './gobgp3/convert-path.js';
import { getGlobal, start } from './gobgp3/daemon.js';
import { announce, deleteLocal, listSent, withdraw } from './gobgp3/paths.js';
import { OwnTable } from './gobgp3/table.js';
import { addPeer, deletePeer, listPeers } from './gobgp3/peers.js';
import { type EventSource, watchEvents } from './watch.js';

export interface GobgpOptions {
  /** `unix:/path`, `127.0.0.1:PORT` or `[::1]:PORT`. */
  readonly address: string;
  /** The folder that holds `gobgp/v3.proto`. */
  readonly protoDir: string;
  /** When given, a path without the large community `asn:1:server` is foreign. */
  readonly serverTag?: { readonly asn: number; readonly server: number };
  /** For one call, in milliseconds; default 2,000. Calls over many items may take longer, in proportion. */
  readonly deadlineMs?: number;
}

type Kind = SpeakerOp['kind'];
type Executors = { readonly [K in Kind]: (op: Extract<SpeakerOp, { kind: K }>) => Promise<void> };

function executorsFor(api: Api, tag: LargeCommunity | undefined): Executors {
  return {
    start: (op) => start(api, op),
    'install-barrier': (op) => installBarrier(api, op.allow),
    allow: (op) => allow(api, op.prefixes),
    disallow: (op) => disallow(api, op.prefixes),
    announce: (op) => announce(api, op.paths),
    withdraw: (op) => withdraw(api, op.prefixes),
    'delete-foreign': ({ family, prefix }) =>
      deleteLocal(api, (path) => path.prefix === prefix && !pathReader(api.codec, tag)(path.listed).ours, [family]),
    'add-peer': (op) => addPeer(api, op.peer),
    'delete-peer': (op) => deletePeer(api, op.address),
  };
}

type Frame = Omit<SpeakerRunning, 'barrier' | 'paths' | 'foreignPaths'>;

/** Identity and sessions, and what is read beside them; `undefined` while BGP is not started. */
async function readBeside<T>(api: Api, reading: Promise<T>): Promise<readonly [Frame, T] | undefined> {
  const asked = getGlobal(api);
  const rest = Promise.all([listPeers(api), reading]);
  // A daemon without configuration refuses them.
  rest.catch(() => undefined);
  const global = await asked;
  if (!global) return undefined;
  const { asn, router_id, listen_port } = global;
  const routerId = parseAddress(router_id);
  if (!routerId) throw new SpeakerError('not-ours', `${api.name}: router id ${JSON.stringify(router_id)} is none`);
  const [peers, read] = await rest;
  const sorted = [...peers].sort((a, b) => (a.address < b.address ? -1 : 1));
  return [{ state: 'started', asn, routerId, listenPort: listen_port, peers: sorted }, read];
}

const NOT_STARTED: SpeakerObserved = { state: 'not-started' };

async function observe(api: Api, table: OwnTable): Promise<SpeakerObserved> {
  const looked = await readBeside(api, Promise.all([observeBarrier(api), table.list()]));
  if (!looked) return NOT_STARTED;
  const [frame, [barrier, paths]] = looked;
  return { ...frame, barrier, ...paths };
}

async function recheck(api: Api, table: OwnTable, since: Since): Promise<SpeakerObserved | undefined> {
  const { observed, doubted } = since;
  const reading = Promise.all([
    since.barrier ? observeBarrier(api) : observed.barrier,
    table.recheck(observed, doubted),
  ]);
  const looked = await readBeside(api, reading);
  if (!looked) return NOT_STARTED;
  const [frame, [barrier, paths]] = looked;
  return paths && { ...frame, barrier, ...paths };
}

async function stillSent(
  api: Api,
  prefixes: readonly Prefix[],
  addresses: readonly Address[],
): Promise<readonly Prefix[]> {
  const established = (await listPeers(api)).filter((p) => p.state === 'established' && addresses.includes(p.address));
  const families = new Set<Family>(prefixes.map(familyOf));
  const sent = await Promise.all(
    established.flatMap((peer) =>
      peer.families
        .filter((family) => families.has(family))
        .map((family) => listSent(api, peer.address, family, prefixes)),
    ),
  );
  return [...new Set(sent.flat())].sort();
}

const eventsOf = (api: Api): EventSource => ({
  watchEvents: (listener) =>
    api.watchEvents({
      message: (content) => listener.event(doubtOf(api.codec, content)),
      ended: () => listener.ended(),
    }),
});

/** Says what an unknown interface is, where it can be told. */
async function explained<T>(api: Api, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SpeakerError) || error.reason !== 'unsupported-version') throw error;
    const found = (await api.isVersion4()) ? 'it is GoBGP 4' : 'it is not GoBGP';
    throw new SpeakerError('unsupported-version', `${api.name}: ${found}; run gobgpd 3.10 or a later 3.x there`);
  }
}

const CAN: SpeakerCapabilities = {
  md5: true,
  gtsm: true,
  passive: true,
  multihop: true,
  maxPrefix: true,
  gracefulRestart: true,
  adoption: true,
};

/**
 * A speaker on a running gobgpd 3.x that is ours alone. Connects at the first
 * call. Throws `SpeakerError` `invalid` for an address that is not a unix
 * socket or this machine's loopback.
 */
export function createGobgpSpeaker(options: GobgpOptions): Speaker {
  const { address, protoDir, serverTag, deadlineMs = 2_000 } = options;
  const name = `gobgpd 3.x at ${address}`;
  const api = connectApi({ name, target: endpointOf(address), protoDir, deadlineMs });
  const tag: LargeCommunity | undefined = serverTag && `${serverTag.asn}:${TAG_FUNCTION}:${serverTag.server}`;
  const executors = executorsFor(api, tag);
  const execute = async <K extends Kind>(op: Extract<SpeakerOp, { kind: K }>): Promise<void> => executors[op.kind](op);
  const table = new OwnTable(api, tag);
  const subscriptions = new Set<Subscription>();
  return {
    name,
    can: CAN,
    observe: () => explained(api, observe(api, table)),
    recheck: (since) => explained(api, recheck(api, table, since)),
    apply: async (ops) => {
      for (const op of ops) await explained(api, execute(op));
    },
    stillSent: (prefixes, peers) => explained(api, stillSent(api, prefixes, peers)),
    watch: (wake) => {
      const subscription = watchEvents(eventsOf(api), wake);
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
      api.close();
    },
  };
}
