/**
 * A router that takes every session and writes a line of JSON, with the time,
 * for whatever arrives. `bgp-receiver.js ADDRESS ASN`, until its standard
 * input ends. All sides of a bench send to it.
 */
import { createServer, type Socket } from 'node:net';
import { message, MESSAGE, messagesIn, open, type Update, updateIn } from './bgp-messages.js';
import { monotonicMs } from './monotonic.js';

const HOLD_SECONDS = 90;
/** A third of the shortest hold time that a speaker may ask for (RFC 4271 4.2). */
const KEEPALIVE_MS = 1_000;
const [address = '', asn = '0'] = process.argv.slice(2);
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** What arrived together, in as few lines as its order permits: a full table comes as one UPDATE per prefix. */
class Updates {
  readonly told: { messages: number; withdrawn: string[]; announced: string[]; degraded: boolean }[] = [];

  add({ withdrawn, announced, degraded }: Update): void {
    const last = this.told.at(-1);
    const isAlike =
      last?.degraded === degraded &&
      (announced.length === 0 ? last.announced.length === 0 : last.withdrawn.length + withdrawn.length === 0);
    if (!isAlike) {
      this.told.push({ messages: 1, withdrawn: [...withdrawn], announced: [...announced], degraded });
      return;
    }
    last.messages++;
    last.withdrawn.push(...withdrawn);
    last.announced.push(...announced);
  }
}

function serve(socket: Socket): void {
  const peer = socket.remoteAddress ?? '';
  let pending: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  const alive = setInterval(() => socket.write(message(MESSAGE.keepalive)), KEEPALIVE_MS);
  socket.on('data', (chunk: Buffer) => {
    const at = monotonicMs();
    const updates = new Updates();
    const { messages, rest } = messagesIn(Buffer.concat([pending, chunk]));
    pending = rest;
    for (const { type, body } of messages) {
      if (type === MESSAGE.open) {
        socket.write(open(Number(asn), address.split('.').map(Number), HOLD_SECONDS));
        socket.write(message(MESSAGE.keepalive));
        say({ at, kind: 'session', peer, up: true });
      }
      if (type === MESSAGE.update) updates.add(updateIn(body));
    }
    for (const told of updates.told) say({ at, kind: 'update', peer, ...told });
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(alive);
    say({ at: monotonicMs(), kind: 'session', peer, up: false });
  });
}

createServer(serve).listen(179, address, () => say({ at: monotonicMs(), kind: 'ready' }));
process.stdin.on('end', () => process.exit(0)).resume();
