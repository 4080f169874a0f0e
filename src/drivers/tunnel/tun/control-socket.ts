import { chmod, mkdir, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { LINE_LIMIT_BYTES, request, type Answer, type Request } from './protocol.js';

/** A client that says nothing for so long is gone. */
const IDLE_MS = 5_000;

export interface ControlSocket {
  close(): Promise<void>;
}

/**
 * Listens at `path` for its owner only. A socket file that nobody listens on
 * is replaced; rejects when another tund does, because two of them would
 * answer every packet twice.
 */
export async function listenAt(path: string, answer: (request: Request) => Answer): Promise<ControlSocket> {
  await mkdir(dirname(path), { recursive: true });
  if (await somebodyListens(path))
    throw new Error(`another tund listens at ${path}; stop it or choose another --socket`);
  await rm(path, { force: true });
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    serve(connection, answer);
  });
  await listening(server, path);
  await chmod(path, 0o600);
  const close = async (): Promise<void> => {
    for (const connection of connections) connection.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { close };
}

function serve(connection: Socket, answer: (request: Request) => Answer): void {
  let text = '';
  connection.setEncoding('utf8');
  connection.setTimeout(IDLE_MS, () => connection.destroy());
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk: string) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (end >= 0) connection.end(`${JSON.stringify(answerTo(text.slice(0, end), answer))}\n`);
    else if (text.length > LINE_LIMIT_BYTES) connection.destroy();
  });
}

function answerTo(line: string, answer: (request: Request) => Answer): Answer {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return { answer: 'failed', message: 'the request is not JSON' };
  }
  const parsed = request.safeParse(json);
  if (parsed.success) return answer(parsed.data);
  const issue = parsed.error.issues[0];
  return { answer: 'failed', message: `the request is not understood: ${issue?.path.join('.')} ${issue?.message}` };
}

function somebodyListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`cannot listen at ${path}: ${error.message}`)));
    server.listen(path, () => resolve());
  });
}
