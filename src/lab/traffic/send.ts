import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { encode } from './datagram.js';

export interface SendOptions {
  readonly to: string;
  readonly port: number;
  /** Each flow has a source port of its own, so that routers may spread them. */
  readonly flows: number;
  /** So many of them end every second and begin anew from another port. */
  readonly renewed?: number;
  /** Per flow; without a number it goes on until `signal`. */
  readonly packets?: number;
  /** Over all flows together. */
  readonly packetsPerSecond: number;
  /** Of the UDP payload, bytes. */
  readonly size: number;
  /** Source address; the kernel's choice when absent. */
  readonly from?: string;
  /** Ends early. */
  readonly signal?: AbortSignal;
}

export interface Sent {
  /** Datagrams handed to the kernel. */
  readonly sent: number;
  /** How many of them it did not take. */
  readonly refused: number;
  /** From the first to the last: the rate that was reached is `sent / seconds`. */
  readonly seconds: number;
}

/** Behind its rate, a sender still looks up this often, in datagrams. */
const BATCH = 32;

/** What a sender that stood still makes up for; more would be a burst that overruns the receiver. */
const ARREARS_MS = 50;

const RENEW_MS = 1_000;

/** A socket that is closed at once may take its last datagrams along. */
const LINGER_MS = 20;

/** Sends at an even rate, or as fast as it can when that is less. `started` is called before the first datagram. */
export async function send(options: SendOptions, started?: () => void): Promise<Sent> {
  const sockets: Socket[] = [];
  const ended: Socket[] = [];
  let [sent, refused] = [0, 0];
  try {
    for (let flow = 0; flow < options.flows; flow++) sockets.push(await open(options));
    const began = performance.now();
    let due = began;
    let renewAt = began + RENEW_MS;
    let eldest = 0;
    started?.();
    sending: for (let sequence = 0; sequence < (options.packets ?? Infinity); sequence++) {
      if (options.renewed !== undefined && performance.now() >= renewAt) {
        renewAt += RENEW_MS;
        for (let n = 0; n < options.renewed; n++, eldest++)
          ended.push(...sockets.splice(eldest % options.flows, 1, await open(options)));
        for (const socket of ended.splice(0, Math.max(0, ended.length - options.renewed))) socket.close();
      }
      for (const [flow, socket] of sockets.entries()) {
        if (options.signal?.aborted) break sending;
        due += 1000 / options.packetsPerSecond;
        const now = performance.now();
        if (due - now > 1) await sleep(due - now);
        else if (sent % BATCH === 0) await nextTurn();
        due = Math.max(due, now - ARREARS_MS);
        socket.send(encode({ flow, sequence }, options.size), (error) => {
          if (error) refused++;
        });
        sent++;
      }
    }
    const seconds = (performance.now() - began) / 1000;
    await sleep(LINGER_MS);
    return { sent, refused, seconds };
  } finally {
    for (const socket of [...sockets, ...ended]) socket.close();
  }
}

async function open({ to, port, from }: SendOptions): Promise<Socket> {
  const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  socket.bind(0, from);
  await once(socket, 'listening');
  socket.connect(port, to);
  await once(socket, 'connect');
  return socket;
}
