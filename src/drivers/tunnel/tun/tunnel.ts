import type { Address } from '../../../model/address.js';
import type { FileDescriptor, Memory } from '../../../ports/syscall.js';

/** Where a tunnel's packets go: both ends outside, and the key (RFC 2890) when there is one. */
export interface Ends {
  readonly local: Address;
  readonly remote: Address;
  readonly key?: number;
}

/** Packets. */
export interface TunnelCounters {
  received: number;
  sent: number;
  /** Refused by the kernel on the way out: no route, a firewall. Lost, and nothing else happens. */
  sendErrors: number;
  /** Refused by the device on the way in: it is down. */
  deviceErrors: number;
}

/** An open TUN device and what is at its other end. */
export interface Tunnel {
  readonly id: string;
  readonly fd: FileDescriptor;
  readonly counters: TunnelCounters;
  aim: Aim;
}

/** `Ends` in the form in which packets want them. */
export interface Aim {
  readonly ends: Ends;
  /** The raw socket of the local address. */
  readonly socket: FileDescriptor;
  /** `struct sockaddr_in` of the remote. */
  readonly to: Memory;
  /** The remote as an unsigned number, host order. */
  readonly remote: number;
  /** `NO_KEY` when there is none. */
  readonly key: number;
}

/** `struct tun_pi`: flags, EtherType. The same four bytes are a GRE header without options. */
export const PI_BYTES = 4;

/** An IP packet is at most 65,535 bytes; GRE headers stand before it. */
export const BUFFER_BYTES = 65_535 + 64;

/** Packets taken from one descriptor before the next one's turn, so that no tunnel starves another. */
export const TURN = 64;
