/** What the tables have in common: families, addresses, prefixes; and attributes that must be there. */
import { addressFromOctets, prefixOf, type Address, type Family, type Prefix } from '../../model/address.js';
import { KernelError } from '../../ports/kernel.js';
import type { NetlinkAttributes } from '../../ports/netlink.js';

/** linux/socket.h. */
const AF_INET = 2;
export const AF_INET6 = 10;

export const familyNumber = (family: Family): number => (family === 4 ? AF_INET : AF_INET6);

/** `undefined` for families that are not ours to read. */
export const familyFrom = (number: number): Family | undefined =>
  number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined;

export const unreadable = (what: string): KernelError => new KernelError('unreadable', `rtnetlink: ${what}`);

/** A value that every message of its kind has. */
export function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw unreadable(`${what} is missing`);
  return value;
}

export function addressIn(attributes: NetlinkAttributes, type: number): Address | undefined {
  const octets = attributes.bytes(type);
  return octets && must(addressFromOctets(octets), `an address of ${octets.length} bytes: its family`);
}

/** Without the attribute the destination is everything. */
export function destinationIn(attributes: NetlinkAttributes, type: number, family: Family, length: number): Prefix {
  const everything = (family === 4 ? '0.0.0.0' : '::') as Address;
  return prefixOf(addressIn(attributes, type) ?? everything, length);
}

/** An integer in the host's byte order. */
export const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);

/** A header of zeros but for the family, which stands first in every one of them. */
export function headerOf(bytes: number, family = 0): Buffer {
  const header = Buffer.alloc(bytes);
  header.writeUInt8(family, 0);
  return header;
}
