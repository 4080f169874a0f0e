/** `struct nlattr`, linux/netlink.h: length and type, two bytes each, the value, padding to four. */
import { endianness } from 'node:os';
import { KernelError } from '../../ports/kernel.js';
import type { NetlinkAttributes, NetlinkFields } from '../../ports/netlink.js';

const HEADER_BYTES = 4;
/** NLA_TYPE_MASK: without the flags for nesting and byte order. */
const TYPE_MASK = 0x3fff;

const LITTLE = endianness() === 'LE';

/** Integers in the host's byte order at fixed places. */
export const host = {
  u16: (bytes: Buffer, at: number): number => (LITTLE ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)),
  u32: (bytes: Buffer, at: number): number => (LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)),
  writeU16: (bytes: Buffer, value: number, at: number): void =>
    void (LITTLE ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at)),
  writeU32: (bytes: Buffer, value: number, at: number): void =>
    void (LITTLE ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at)),
};

/** NLMSG_ALIGN, NLA_ALIGN. */
export const aligned = (bytes: number): number => (bytes + 3) & ~3;

const unreadable = (what: string): KernelError => new KernelError('unreadable', `netlink: ${what}`);

/** See `NetlinkFields`. */
export function readFields(bytes: Buffer): NetlinkFields {
  const within = <T>(offset: number, size: number, read: () => T): T => {
    if (offset + size > bytes.length)
      throw unreadable(`a structure of ${bytes.length} bytes has no field at ${offset}`);
    return read();
  };
  return {
    length: bytes.length,
    u8: (offset) => within(offset, 1, () => bytes.readUInt8(offset)),
    u16: (offset) => within(offset, 2, () => host.u16(bytes, offset)),
    u32: (offset) => within(offset, 4, () => host.u32(bytes, offset)),
  };
}

/** Reads attributes as they are asked for; of one that is repeated the last counts. */
class Attributes implements NetlinkAttributes {
  private readonly values: ReadonlyMap<number, Buffer>;

  constructor(bytes: Buffer) {
    this.values = split(bytes);
  }

  bytes(type: number): Buffer | undefined {
    return this.values.get(type);
  }

  number(type: number): number | undefined {
    const value = this.values.get(type);
    if (value === undefined) return undefined;
    switch (value.length) {
      case 1:
        return value.readUInt8(0);
      case 2:
        return host.u16(value, 0);
      case 4:
        return host.u32(value, 0);
      default:
        throw unreadable(`attribute ${type} of ${value.length} bytes is no number`);
    }
  }

  networkNumber(type: number): number | undefined {
    const value = this.values.get(type);
    if (value === undefined) return undefined;
    if (value.length === 8) return Number(value.readBigUInt64BE(0));
    if (value.length < 1 || value.length > 4)
      throw unreadable(`attribute ${type} of ${value.length} bytes is no number`);
    return value.readUIntBE(0, value.length);
  }

  text(type: number): string | undefined {
    const value = this.values.get(type);
    if (value === undefined) return undefined;
    const end = value.indexOf(0);
    return value.toString('utf8', 0, end === -1 ? value.length : end);
  }

  nested(type: number): NetlinkAttributes | undefined {
    const value = this.values.get(type);
    return value === undefined ? undefined : readAttributes(value);
  }

  fields(type: number): NetlinkFields | undefined {
    const value = this.values.get(type);
    return value === undefined ? undefined : readFields(value);
  }
}

export const readAttributes = (bytes: Buffer): NetlinkAttributes => new Attributes(bytes);

function split(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const values = new Map<number, Buffer>();
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const length = host.u16(bytes, at);
    if (length < HEADER_BYTES || at + length > bytes.length) throw unreadable('an attribute runs past its message');
    values.set(host.u16(bytes, at + 2) & TYPE_MASK, bytes.subarray(at + HEADER_BYTES, at + length));
    at += aligned(length);
  }
  return values;
}

export function writeAttributes(attributes: readonly (readonly [type: number, value: Buffer])[]): Buffer {
  return Buffer.concat(
    attributes.map(([type, value]) => {
      const attribute = Buffer.alloc(aligned(HEADER_BYTES + value.length));
      host.writeU16(attribute, HEADER_BYTES + value.length, 0);
      host.writeU16(attribute, type, 2);
      value.copy(attribute, HEADER_BYTES);
      return attribute;
    }),
  );
}
