import type { Address, Family } from '../model/address.js';

/**
 * The Linux calls that Node lacks. Linux only, root mostly.
 *
 * Calls made once throw `SyscallError`. Calls made per packet or per
 * connection (`read`, `write`, `receive`, `send`, `connectTcp`, `socketError`)
 * allocate nothing and answer as the kernel does: a number, or the negated
 * errno.
 */
export interface Syscalls {
  /**
   * Runs `call` inside the network namespace at `path` (`/run/netns/cv-acme`,
   * `/proc/1/ns/net`) and returns to the one before, also when `call` throws.
   * Only the calling thread moves, so `call` must be synchronous: whatever
   * runs after an `await` would be elsewhere. When the way back is barred the
   * process ends, because everything after would touch the wrong network.
   */
  withinNetns<T>(path: string, call: () => T): T;
  /** A non-blocking raw socket, raw(7), in the current namespace; the caller closes it. */
  rawSocket(options: RawSocketOptions): FileDescriptor;
  /**
   * A non-blocking TCP socket in the current namespace, whose handshake has
   * begun; the caller closes it, which resets the connection. Answers the
   * descriptor, or the negated errno, and nothing stays open.
   */
  connectTcp(family: Family, to: Memory, local?: Memory): number;
  /** What became of an asynchronous operation (SO_ERROR): 0, or the negated errno. */
  socketError(fd: FileDescriptor): number;
  /** Waits for the end of many handshakes at once; the caller closes it. */
  openHandshakes(ended: (token: number) => void): Handshakes;
  /** A non-blocking netlink socket, netlink(7), in the current namespace; the caller closes it. */
  netlinkSocket(options: NetlinkOptions): FileDescriptor;
  /**
   * A new TUN device, non-blocking and down, in the current namespace. `name`
   * may hold `%d`. Every packet follows four bytes, flags and EtherType
   * (`struct tun_pi`). The device lives as long as the descriptor, wherever
   * the device is moved; the descriptor pins the namespace it was opened in.
   */
  openTun(name: string): { readonly fd: FileDescriptor; readonly name: string };
  close(fd: FileDescriptor): void;

  /** Zeroed memory at a fixed place; freed with the last reference to it. */
  allocate(bytes: number): Memory;
  /** A `struct sockaddr_in` or `sockaddr_in6`; port 0 unless given. */
  socketAddress(address: Address, port?: number): Memory;

  read(fd: FileDescriptor, into: Memory, offset: number, length: number): number;
  write(fd: FileDescriptor, from: Memory, offset: number, length: number): number;
  /** recv(2) without waiting: `-EAGAIN` when there is nothing. */
  receive(fd: FileDescriptor, into: Memory, offset: number, length: number): number;
  /** sendto(2) without waiting. */
  send(fd: FileDescriptor, from: Memory, offset: number, length: number, to: Memory): number;

  /** Calls `ready` from the event loop whenever `fd` can be read or is broken, until stopped. Stop before closing the descriptor. */
  watch(fd: FileDescriptor, ready: () => void): { stop(): void };
}

export type FileDescriptor = number;

/** Connecting sockets, epoll(7). Closing a descriptor takes it out. */
export interface Handshakes {
  /** Calls `ended` with `token`, a whole number below 2^32, once when the handshake has succeeded or failed. Negated errno, or 0. */
  add(fd: FileDescriptor, token: number): number;
  /** Reports what has ended by now, without waiting for the event loop. */
  look(): void;
  close(): void;
}

/** Bytes that system calls read and write; `address` is where they lie. */
export interface Memory {
  readonly bytes: Buffer;
  readonly address: number;
}

export interface RawSocketOptions {
  readonly family: Family;
  /** IP protocol; 255 only sends, and the caller writes the IP header itself. */
  readonly protocol: number;
  /** Sends from and receives for this address only. */
  readonly local?: Address;
  /**
   * Whether `local` must be an address here, need not be there yet
   * (IP_FREEBIND, the default), or is one of another namespace that packets
   * carry all the same (IP_TRANSPARENT).
   */
  readonly localIs?: 'here' | 'awaited' | 'foreign';
  /** Sends through this device whatever the routes say (SO_BINDTODEVICE). */
  readonly device?: string;
  /** IPv4: leaves DF clear, so that the path may fragment (IP_PMTUDISC_DONT). */
  readonly fragmentable?: boolean;
  /** Bytes, beyond net.core.rmem_max if need be. */
  readonly receiveBuffer?: number;
  /** For ICMP and ICMPv6: delivers only messages of this type. */
  readonly icmpType?: number;
}

export interface NetlinkOptions {
  readonly protocol: number;
  /** Multicast groups that it listens to. */
  readonly groups: readonly number[];
  /** Also hears every namespace that this one has an id for (NETLINK_LISTEN_ALL_NSID), without holding it. */
  readonly allNamespaces?: boolean;
  /** Dumps are filtered by what the request's header says, and an odd request is refused (NETLINK_GET_STRICT_CHK). */
  readonly strict?: boolean;
}

/** errno values that callers tell apart, asm-generic/errno.h. */
export const EAGAIN = 11;
/** What a TUN descriptor answers once its device is gone. */
export const EBADFD = 77;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ECONNRESET = 104;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;

/** A system call that was refused. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  constructor(
    readonly call: string,
    /** `EPERM`, `ENOENT`, … */
    readonly errno: string,
    message: string,
  ) {
    super(message);
  }
}
