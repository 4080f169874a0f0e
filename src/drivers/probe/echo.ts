/**
 * ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443 4.1) as whole IP packets,
 * because the source belongs to another namespace than the one that sends.
 *
 * Payload: 8 bytes of nonce, 4 of probe number, 4 of sequence. The identifier
 * repeats two bytes of the nonce and the sequence its low half, for whoever
 * reads a capture.
 */
import { familyOf, octetsOf, type Address, type Family } from '../../model/address.js';

export const ECHO_REPLY = { 4: 0, 6: 129 } as const;
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;

const IP_BYTES = { 4: 20, 6: 40 } as const;
const ICMP_BYTES = 8;
const PAYLOAD_BYTES = 16;
export const NONCE_BYTES = 8;

const IPPROTO_ICMP = 1;
export const IPPROTO_ICMPV6 = 58;
const HOP_LIMIT = 64;

export const packetBytes = (family: Family): number => IP_BYTES[family] + ICMP_BYTES + PAYLOAD_BYTES;

export interface EchoHeader {
  readonly kind: 'request' | 'reply';
  readonly source: Address;
  readonly target: Address;
}

/** Writes everything but sequence and checksum. The kernel fills in length, identification and checksum of an IPv4 header: raw(7). */
export function writeEcho(packet: Buffer, { kind, source, target }: EchoHeader, nonce: Buffer, probe: number): void {
  const family = familyOf(target);
  const icmp = IP_BYTES[family];
  if (family === 4) {
    packet[0] = 0x45;
    packet[8] = HOP_LIMIT;
    packet[9] = IPPROTO_ICMP;
    packet.set(octetsOf(source), 12);
    packet.set(octetsOf(target), 16);
  } else {
    packet[0] = 0x60;
    packet.writeUInt16BE(ICMP_BYTES + PAYLOAD_BYTES, 4);
    packet[6] = IPPROTO_ICMPV6;
    packet[7] = HOP_LIMIT;
    packet.set(octetsOf(source), 8);
    packet.set(octetsOf(target), 24);
  }
  packet[icmp] = kind === 'request' ? ECHO_REQUEST[family] : ECHO_REPLY[family];
  nonce.copy(packet, icmp + 4, 0, 2);
  nonce.copy(packet, icmp + ICMP_BYTES, 0, NONCE_BYTES);
  packet.writeUInt32BE(probe, icmp + ICMP_BYTES + NONCE_BYTES);
}

/** Gives a packet of `writeEcho` its sequence, and the checksum that follows from it. */
export function writeSequence(packet: Buffer, family: Family, sequence: number): void {
  const icmp = IP_BYTES[family];
  packet.writeUInt16BE(sequence & 0xffff, icmp + 6);
  packet.writeUInt32BE(sequence, packet.length - 4);
  packet.writeUInt16BE(0, icmp + 2);
  // RFC 4443 2.3: ICMPv6 sums over a pseudo header too: both addresses, length, next header.
  const sum =
    family === 4
      ? sumOf(packet, icmp, packet.length)
      : sumOf(packet, 8, packet.length) + ICMP_BYTES + PAYLOAD_BYTES + IPPROTO_ICMPV6;
  packet.writeUInt16BE(~folded(sum) & 0xffff, icmp + 2);
}

function sumOf(bytes: Buffer, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2) sum += bytes.readUInt16BE(at);
  return sum;
}

/** RFC 1071: end-around carry. */
function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + (rest >>> 16);
  return rest;
}

/** Written by `readReply`; one object serves all packets. */
export interface EchoReply {
  probe: number;
  sequence: number;
}

/** Reads what a raw socket received: IPv4 with its header, IPv6 without. `false` for whatever does not carry our nonce. */
export function readReply(bytes: Buffer, length: number, family: Family, nonce: Buffer, reply: EchoReply): boolean {
  const icmp = family === 4 ? ((bytes[0] ?? 0) & 0x0f) * 4 : 0;
  const payload = icmp + ICMP_BYTES;
  if (length < payload + PAYLOAD_BYTES || bytes[icmp] !== ECHO_REPLY[family]) return false;
  if (bytes.compare(nonce, 0, NONCE_BYTES, payload, payload + NONCE_BYTES) !== 0) return false;
  reply.probe = bytes.readUInt32BE(payload + NONCE_BYTES);
  reply.sequence = bytes.readUInt32BE(payload + NONCE_BYTES + 4);
  return true;
}
