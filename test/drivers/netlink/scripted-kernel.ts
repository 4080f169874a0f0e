/** A kernel at the other end of a netlink socket, which answers as the test says. */
import { host } from '../../../src/drivers/netlink/attributes.js';
import { EAGAIN, SyscallError, type NetlinkOptions, type Syscalls } from '../../../src/ports/syscall.js';

export interface Asked {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** After `struct nlmsghdr`. */
  readonly body: Buffer;
}

/** Datagrams in order; a number is what recv(2) answers instead. */
type Answers = readonly (Buffer | number)[];

export interface ScriptedKernel {
  readonly syscalls: Syscalls;
  readonly asked: readonly Asked[];
  readonly opened: readonly NetlinkOptions[];
  /** Descriptors that are open now. */
  readonly open: ReadonlySet<number>;
}

export interface Script {
  readonly answer: (asked: Asked) => Answers;
  /** errno of socket(2). */
  readonly socket?: string;
  /** What sendto(2) answers; left out, the length. */
  readonly send?: number;
}

/** `struct nlmsghdr`, then the body, then padding. */
export function message(sequence: number, type: number, body: Buffer = Buffer.alloc(0), flags = 0): Buffer {
  const length = 16 + body.length;
  const bytes = Buffer.alloc((length + 3) & ~3);
  host.writeU32(bytes, length, 0);
  host.writeU16(bytes, type, 4);
  host.writeU16(bytes, flags, 6);
  host.writeU32(bytes, sequence, 8);
  body.copy(bytes, 16);
  return bytes;
}

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  host.writeU32(bytes, value >>> 0, 0);
  return bytes;
};

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const done = (sequence: number, flags = 0): Buffer => message(sequence, NLMSG_DONE, u32(0), flags);
/** `code` as the kernel gives it: negated. */
export const refusal = (sequence: number, code: number): Buffer =>
  message(sequence, NLMSG_ERROR, Buffer.concat([u32(code), Buffer.alloc(16)]));

export function scriptedKernel({ answer, socket, send }: Script): ScriptedKernel {
  const asked: Asked[] = [];
  const opened: NetlinkOptions[] = [];
  const open = new Set<number>();
  let waiting: (Buffer | number)[] = [];
  let descriptors = 100;
  const unused = (): never => {
    throw new Error('not a call of netlink');
  };
  const syscalls: Syscalls = {
    withinNetns: unused,
    rawSocket: unused,
    connectTcp: unused,
    socketError: unused,
    openHandshakes: unused,
    openTun: unused,
    socketAddress: unused,
    read: unused,
    write: unused,
    watch: unused,
    allocate: (bytes) => ({ bytes: Buffer.alloc(bytes), address: 0 }),
    netlinkSocket: (options) => {
      if (socket !== undefined) throw new SyscallError('socket', socket, `socket: ${socket}`);
      opened.push(options);
      open.add(++descriptors);
      return descriptors;
    },
    close: (fd) => {
      open.delete(fd);
      waiting = [];
    },
    send: (_fd, from, offset, length) => {
      if (send !== undefined) return send;
      const bytes = Buffer.from(from.bytes.subarray(offset, offset + length));
      expect(host.u32(bytes, 0)).toBe(length);
      const request = {
        type: host.u16(bytes, 4),
        flags: host.u16(bytes, 6),
        sequence: host.u32(bytes, 8),
        body: bytes.subarray(16),
      };
      asked.push(request);
      waiting = [...waiting, ...answer(request)];
      return length;
    },
    receive: (_fd, into, offset, length) => {
      const next = waiting.shift();
      if (next === undefined) return -EAGAIN;
      if (typeof next === 'number') return next;
      return next.copy(into.bytes, offset, 0, Math.min(length, next.length));
    },
  };
  return { syscalls, asked, opened, open };
}
