/** Requests and dumps over netlink(7), each conversation on a socket of its own: one kept open would keep a deleted namespace alive. */
import { KernelError } from '../../ports/kernel.js';
import type { Netlink, NetlinkProtocol, NetlinkRequest } from '../../ports/netlink.js';
import type { Namespaces } from '../../ports/namespaces.js';
import { SyscallError, type FileDescriptor, type Memory, type Syscalls } from '../../ports/syscall.js';
import { Answer, HEADER_BYTES, refused } from './answer.js';
import { aligned, host, writeAttributes } from './attributes.js';
import type { Datagram } from './datagram.js';
import { Recall } from './recall.js';

/** linux/netlink.h. */
const PROTOCOLS = { route: 0, netfilter: 12 } as const satisfies Record<NetlinkProtocol, number>;
const NLM_F_REQUEST = 0x1;
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
  const recall = new Recall();

  function askOnce(fd: FileDescriptor, sequence: number, request: NetlinkRequest, known: readonly Datagram[]): Answer {
    const length = writeRequest(buffer.bytes, sequence, request);
    const sent = syscalls.send(fd, buffer, 0, length, kernel);
    if (sent < 0) throw refused(request, sent);
    const answer = new Answer(request, sequence, known);
    while (!answer.complete) {
      const received = syscalls.receive(fd, buffer, 0, DATAGRAM_BYTES);
      if (received < 0) throw refused(request, received);
      answer.take(buffer.bytes.subarray(0, received));
    }
    return answer;
  }

  function askUntilWhole(
    fd: FileDescriptor,
    turn: number,
    request: NetlinkRequest,
    known: readonly Datagram[],
  ): Answer {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = askOnce(fd, turn * ATTEMPTS + attempt + 1, request, known);
      if (!answer.interrupted) return answer;
    }
    throw new KernelError('unreadable', `netlink: dump ${request.type} was changed under the reader ${ATTEMPTS} times`);
  }

  return {
    ask: (netns, protocol, requests) => {
      const fd = namespaces.within(netns, () => open(syscalls, protocol));
      try {
        return requests.map((request, turn) => {
          const question = `${netns} ${protocol} ${textOf(request)}`;
          return recall.read(question, askUntilWhole(fd, turn, request, recall.datagrams(question)));
        });
      } finally {
        syscalls.close(fd);
      }
    },
  };
}

/** The same for requests that ask the same. */
const textOf = ({ type, dump, header, attributes = [] }: NetlinkRequest): string =>
  [type, dump, header.toString('hex'), ...attributes.flatMap(([name, value]) => [name, value.toString('hex')])].join(
    ' ',
  );

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

/** `struct sockaddr_nl` of port 0, the kernel. */
function kernelAddress(syscalls: Syscalls): Memory {
  const memory = syscalls.allocate(12);
  host.writeU16(memory.bytes, 16, 0);
  return memory;
}
