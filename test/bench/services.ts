/**
 * The services of a server: TCP listeners on 127.0.0.1 that fail and return by
 * order, and programs that break things. `services.js FROM TO` listens on
 * these ports; orders come as lines, and what was done is written with the
 * time just before it.
 */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { monotonicMs } from './monotonic.js';

const [from = 0, to = 0] = process.argv.slice(2).map(Number);
const listening = new Map<number, Server>();
/** When each was connected to last. */
const probed = new Map<number, number>();
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

function restore(port: number): Promise<void> {
  if (listening.has(port)) return Promise.resolve();
  const server = createServer((socket) => {
    probed.set(port, monotonicMs());
    socket.on('error', () => undefined).end();
  });
  listening.set(port, server);
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}

/** A closed listener refuses the next connection. */
function fail(port: number): void {
  say({ at: monotonicMs(), kind: 'done', order: `fail ${port}`, probedAt: probed.get(port) });
  listening.get(port)?.close();
  listening.delete(port);
}

function run(order: string, script: string): void {
  const at = monotonicMs();
  const child = spawn('sh', ['-c', `exec ${script}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  child.on('close', (code) => say({ at, kind: 'done', order, code }));
}

for (let port = from; port < to; port++) await restore(port);
say({ at: monotonicMs(), kind: 'ready' });
const orders = createInterface({ input: process.stdin });
orders.on('line', (order) => {
  const [word, ...rest] = order.split(' ');
  if (word === 'fail') fail(Number(rest[0]));
  if (word === 'restore') void restore(Number(rest[0]));
  if (word === 'run') run(order, rest.slice(1).join(' '));
});
orders.on('close', () => process.exit(0));
