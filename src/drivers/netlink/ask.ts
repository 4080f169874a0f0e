/** Requests and dumps over netlink(7), each conversation on a socket of its own: one kept open would keep a deleted namespace alive. */
import { getSystemErrorName } from 'node:util';
import { KernelError } from '../../ports/kernel.js';
import type { Netlink, NetlinkMessage, NetlinkProtocol, NetlinkRequest } from '../../ports/netlink.js';
import type { Namespaces } from '../../ports/namespaces.js';
import { SyscallError, type FileDescriptor, type Memory, type Syscalls } from '../../ports/syscall.js';
import { aligned, host, readAttributes, readFields, writeAttributes } from './attributes.js';

/** linux/netlink.h: protocols, and `struct nlmsghdr`: length, type, flags, sequence, port. */
const PROTOCOLS = { route: 0, netfilter: 12 } as const satisfies Record<NetlinkProtocol, number>;
const HEADER_BYTES = 16;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_DUMP = 0x300;

/** The kernel fills datagrams of up to 32 KiB when the reader offers as much. */
const DATAGRAM_BYTES = 65_536;

/** A dump that is changed under the reader this often in a row is a storm; what it says would be old at once. */
const ATTEMPTS = 5;

export interface NetlinkParts {
  readonly syscalls: Syscalls;
  readonly namespaces: Namespaces;
}

export function createNetlink({ syscalls, namespaces }: NetlinkParts): Netlink {
  const buffer = syscalls.allocate(DATAGRAM_BYTES);
  const kernel = kernelAddress(syscalls);

  function askOnce(fd: FileDescriptor, sequence: number, request: NetlinkRequest): readonly NetlinkMessage[] | 'again' {
    const length = writeRequest(buffer.bytes, sequence, request);
    const sent = syscalls.send(fd, buffer, 0, length, kernel);
    if (sent < 0) throw refused(request, sent);
    const answer = new Answer(request, sequence);
    while (!answer.complete) {
      const received = syscalls.receive(fd, buffer, 0, DATAGRAM_BYTES);
      if (received < 0) throw refused(request, received);
      answer.take(Buffer.from(buffer.bytes.subarray(0, received)));
    }
    return answer.interrupted ? 'again' : answer.messages;
  }

  function askUntilWhole(fd: FileDescriptor, turn: number, request: NetlinkRequest): readonly NetlinkMessage[] {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = askOnce(fd, turn * ATTEMPTS + attempt + 1, request);
      if (answer !== 'again') return answer;
    }
    throw new KernelError('unreadable', `netlink: dump ${request.type} was changed under the reader ${ATTEMPTS} times`);
  }

  return {
    ask: (netns, protocol, requests) => {
      const fd = namespaces.within(netns, () => open(syscalls, protocol));
      try {
        return requests.map((request, turn) => askUntilWhole(fd, turn, request));
      } finally {
        syscalls.close(fd);
      }
    },
  };
}

function open(syscalls: Syscalls, protocol: NetlinkProtocol): FileDescriptor {
  try {
    return syscalls.netlinkSocket({ protocol: PROTOCOLS[protocol], groups: [], strict: protocol === 'route' });
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new KernelError(error.errno === 'EPERM' ? 'not-permitted' : 'unreadable', error.message);
  }
}

function writeRequest(
  bytes: Buffer,
  sequence: number,
  { type, dump, header, attributes = [] }: NetlinkRequest,
): number {
  const body = Buffer.alloc(aligned(header.length));
  header.copy(body);
  const rest = writeAttributes(attributes);
  const length = HEADER_BYTES + body.length + rest.length;
  if (length > bytes.length) throw new RangeError(`netlink: request ${type} of ${length} bytes`);
  host.writeU32(bytes, length, 0);
  host.writeU16(bytes, type, 4);
  host.writeU16(bytes, NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0), 6);
  host.writeU32(bytes, sequence, 8);
  host.writeU32(bytes, 0, 12);
  body.copy(bytes, HEADER_BYTES);
  rest.copy(bytes, HEADER_BYTES + body.length);
  return length;
}

/** What has arrived of the answer to one request. Messages of an earlier, abandoned dump are passed over. */
class Answer {
  readonly messages: NetlinkMessage[] = [];
  complete = false;
  interrupted = false;

  constructor(
    private readonly request: NetlinkRequest,
    private readonly sequence: number,
  ) {}

  take(datagram: Buffer): void {
    let at = 0;
    do {
      const length = at + HEADER_BYTES <= datagram.length ? host.u32(datagram, at) : 0;
      if (length < HEADER_BYTES || at + length > datagram.length) throw this.cutShort();
      if (host.u32(datagram, at + 8) === this.sequence) this.takeMessage(datagram.subarray(at, at + length));
      at += aligned(length);
    } while (at < datagram.length);
  }

  private takeMessage(message: Buffer): void {
    const type = host.u16(message, 4);
    this.interrupted ||= (host.u16(message, 6) & NLM_F_DUMP_INTR) !== 0;
    if (type === NLMSG_ERROR || type === NLMSG_DONE) {
      if (message.length < HEADER_BYTES + 4) throw this.cutShort();
      const code = host.u32(message, HEADER_BYTES) | 0;
      if (code < 0) throw refused(this.request, code);
      this.complete = true;
      return;
    }
    const from = HEADER_BYTES + aligned(this.request.header.length);
    if (message.length < from) throw this.cutShort();
    this.messages.push({
      type,
      header: readFields(message.subarray(HEADER_BYTES, from)),
      attributes: readAttributes(message.subarray(from)),
    });
    if (!this.request.dump) this.complete = true;
  }

  private cutShort(): KernelError {
    return new KernelError('unreadable', `netlink: the answer to request ${this.request.type} is cut short`);
  }
}

/** A dump asks for no object: what one does not find is unknown and not absent. */
function refused({ type, dump }: NetlinkRequest, code: number): KernelError {
  const name = getSystemErrorName(code);
  switch (name) {
    case 'ENOENT':
    case 'ENODEV':
    case 'ESRCH':
      return new KernelError(dump ? 'unreadable' : 'absent', `netlink: request ${type}: ${name}`);
    case 'EPERM':
    case 'EACCES':
      return new KernelError('not-permitted', `netlink: request ${type}: ${name}; run as root or with CAP_NET_ADMIN`);
    default:
      return new KernelError('unreadable', `netlink: request ${type}: ${name}`);
  }
}

/** `struct sockaddr_nl` of port 0, the kernel. */
function kernelAddress(syscalls: Syscalls): Memory {
  const memory = syscalls.allocate(12);
  host.writeU16(memory.bytes, 16, 0);
  return memory;
}
