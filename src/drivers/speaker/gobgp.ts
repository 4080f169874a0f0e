import type { Address, Family, Prefix } from '../../model/address.js';
import { familyOf, parseAddress } from '../../model/address.js';
import {
  type LargeCommunity,
  type SpeakerObserved,
  type SpeakerOp,
  type SpeakerRunning,
  TAG_FUNCTION,
} from '../../model/path.js';
import { type Since, type Speaker, type SpeakerCapabilities, SpeakerError } from '../../ports/speaker.js';
import { once } from '../../model/once.js';
import { endpointOf } from './endpoint.js';
import type { Api } from './gobgp/api.js';
import { allow, disallow, installBarrier, observeBarrier } from './gobgp/barrier.js';
import { Connection } from './gobgp/connection.js';
import { doubtOf } from './gobgp/convert-event.js';
import { pathReader, strangerTo } from './gobgp/convert-path.js';
import { getGlobal, start } from './gobgp/daemon.js';
import { announce, deleteLocal, listSent, type LocalPath, withdraw } from './gobgp/paths.js';
import { OwnTable } from './gobgp/table.js';
import type { WireEvent } from './gobgp/messages.js';
import { addPeer, deletePeer, listPeers } from './gobgp/peers.js';
import { versionIn } from './gobgp/versions.js';
import { type EventSource, type Watch, watchEvents } from './watch.js';
import type { OpenStream } from './client.js';

export interface ServerTag {
  readonly asn: number;
  readonly server: number;
}

export interface GobgpOptions {
  /** `unix:/path`, `127.0.0.1:PORT` or `[::1]:PORT`. */
  readonly address: string;
  /** The folder that holds `gobgp/`. */
  readonly protoDir: string;
  /** When given, a path without the large community `asn:1:server` is foreign. Nothing that was read is told before it is known. */
  readonly serverTag?: ServerTag | Promise<ServerTag>;
  /** What `gobgpd --version` prints on this machine; releases that must not run here are refused by it. Without it none is. */
  readonly installed?: () => Promise<string>;
  /** For one call, in milliseconds; default 2,000. Calls over many items may take longer, in proportion. */
  readonly deadlineMs?: number;
}

type Kind = SpeakerOp['kind'];
type Executors = { readonly [K in Kind]: (op: Extract<SpeakerOp, { kind: K }>) => Promise<void> };

function executorsFor(api: Api, tag: Promise<LargeCommunity | undefined>): Executors {
  return {
    start: (op) => start(api, op),
    'install-barrier': (op) => installBarrier(api, op.allow),
    allow: (op) => allow(api, op.prefixes),
    disallow: (op) => disallow(api, op.prefixes),
    announce: (op) => announce(api, op.paths),
    withdraw: (op) => withdraw(api, op.prefixes),
    'delete-foreign': async ({ family, prefix }) => {
      const read = pathReader();
      const own = await tag;
      const isOurs = ({ listed }: LocalPath): boolean => {
        const it = read(prefix, listed);
        return it.ours && strangerTo(own, it.path) === undefined;
      };
      return deleteLocal(api, (path) => path.prefix === prefix && !isOurs(path), [family]);
    },
    'add-peer': (op) => addPeer(api, op.peer),
    'delete-peer': (op) => deletePeer(api, op.address),
  };
}

/** Above, every path of ours that came back as an event would slow GoBGP down by half, and tell nothing: the whole table is read afterwards. */
const FEW = 1_000;

const isBulk = (op: SpeakerOp): boolean =>
  (op.kind === 'announce' && op.paths.length > FEW) || (op.kind === 'withdraw' && op.prefixes.length > FEW);

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
    table.recheck(observed, doubted, since.barrier),
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

/** What one daemon is asked through; kept for as long as its version stays. */
interface Parts {
  readonly table: OwnTable;
  readonly executors: Executors;
}

/** The daemon is gone, or another one is there: which it is has to be found out again. */
const LOST: readonly SpeakerError['reason'][] = ['unreachable', 'unsupported-version'];

/** The stream of events of whichever daemon is there. */
const eventsOf = (connection: Connection): EventSource => ({
  watchEvents: (listener) => {
    let cancelled = false;
    let stream: OpenStream | undefined;
    const ended = (): void => {
      connection.forget();
      if (!cancelled) listener.ended();
    };
    const open = (api: Api): void => {
      if (cancelled) return;
      const message = (content: WireEvent): void => listener.event(doubtOf(api.readNlri, content));
      stream = api.watchEvents({ message, ended });
    };
    void connection.api().then(open, ended);
    return {
      cancel: () => {
        cancelled = true;
        stream?.cancel();
      },
    };
  },
});

/** All of it; the same for every release. */
export const GOBGP_CAN: SpeakerCapabilities = {
  md5: true,
  gtsm: true,
  passive: true,
  multihop: true,
  maxPrefix: true,
  gracefulRestart: true,
  adoption: true,
};

async function tagOf(serverTag: GobgpOptions['serverTag']): Promise<LargeCommunity | undefined> {
  const tag = await serverTag;
  return tag && `${tag.asn}:${TAG_FUNCTION}:${tag.server}`;
}

/**
 * A speaker on a running gobgpd that is ours alone, 3.10 or later, or 4: which
 * one it is, is found out when it is asked, and again when it comes back.
 * Connects at the first call. Throws `SpeakerError` `invalid` for an address
 * that is not a unix socket or this machine's loopback.
 */
export function createGobgpSpeaker(options: GobgpOptions): Speaker {
  const { address, protoDir, serverTag, installed, deadlineMs = 2_000 } = options;
  const name = `gobgpd at ${address}`;
  const installedRelease = async (): Promise<string | undefined> => versionIn((await installed?.()) ?? '');
  const connection = new Connection({ name, target: endpointOf(address), protoDir, deadlineMs, installedRelease });
  const tag = tagOf(serverTag);
  // Told by whatever needs it.
  tag.catch(() => undefined);
  const partsOf = once((api: Api): Parts => ({ table: new OwnTable(api, tag), executors: executorsFor(api, tag) }));
  const watches = new Set<Watch>();

  const ask = async <T>(work: (api: Api, parts: Parts) => Promise<T>): Promise<T> => {
    const api = await connection.api();
    try {
      return await work(api, partsOf(api));
    } catch (error) {
      if (error instanceof SpeakerError && LOST.includes(error.reason)) connection.forget();
      throw error;
    }
  };
  const execute = async <K extends Kind>(op: Extract<SpeakerOp, { kind: K }>): Promise<void> =>
    ask((_, { executors }) => executors[op.kind](op));
  const unwatched = async (work: () => Promise<void>): Promise<void> => {
    for (const watch of watches) watch.pause();
    try {
      await work();
    } finally {
      await Promise.all([...watches].map((watch) => watch.resume()));
    }
  };
  return {
    name,
    program: 'gobgpd',
    can: GOBGP_CAN,
    observe: () => ask((api, { table }) => observe(api, table)),
    recheck: (since) => ask((api, { table }) => recheck(api, table, since)),
    apply: async (ops) => {
      for (const op of ops) await (isBulk(op) ? unwatched(() => execute(op)) : execute(op));
    },
    stillSent: (prefixes, peers) => ask((api) => stillSent(api, prefixes, peers)),
    watch: (wake) => {
      const watch = watchEvents(eventsOf(connection), wake);
      watches.add(watch);
      return {
        stop: () => {
          watches.delete(watch);
          watch.stop();
        },
      };
    },
    close: () => {
      for (const watch of watches) watch.stop();
      connection.close();
    },
  };
}
