/**
 * The bridge's own door: a unix socket for the guard.
 *
 * Bounded: connections, calls under way, length of a line. A client that does
 * not read is cut off.
 */
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { LargeCommunity } from '../../../model/path.js';
import { type Doubt, SpeakerError } from '../../../ports/speaker.js';
import type { Bridge, Ours } from './bridge.js';
import { lineOf, LONGEST_LINE, type Method, PROTOCOL, readLines, type Reply, type Request } from './lines.js';

const MOST_CLIENTS = 16;
const MOST_CALLS = 64;
/** Events come by the hundred; one word about them is enough. Milliseconds. */
const WAKE_EVERY = 10;
/** More are as quickly read with everything. */
const MOST_NAMED = 1_000;
/** Milliseconds. */
const ANSWER_MS = 1_000;

export interface BridgeServer {
  wake(doubt: Doubt): void;
  close(): Promise<void>;
}

interface Client {
  readonly socket: Socket;
  tag: LargeCommunity | undefined;
  watches: boolean;
  underWay: number;
}

/** Listens with mode 0600. Rejects with SpeakerError `rejected` while another bridge answers there. */
export async function serveBridge(path: string, bridge: Bridge): Promise<BridgeServer> {
  if (await answers(path))
    throw new SpeakerError('rejected', `another exabgp bridge answers at ${path}; stop it first`);
  await rm(path, { force: true });
  const clients = new Set<Client>();
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (clients.size >= MOST_CLIENTS) {
      socket.destroy();
      return;
    }
    const client: Client = { socket, tag: undefined, watches: false, underWay: 0 };
    clients.add(client);
    socket.on('close', () => clients.delete(client));
    readLines(socket, (value) => attend(bridge, client, value));
  });
  await listen(server, path);
  const waking = new Waking((doubt) => {
    for (const client of clients) if (client.watches) send(client, { wake: doubt });
  });
  return {
    wake: (doubt) => waking.add(doubt),
    close: async () => {
      waking.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const { socket } of clients) socket.destroy();
      await closed;
    },
  };
}

/** Collects doubts for a moment. */
class Waking {
  #doubt: Doubt | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly tell: (doubt: Doubt) => void) {}

  add(doubt: Doubt): void {
    const before = this.#doubt;
    const all = doubt === 'everything' || before === 'everything';
    const prefixes = all ? [] : [...(before?.prefixes ?? []), ...doubt.prefixes];
    this.#doubt = all || prefixes.length > MOST_NAMED ? 'everything' : { prefixes };
    this.#timer ??= setTimeout(() => {
      const due = this.#doubt;
      this.stop();
      if (due !== undefined) this.tell(due);
    }, WAKE_EVERY);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#doubt = undefined;
  }
}

function attend(bridge: Bridge, client: Client, value: unknown): void {
  const request = value as Request;
  if (typeof request !== 'object' || typeof request.id !== 'number') {
    client.socket.destroy();
    return;
  }
  if (client.underWay >= MOST_CALLS) {
    send(client, { id: request.id, error: { reason: 'rejected', message: 'too many calls at once' } });
    return;
  }
  client.underWay++;
  void answer(bridge, client, request).then((reply) => {
    client.underWay--;
    send(client, reply);
  });
}

/** Never rejects. */
async function answer(bridge: Bridge, client: Client, { id, method, params }: Request): Promise<Reply> {
  try {
    return { id, result: await ANSWERS[method](bridge, client, params as never) };
  } catch (error) {
    const reason = error instanceof SpeakerError ? error.reason : 'rejected';
    return { id, error: { reason, message: error instanceof Error ? error.message : String(error) } };
  }
}

const oursBy =
  (tag: LargeCommunity | undefined): Ours =>
  (path) =>
    tag === undefined || path.attributes.largeCommunities.includes(tag);

const ANSWERS: { readonly [M in Method]: (bridge: Bridge, client: Client, params: Request<M>['params']) => unknown } = {
  hello: (_, client, { tag }) => {
    client.tag = tag;
    return { protocol: PROTOCOL };
  },
  observe: (bridge, { tag }) => bridge.observe(oursBy(tag)),
  recheck: (bridge, { tag }, { doubted }) => bridge.recheck(doubted, oursBy(tag)),
  apply: async (bridge, { tag }, { ops }) => {
    await bridge.apply(ops, oursBy(tag));
    return null;
  },
  stillSent: (bridge, _, { prefixes, peers }) => bridge.stillSent(prefixes, peers),
  watch: (_, client) => {
    client.watches = true;
    return null;
  },
};

function send({ socket }: Client, reply: Reply): void {
  if (!socket.writable) return;
  socket.write(lineOf(reply));
  if (socket.writableLength > 2 * LONGEST_LINE) socket.destroy();
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // bind(2) happens inside `listen`: at no time is the socket open to others.
    const before = process.umask(0o177);
    try {
      server.listen(path, () => resolve());
    } finally {
      process.umask(before);
    }
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const end = (found: boolean) => () => {
      probe.destroy();
      resolve(found);
    };
    probe.setTimeout(ANSWER_MS, end(true));
    probe.once('connect', end(true));
    probe.once('error', end(false));
  });
}
