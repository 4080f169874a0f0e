/**
 * ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443 4.1) as raw sockets send them.
 *
 * Payload: 8 bytes of nonce, 4 with the check's number, 4 of sequence. The
 * identifier repeats two bytes of the nonce and the sequence its low half, for
 * whoever reads a capture.
 */
import type { Family } from '../../model/address.js';

export const PROTOCOL = { 4: 1, 6: 58 } as const;
export const ECHO_REPLY = { 4: 0, 6: 129 } as const;
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;

export const NONCE_BYTES = 8;
const PAYLOAD_AT = 8;
const NUMBER_AT = PAYLOAD_AT + NONCE_BYTES;
const SEQUENCE_AT = NUMBER_AT + 4;
export const ECHO_BYTES = SEQUENCE_AT + 4;

/** Writes everything but sequence and checksum; returns the sum of what it wrote, for `writeSequence`. */
export function writeEcho(packet: Buffer, family: Family, nonce: Buffer, number: number): number {
  packet[0] = ECHO_REQUEST[family];
  nonce.copy(packet, 4, 0, 2);
  nonce.copy(packet, PAYLOAD_AT, 0, NONCE_BYTES);
  packet.writeUInt32BE(number, NUMBER_AT);
  let sum = 0;
  for (let at = 0; at < ECHO_BYTES; at += 2) sum += packet.readUInt16BE(at);
  return sum;
}

/** Gives a packet its sequence and, where the kernel does not (ICMPv6), the checksum of RFC 1071. */
export function writeSequence(packet: Buffer, family: Family, rest: number, sequence: number): void {
  const low = sequence & 0xffff;
  packet.writeUInt16BE(low, 6);
  packet.writeUInt32BE(sequence, SEQUENCE_AT);
  if (family === 6) return;
  let sum = rest + low + (sequence >>> 16) + low;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  packet.writeUInt16BE(~sum & 0xffff, 2);
}

/** Written by `readReply`; one object serves all packets. */
export interface EchoReply {
  number: number;
  sequence: number;
}

/** Reads what a raw socket received: IPv4 with its header, IPv6 without. `false` for whatever does not carry our nonce. */
export function readReply(bytes: Buffer, length: number, family: Family, nonce: Buffer, reply: EchoReply): boolean {
  const icmp = family === 4 ? ((bytes[0] ?? 0) & 0x0f) * 4 : 0;
  const payload = icmp + PAYLOAD_AT;
  if (length < icmp + ECHO_BYTES || bytes[icmp] !== ECHO_REPLY[family]) return false;
  if (bytes.compare(nonce, 0, NONCE_BYTES, payload, payload + NONCE_BYTES) !== 0) return false;
  reply.number = bytes.readUInt32BE(icmp + NUMBER_AT);
  reply.sequence = bytes.readUInt32BE(icmp + SEQUENCE_AT);
  return true;
}
