import type { Address, Family, Prefix } from '../../model/address.js';
import { familyOf, parseAddress } from '../../model/address.js';
import { type LargeCommunity, type SpeakerObserved, type SpeakerOp, TAG_FUNCTION } from '../../model/path.js';
import { type Speaker, SpeakerError, type Subscription } from '../../ports/speaker.js';
import { endpointOf } from './endpoint.js';
import { type Api, connectApi } from './gobgp3/api.js';
import { allow, disallow, installBarrier, observeBarrier } from './gobgp3/barrier.js';
import { type PathRead, pathReader } from './gobgp3/convert-path.js';
import { getGlobal, start } from './gobgp3/daemon.js';
import type { ListedPath } from './gobgp3/messages.js';
import { announce, countPaths, deleteLocal, listLocal, listSent, withdraw } from './gobgp3/paths.js';
import { addPeer, deletePeer, listPeers } from './gobgp3/peers.js';
import { watchEvents } from './watch.js';

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

/** As text: cheap on a full table, and stable. */
const byPrefix = (a: { readonly prefix: string }, b: { readonly prefix: string }): number =>
  a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : 0;

/** A listed path that is the same object as before has been read before. */
type PathsRead = WeakMap<ListedPath, PathRead>;

interface Reading {
  readonly api: Api;
  readonly tag: LargeCommunity | undefined;
  readonly known: PathsRead;
}

type Started = Extract<SpeakerObserved, { state: 'started' }>;
type Table = Pick<Started, 'paths' | 'foreignPaths'>;

async function observe(reading: Reading, before: SpeakerObserved | undefined): Promise<SpeakerObserved> {
  const { api } = reading;
  const asked = getGlobal(api);
  const rest = Promise.all([
    observeBarrier(api),
    before?.state === 'started' ? tableUnlessSame(reading, before) : readTable(reading),
    listPeers(api),
  ]);
  // A daemon without configuration refuses them.
  rest.catch(() => undefined);
  const global = await asked;
  if (!global) return { state: 'not-started' };
  const routerId = parseAddress(global.router_id);
  if (!routerId)
    throw new SpeakerError('not-ours', `${api.name}: router id ${JSON.stringify(global.router_id)} is none`);
  const [barrier, table, peers] = await rest;
  return {
    state: 'started',
    asn: global.asn,
    routerId,
    listenPort: global.listen_port,
    barrier,
    ...table,
    peers: [...peers].sort((a, b) => (a.address < b.address ? -1 : 1)),
  };
}

async function tableUnlessSame(reading: Reading, { paths, foreignPaths }: Table): Promise<Table> {
  const count = await countPaths(reading.api);
  return count === paths.length + foreignPaths.length ? { paths, foreignPaths } : readTable(reading);
}

async function readTable({ api, tag, known }: Reading): Promise<Table> {
  const readPath = pathReader(api.codec, tag);
  const read = (await listLocal(api)).map(({ family, prefix, listed }) => {
    const path = known.get(listed) ?? readPath(listed);
    known.set(listed, path);
    return { family, prefix, ...path };
  });
  return {
    paths: read.flatMap((r) => (r.ours ? [r.path] : [])).sort(byPrefix),
    foreignPaths: read
      .flatMap((r) => (r.ours ? [] : [{ family: r.family, prefix: r.prefix, detail: r.detail }]))
      .sort((a, b) => (`${a.prefix} ${a.detail}` < `${b.prefix} ${b.detail}` ? -1 : 1)),
  };
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
  const reading: Reading = { api, tag, known: new WeakMap() };
  const subscriptions = new Set<Subscription>();
  return {
    name,
    observe: (before) => explained(api, observe(reading, before)),
    apply: async (ops) => {
      for (const op of ops) await explained(api, execute(op));
    },
    stillSent: (prefixes, peers) => explained(api, stillSent(api, prefixes, peers)),
    watch: (wake) => {
      const subscription = watchEvents(api, wake);
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
