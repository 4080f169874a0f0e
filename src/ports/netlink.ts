import type { Netns } from '../model/kernel.js';

/** netlink(7): a protocol of linux/netlink.h. */
export type NetlinkProtocol = 'route' | 'netfilter';

/** One request. Integers are in the host's byte order unless the protocol says otherwise. */
export interface NetlinkRequest {
  readonly type: number;
  /** A dump answers with any number of messages, anything else with one. */
  readonly dump: boolean;
  /** The protocol's own header (`struct ifinfomsg`, …); answers have one of the same length. */
  readonly header: Buffer;
  readonly attributes?: readonly (readonly [type: number, value: Buffer])[];
}

export interface NetlinkMessage {
  readonly type: number;
  readonly header: NetlinkFields;
  readonly attributes: NetlinkAttributes;
}

/** The messages of one answer. They are read anew whenever they are gone through. */
export type NetlinkMessages = Iterable<NetlinkMessage>;

/** A C structure: unsigned integers in the host's byte order, by offset. Throws `KernelError` `unreadable` past the end. */
export interface NetlinkFields {
  readonly length: number;
  u8(offset: number): number;
  u16(offset: number): number;
  u32(offset: number): number;
}

/**
 * The attributes of a message, `struct nlattr`, by type. Everything throws
 * `KernelError` `unreadable` when the bytes are not what is asked for;
 * `undefined` means that the kernel left the attribute out.
 */
export interface NetlinkAttributes {
  bytes(type: number): Buffer | undefined;
  /** 8, 16 or 32 bits, as many as there are. */
  number(type: number): number | undefined;
  /** The same in network byte order, up to 64 bits; counters beyond 2^53 lose their last digits. */
  networkNumber(type: number): number | undefined;
  /** Without the terminating zero. */
  text(type: number): string | undefined;
  nested(type: number): NetlinkAttributes | undefined;
  /** A structure, or an array of them. */
  fields(type: number): NetlinkFields | undefined;
}

/** Questions to the kernel that change nothing: no process, and microseconds each. */
export interface Netlink {
  /**
   * Asks in turn within one namespace; one answer per request, the same object
   * as the last one that said the same. Never waits: the kernel answers before
   * it returns. A dump that changed under the
   * reader is repeated a few times. Throws `KernelError`: `absent` when there
   * is no such namespace or the object asked for is not there,
   * `not-permitted`, `unreadable` when an answer is cut short, is none of
   * netlink's or was interrupted each time.
   */
  ask(netns: Netns, protocol: NetlinkProtocol, requests: readonly NetlinkRequest[]): readonly NetlinkMessages[];
}
