import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { localClient } from '../../src/local/client.js';
import { type LocalServer, type LocalServerOptions, serveLocal } from '../../src/local/server.js';
import { LocalError } from '../../src/ports/guard.js';

type EchoCalls = {
  readonly echo: { readonly params: { readonly text: string }; readonly result: string };
  readonly fail: { readonly params: object; readonly result: null };
  readonly hang: { readonly params: object; readonly result: null };
};

let folder: string;
let path: string;
const open: { close(): unknown }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culvert-local-'));
  path = join(folder, 'echo.sock');
});
afterEach(async () => {
  for (const item of open.splice(0).reverse()) await item.close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(change: Partial<LocalServerOptions<EchoCalls>> = {}): Promise<LocalServer> {
  const server = await serveLocal<EchoCalls>({
    path,
    identity: { role: 'echo', pid: 4711 },
    handlers: {
      echo: { params: z.strictObject({ text: z.string() }), answer: async ({ text }) => text },
      fail: {
        params: z.object({}),
        answer: () => Promise.reject(new LocalError('refused', 'not today')),
      },
      hang: { params: z.object({}), answer: () => new Promise(() => undefined) },
    },
    ...change,
  });
  open.push(server);
  return server;
}

function client() {
  const made = localClient<EchoCalls>(path, 'echo');
  open.push(made);
  return made;
}

/** A bare connection: what a broken or hostile client sends, and the lines that it gets. */
async function raw(): Promise<{ socket: Socket; next(): Promise<unknown>; ended: Promise<unknown> }> {
  const socket = connect(path);
  open.push({ close: () => socket.destroy() });
  socket.on('error', () => undefined);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const ended = once(socket, 'close');
  await once(socket, 'connect');
  return {
    socket,
    next: async () => {
      const { value, done } = (await lines.next()) as { value: string; done?: boolean };
      return done === true ? undefined : (JSON.parse(value) as unknown);
    },
    ended,
  };
}

test('calls and answers, in any order, over one connection', async () => {
  await serve();
  const { call } = client();
  const texts = Array.from({ length: 50 }, (_, i) => `line ${i} ä\n`);
  expect(await Promise.all(texts.map((text) => call('echo', { text }, 1_000)))).toEqual(texts);
});

test('a large parameter crosses in many pieces', async () => {
  await serve();
  const text = 'x'.repeat(3_000_000);
  expect(await client().call('echo', { text }, 5_000)).toBe(text);
});

test('only this user may open the socket', async () => {
  await serve();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each([
  ['no JSON', 'hello\n', { id: null, error: { reason: 'malformed', message: 'the line is not JSON' } }],
  [
    'no call',
    '{"id":"x"}\n',
    { id: null, error: { reason: 'malformed', message: expect.stringContaining('id:') as string } },
  ],
  [
    'an unknown method',
    '{"id":1,"method":"toString","params":{}}\n',
    { id: 1, error: { reason: 'malformed', message: 'the echo knows no method toString' } },
  ],
  [
    'wrong parameters',
    '{"id":1,"method":"echo","params":{"text":7}}\n',
    { id: 1, error: { reason: 'malformed', message: expect.stringContaining('echo: text:') as string } },
  ],
  [
    'unknown parameters',
    '{"id":1,"method":"echo","params":{"text":"a","b":1}}\n',
    { id: 1, error: { reason: 'malformed', message: expect.stringContaining('echo:') as string } },
  ],
  [
    'a refusal',
    '{"id":1,"method":"fail","params":{}}\n',
    { id: 1, error: { reason: 'refused', message: 'not today' } },
  ],
])('%s is answered with one error line, and the connection lives', async (_, line, error) => {
  await serve();
  const { socket, next } = await raw();
  socket.write(line);
  expect(await next()).toEqual(error);
  socket.write('{"id":2,"method":"echo","params":{"text":"still here"}}\n');
  expect(await next()).toEqual({ id: 2, result: 'still here' });
});

test('a line without end is cut off with one error', async () => {
  await serve({ longestLine: 1_000 });
  const { socket, next, ended } = await raw();
  socket.write('x'.repeat(5_000));
  expect(await next()).toEqual({ id: null, error: { reason: 'malformed', message: 'the line is too long' } });
  await ended;
});

test('connections and calls are counted', async () => {
  await serve({ mostClients: 2 });
  const [first] = [await raw(), await raw()];
  const third = await raw();
  expect(await third.next()).toEqual({ id: null, error: { reason: 'refused', message: 'echo: too many connections' } });
  await third.ended;
  for (let id = 0; id < 65; id++) first.socket.write(`{"id":${id},"method":"hang","params":{}}\n`);
  expect(await first.next()).toEqual({ id: null, error: { reason: 'refused', message: 'too many calls at once' } });
});

test('the server learns when a connection ends', async () => {
  const ended: object[] = [];
  let seen = (): void => undefined;
  const gone = new Promise<void>((resolve) => (seen = resolve));
  await serve({ ended: (caller) => (ended.push(caller), seen()) });
  const { socket } = await raw();
  socket.destroy();
  await gone;
  expect(ended).toHaveLength(1);
});

describe('one server per path', () => {
  test('a second one is told who has it, and nothing is disturbed', async () => {
    await serve();
    await expect(serve()).rejects.toThrow(`another echo is running at ${path}, pid 4711; stop it first`);
    expect(await client().call('echo', { text: 'alive' }, 1_000)).toBe('alive');
  });

  test('of many that start at once beside a stale socket exactly one wins', async () => {
    await leaveStaleSocket();
    const started = await Promise.allSettled(Array.from({ length: 10 }, () => serve()));
    expect(started.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await client().call('echo', { text: 'alive' }, 1_000)).toBe('alive');
  });

  test('a socket that a dead process left is replaced', async () => {
    await leaveStaleSocket();
    await serve();
    expect(await client().call('echo', { text: 'new' }, 1_000)).toBe('new');
  });

  test('somebody who takes connections and says nothing still has it', async () => {
    const mute = createServer(() => undefined);
    open.push(mute);
    await new Promise<void>((resolve) => mute.listen(path, resolve));
    const hush = connect(path);
    open.push({ close: () => hush.destroy() });
    await expect(serve()).rejects.toThrow(`another echo is running at ${path}; stop it first`);
    hush.destroy();
  });

  test('a file in its place is not removed', async () => {
    await writeFile(path, 'precious');
    await expect(serve()).rejects.toThrow('is there and is no socket; move it away');
    expect((await stat(path)).size).toBe(8);
  });

  test('closed, it leaves nothing, and another one may start', async () => {
    await (await serve()).close();
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await serve();
  });

  test('a folder that is missing is named', async () => {
    path = join(folder, 'no', 'such', 'echo.sock');
    await expect(serve()).rejects.toThrow(`cannot listen on ${path}: EACCES; does its folder exist, and is it ours?`);
  });

  async function leaveStaleSocket(): Promise<void> {
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', script]), 'exit');
    expect((await stat(path)).isSocket()).toBe(true);
  }
});

describe('the client', () => {
  test('says that nobody listens, and finds the server once it is there', async () => {
    const { call } = client();
    await expect(call('echo', { text: 'a' }, 1_000)).rejects.toEqual(
      new LocalError('unreachable', `no echo listens on ${path}; is culvert echo running?`),
    );
    await serve();
    expect(await call('echo', { text: 'b' }, 1_000)).toBe('b');
  });

  test('gives up at its deadline, and the connection stays usable', async () => {
    await serve();
    const { call } = client();
    await expect(call('hang', {}, 50)).rejects.toMatchObject({ reason: 'timeout' });
    expect(await call('echo', { text: 'on' }, 1_000)).toBe('on');
  });

  test('calls under way fail when the server goes, and the next finds its successor', async () => {
    const server = await serve();
    const { call } = client();
    const hanging = call('hang', {}, 5_000);
    await call('echo', { text: 'connected' }, 1_000);
    await Promise.all([expect(hanging).rejects.toMatchObject({ reason: 'unreachable' }), server.close()]);
    await serve();
    expect(await call('echo', { text: 'again' }, 1_000)).toBe('again');
  });

  test('close ends calls under way', async () => {
    await serve();
    const made = client();
    const hanging = made.call('hang', {}, 5_000);
    made.close();
    await expect(hanging).rejects.toMatchObject({ reason: 'unreachable' });
  });

  test('an answer that is no answer is malformed', async () => {
    const liar = createServer((socket) => socket.write('[]\n'));
    open.push(liar);
    await new Promise<void>((resolve) => liar.listen(path, resolve));
    const made = client();
    await expect(made.call('echo', { text: 'a' }, 1_000)).rejects.toMatchObject({ reason: 'malformed' });
    made.close();
  });
});
