import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from './datagram.js';

export interface SendOptions {
  readonly to: string;
  readonly port: number;
  /** Each flow has a source port of its own, so that routers may spread them. */
  readonly flows: number;
  /** Per flow. */
  readonly packets: number;
  /** Over all flows together. */
  readonly packetsPerSecond: number;
  /** Of the UDP payload, bytes. */
  readonly size: number;
  /** Source address; the kernel's choice when absent. */
  readonly from?: string;
  /** Ends early. */
  readonly signal?: AbortSignal;
}

/** Sends at an even rate; resolves to the number of datagrams handed to the kernel and how many of them it refused. */
export async function send(options: SendOptions): Promise<{ readonly sent: number; readonly refused: number }> {
  const type = options.to.includes(':') ? 'udp6' : 'udp4';
  const sockets: Socket[] = [];
  let [sent, refused] = [0, 0];
  try {
    for (let flow = 0; flow < options.flows; flow++) {
      const socket = createSocket(type);
      socket.on('error', () => undefined);
      socket.bind(0, options.from);
      await once(socket, 'listening');
      socket.connect(options.port, options.to);
      await once(socket, 'connect');
      sockets.push(socket);
    }
    const began = performance.now();
    for (let sequence = 0; sequence < options.packets; sequence++) {
      for (const [flow, socket] of sockets.entries()) {
        if (options.signal?.aborted) return { sent, refused };
        const due = began + ((sent + 1) * 1000) / options.packetsPerSecond;
        const early = due - performance.now();
        if (early > 1) await sleep(early);
        socket.send(encode({ flow, sequence }, options.size), (error) => {
          if (error) refused++;
        });
        sent++;
      }
    }
    await sleep(20);
    return { sent, refused };
  } finally {
    for (const socket of sockets) socket.close();
  }
}
