/**
 * The datagrams that the lab sends to measure loss: flow, sequence number and
 * a filling that both follow from, so that a receiver can tell a damaged
 * packet from a lost one.
 */
export interface Datagram {
  readonly flow: number;
  readonly sequence: number;
}

const HEADER = 8;
const MULTIPLIER = 2654435761;

const filling = (flow: number, sequence: number, index: number): number =>
  (Math.imul(flow * 31 + sequence + index, MULTIPLIER) >>> 24) & 0xff;

/** `size` in bytes, at least 8. */
export function encode({ flow, sequence }: Datagram, size: number): Buffer {
  const buffer = Buffer.alloc(Math.max(size, HEADER));
  buffer.writeUInt32BE(flow, 0);
  buffer.writeUInt32BE(sequence, 4);
  for (let index = HEADER; index < buffer.length; index++) buffer[index] = filling(flow, sequence, index);
  return buffer;
}

/** `undefined` when the filling does not follow from the header: not intact. */
export function decode(buffer: Buffer): Datagram | undefined {
  if (buffer.length < HEADER) return undefined;
  const [flow, sequence] = [buffer.readUInt32BE(0), buffer.readUInt32BE(4)];
  for (let index = HEADER; index < buffer.length; index++) {
    if (buffer[index] !== filling(flow, sequence, index)) return undefined;
  }
  return { flow, sequence };
}
