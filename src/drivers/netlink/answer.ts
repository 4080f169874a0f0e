/** One answer as it arrives: `struct nlmsghdr` of linux/netlink.h is length, type, flags, sequence, port. */
import { getSystemErrorName } from 'node:util';
import { KernelError } from '../../ports/kernel.js';
import type { NetlinkMessage, NetlinkMessages, NetlinkRequest } from '../../ports/netlink.js';
import { aligned, host, readAttributes, readFields } from './attributes.js';
import { Datagram } from './datagram.js';

export const HEADER_BYTES = 16;
const TYPE_AT = 4;
const SEQUENCE_AT = 8;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

const NLM_F_DUMP_INTR = 0x10;

/** Messages of an earlier, abandoned dump are passed over. */
export class Answer {
  /** What has arrived, without the numbers of this conversation: an answer that says the same has the same bytes. */
  readonly datagrams: Datagram[] = [];
  complete = false;
  interrupted = false;

  constructor(
    private readonly request: NetlinkRequest,
    private readonly sequence: number,
    /** Of an earlier answer to the same. */
    private readonly known: readonly Datagram[] = [],
  ) {}

  /** Writes to the datagram, and keeps a copy unless it is known. */
  take(datagram: Buffer): void {
    const own: Buffer[] = [];
    let at = 0;
    do {
      const length = at + HEADER_BYTES <= datagram.length ? host.u32(datagram, at) : 0;
      if (length < HEADER_BYTES || at + length > datagram.length) throw this.cutShort();
      if (host.u32(datagram, at + SEQUENCE_AT) === this.sequence) {
        datagram.fill(0, at + SEQUENCE_AT, at + HEADER_BYTES);
        this.takeMessage(datagram.subarray(at, at + length));
        own.push(datagram.subarray(at, at + aligned(length)));
      }
      at += aligned(length);
    } while (at < datagram.length);
    const isWhole = own.reduce((sum, { length }) => sum + length, 0) === datagram.length;
    const said = isWhole ? datagram : Buffer.concat(own);
    const known = this.known[this.datagrams.length];
    if (said.length > 0) this.datagrams.push(known?.says(said) ? known : new Datagram(said));
  }

  /** What the complete answer says. */
  messages(): NetlinkMessages {
    const { datagrams } = this;
    const from = HEADER_BYTES + aligned(this.request.header.length);
    return { [Symbol.iterator]: () => messagesIn(datagrams, from) };
  }

  private takeMessage(message: Buffer): void {
    const type = host.u16(message, TYPE_AT);
    this.interrupted ||= (host.u16(message, 6) & NLM_F_DUMP_INTR) !== 0;
    if (isEnd(type)) {
      if (message.length < HEADER_BYTES + 4) throw this.cutShort();
      const code = host.u32(message, HEADER_BYTES) | 0;
      if (code < 0) throw refused(this.request, code);
      this.complete = true;
      return;
    }
    if (message.length < HEADER_BYTES + aligned(this.request.header.length)) throw this.cutShort();
    if (!this.request.dump) this.complete = true;
  }

  private cutShort(): KernelError {
    return new KernelError('unreadable', `netlink: the answer to request ${this.request.type} is cut short`);
  }
}

const isEnd = (type: number): boolean => type === NLMSG_ERROR || type === NLMSG_DONE;

/** Reads datagrams that have been found whole. */
function* messagesIn(datagrams: readonly Datagram[], from: number): Generator<NetlinkMessage> {
  for (const { bytes: datagram } of datagrams) {
    for (let at = 0; at < datagram.length; at += aligned(host.u32(datagram, at))) {
      const message = datagram.subarray(at, at + host.u32(datagram, at));
      const type = host.u16(message, TYPE_AT);
      if (isEnd(type)) continue;
      const [header, attributes] = [message.subarray(HEADER_BYTES, from), message.subarray(from)];
      yield { type, header: readFields(header), attributes: readAttributes(attributes) };
    }
  }
}

/** A dump asks for no object: what one does not find is unknown and not absent. */
export function refused({ type, dump }: NetlinkRequest, code: number): KernelError {
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
