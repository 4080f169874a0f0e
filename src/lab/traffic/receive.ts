import { createSocket } from 'node:dgram';
import { decode } from './datagram.js';

export interface ReceiverReport {
  readonly received: number;
  /** Different (flow, sequence) pairs among them. */
  readonly distinct: number;
  readonly damaged: number;
  readonly flows: number;
  /** Longest time between two arrivals, milliseconds. */
  readonly longestGap: number;
}

/**
 * Counts datagrams on a UDP port, IPv4 and IPv6. `ready` is called once it
 * listens; `report` may be called at any time; `close` frees the port.
 */
export function receive(
  port: number,
  ready: () => void,
  failed: (error: Error) => void,
): {
  report(): ReceiverReport;
  close(): void;
} {
  const seen = new Map<number, Set<number>>();
  let [received, damaged, longestGap, last] = [0, 0, 0, 0];
  const socket = createSocket({ type: 'udp6', ipv6Only: false, recvBufferSize: 8 << 20 });
  socket.on('message', (message) => {
    const now = performance.now();
    if (last !== 0) longestGap = Math.max(longestGap, now - last);
    last = now;
    received++;
    const datagram = decode(message);
    if (!datagram) {
      damaged++;
      return;
    }
    const sequences = seen.get(datagram.flow) ?? new Set<number>();
    seen.set(datagram.flow, sequences.add(datagram.sequence));
  });
  socket.on('error', failed);
  socket.bind(port, '::', ready);
  return {
    report: () => ({
      received,
      distinct: [...seen.values()].reduce((sum, sequences) => sum + sequences.size, 0),
      damaged,
      flows: seen.size,
      longestGap: Math.round(longestGap),
    }),
    close: () => socket.close(),
  };
}
