/**
 * GRE, RFC 2784 with the key and sequence number of RFC 2890.
 *
 * ```
 *  0                   1                   2                   3
 * |C|0|K|S| 0 0 | reserved  | ver |       EtherType               |
 * |  checksum, when C             |       reserved                |
 * |  key, when K                                                  |
 * |  sequence number, when S                                      |
 * ```
 */
export const IPPROTO_GRE = 47;

const CHECKSUM_PRESENT = 0x8000;
const KEY_PRESENT = 0x2000;
const SEQUENCE_PRESENT = 0x1000;
/** Bits 1, 4 and 5: RFC 2784 2.3 lets none of them pass. Bits 6 to 12 are ignored. */
const MUST_BE_ZERO = 0x4c00;
const VERSION = 0x0007;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;

/** Whether a TUN device can carry it. */
export const isIp = (etherType: number): boolean => etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6;

/** `NO_KEY` stands for absence: 0 is a key. */
export const NO_KEY = -1;

/** Written by `readGre`; one object serves all packets. */
export interface GreFields {
  etherType: number;
  key: number;
  /** Offset of the inner packet. */
  payload: number;
}

export type GreVerdict = 'good' | 'truncated' | 'unknown-version' | 'reserved-bits' | 'bad-checksum' | 'not-ip';

/** Reads the GRE header at `start`; the packet ends before `end`. Sequence numbers are skipped: order is not restored. */
export function readGre(bytes: Buffer, start: number, end: number, fields: GreFields): GreVerdict {
  if (end - start < 4) return 'truncated';
  const flags = bytes.readUInt16BE(start);
  if ((flags & VERSION) !== 0) return 'unknown-version';
  if ((flags & MUST_BE_ZERO) !== 0) return 'reserved-bits';
  fields.etherType = bytes.readUInt16BE(start + 2);
  const key = start + 4 + ((flags & CHECKSUM_PRESENT) !== 0 ? 4 : 0);
  const sequence = key + ((flags & KEY_PRESENT) !== 0 ? 4 : 0);
  fields.payload = sequence + ((flags & SEQUENCE_PRESENT) !== 0 ? 4 : 0);
  if (fields.payload > end) return 'truncated';
  fields.key = (flags & KEY_PRESENT) !== 0 ? bytes.readUInt32BE(key) : NO_KEY;
  if ((flags & CHECKSUM_PRESENT) !== 0 && !sumsToZero(bytes, start, end)) return 'bad-checksum';
  return isIp(fields.etherType) ? 'good' : 'not-ip';
}

/** Writes the eight bytes of a header with key at `start`. */
export function writeKeyedGre(bytes: Buffer, start: number, etherType: number, key: number): void {
  bytes.writeUInt16BE(KEY_PRESENT, start);
  bytes.writeUInt16BE(etherType, start + 2);
  bytes.writeUInt32BE(key, start + 4);
}

/** RFC 1071: the one's complement sum over header, checksum and payload is all ones. */
function sumsToZero(bytes: Buffer, start: number, end: number): boolean {
  let sum = 0;
  for (let at = start; at + 1 < end; at += 2) sum += bytes.readUInt16BE(at);
  if ((end - start) % 2 === 1) sum += (bytes[end - 1] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum === 0xffff;
}
