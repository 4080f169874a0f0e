/**
 * Serves calls on a unix socket.
 *
 * Bounded in every direction: length of a line, number of connections, calls
 * under way per connection, time without a word. A client that does not read
 * its answers is not read from either.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { LocalError } from '../ports/guard.js';
import { LineReader } from './lines.js';
import { type Calls, type Failure, IDENTIFY, type Identity, LONGEST_LINE } from './protocol.js';
import { complaint, type Handlers, requestSchema } from './request.js';
import { claim } from './socket-claim.js';

export interface LocalServerOptions<C extends Calls> {
  readonly path: string;
  readonly identity: Identity;
  readonly handlers: Handlers<C>;
  /** The connection behind `caller` has ended. */
  ended?(caller: object): void;
  /** Default 32. */
  readonly mostClients?: number;
  /** Bytes; default `LONGEST_LINE`. */
  readonly longestLine?: number;
}

export interface LocalServer {
  readonly path: string;
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

const MOST_CLIENTS = 32;
const MOST_CALLS = 64;
/** An agent speaks several times a second, a person looks away for a while. */
const SILENCE_MS = 300_000;

/**
 * Listens with mode 0600; the folder exists. Rejects with LocalError `in-use`
 * when a living process serves the socket already; a socket that a dead one
 * left is replaced.
 */
export async function serveLocal<C extends Calls>(options: LocalServerOptions<C>): Promise<LocalServer> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (connections.size >= (options.mostClients ?? MOST_CLIENTS)) {
      socket.end(failed(null, { reason: 'refused', message: `${options.identity.role}: too many connections` }), () =>
        socket.destroy(),
      );
      return;
    }
    connections.add(socket);
    socket.on('close', () => {
      connections.delete(socket);
      options.ended?.(socket);
    });
    attend(socket, options);
  });
  const release = await claim(options.path, options.identity.role);
  try {
    await listen(server, options.path);
  } catch (error) {
    await release();
    throw error;
  }
  return {
    path: options.path,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of connections) socket.destroy();
      await closed;
      await release();
    },
  };
}

/** bind(2) happens inside `listen`, so that the mask holds for this one file and at no time is the socket open to others. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new LocalError(
          'refused',
          `cannot listen on ${path}: ${error.code ?? error.message}; does its folder exist, and is it ours?`,
        ),
      ),
    );
    const before = process.umask(0o177);
    try {
      server.listen(path, () => resolve());
    } finally {
      process.umask(before);
    }
  });
}

function attend<C extends Calls>(socket: Socket, options: LocalServerOptions<C>): void {
  let underWay = 0;
  const send = (line: string): void => {
    if (!socket.writable || socket.write(line) || socket.isPaused()) return;
    socket.pause();
    socket.once('drain', () => socket.resume());
  };
  const reader = new LineReader(options.longestLine ?? LONGEST_LINE, {
    line: (text) => {
      if (underWay >= MOST_CALLS) return send(failed(null, { reason: 'refused', message: 'too many calls at once' }));
      underWay++;
      void answer(text, options, socket).then((line) => {
        underWay--;
        send(line);
      });
    },
    tooLong: () =>
      socket.end(failed(null, { reason: 'malformed', message: 'the line is too long' }), () => socket.destroy()),
  });
  socket.setTimeout(SILENCE_MS, () => socket.destroy());
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
}

const failed = (id: number | null, error: Failure): string => `${JSON.stringify({ id, error })}\n`;

/** Never rejects: whatever happens becomes one line. */
async function answer<C extends Calls>(text: string, options: LocalServerOptions<C>, caller: object): Promise<string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return failed(null, { reason: 'malformed', message: 'the line is not JSON' });
  }
  const request = requestSchema.safeParse(json);
  if (!request.success) return failed(null, { reason: 'malformed', message: complaint(request.error) });
  const { id, method, params } = request.data;
  try {
    return `${JSON.stringify({ id, result: (await dispatch(method, params, options, caller)) ?? null })}\n`;
  } catch (error) {
    const reason = error instanceof LocalError ? error.reason : 'refused';
    return failed(id, { reason, message: error instanceof Error ? error.message : String(error) });
  }
}

async function dispatch<C extends Calls>(
  method: string,
  params: unknown,
  { identity, handlers }: LocalServerOptions<C>,
  caller: object,
): Promise<unknown> {
  if (method === IDENTIFY) return identity;
  if (!Object.hasOwn(handlers, method))
    throw new LocalError('malformed', `the ${identity.role} knows no method ${method}`);
  const handler = handlers[method as keyof C & string];
  const checked = handler.params.safeParse(params);
  if (!checked.success) throw new LocalError('malformed', `${method}: ${complaint(checked.error)}`);
  return handler.answer(checked.data, caller);
}
