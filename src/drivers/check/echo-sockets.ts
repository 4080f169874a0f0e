import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Address, Family } from '../../model/address.js';
import type { Netns } from '../../model/kernel.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { FileDescriptor, Memory, Syscalls } from '../../ports/syscall.js';
import { ECHO_REPLY, NONCE_BYTES, PROTOCOL, readReply, type EchoReply } from './echo.js';

/** Answers to 10,000 probes that arrive while this process waits for a core; each costs about 800 bytes of it. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;
const PACKET_BYTES = 2_048;

export interface EchoPlace {
  /** Of all three. */
  readonly key: string;
  readonly netns: Netns;
  readonly family: Family;
  readonly source: Address | undefined;
}

/** Made once for each check: it is looked up for each packet. */
export const echoPlace = (netns: Netns, family: Family, source: Address | undefined): EchoPlace => ({
  key: `${netns} ${family} ${source ?? ''}`,
  netns,
  family,
  source,
});

interface Open {
  readonly fd: FileDescriptor;
  readonly family: Family;
  readonly netns: Netns;
  /** The namespace's file, as it was when the socket was opened. */
  readonly inode: number | undefined;
  readonly watch: { stop(): void };
  /** Probes that wait for an answer on it. */
  waiting: number;
  closed: boolean;
}

/**
 * One raw socket for each namespace, family and source, shared by all checks
 * there; a nonce of our own tells our answers from those of every other ping.
 *
 * A socket keeps a deleted namespace alive, and after a re-creation would go
 * on proving the old one. So inside customers' namespaces it is looked whether
 * the namespace is still the same before each packet, and the socket lives no
 * longer than somebody waits on it.
 */
export class EchoSockets {
  readonly nonce = randomBytes(NONCE_BYTES);
  readonly #open = new Map<string, Open>();
  readonly #answered = new Map<number, (sequence: number) => void>();
  readonly #memory: Memory;
  readonly #reply: EchoReply = { number: 0, sequence: 0 };
  #last = 0;

  constructor(
    private readonly syscalls: Syscalls,
    private readonly namespaces: Namespaces,
  ) {
    this.#memory = syscalls.allocate(PACKET_BYTES);
  }

  /** A number of its own for a check, whose answers go to `answered` from now on. */
  register(answered: (sequence: number) => void): number {
    this.#answered.set(++this.#last, answered);
    return this.#last;
  }

  unregister(number: number): void {
    this.#answered.delete(number);
  }

  /** The socket for a probe that will wait on it until `release`. Throws `SyscallError` or `KernelError`. */
  acquire(place: EchoPlace): FileDescriptor {
    let open = this.#open.get(place.key);
    if (open !== undefined && open.inode !== this.#inodeOf(place.netns)) {
      this.#close(place.key, open);
      open = undefined;
    }
    open ??= this.#openAt(place);
    open.waiting++;
    return open.fd;
  }

  /** `fd` is what `acquire` gave: a socket that replaced it is left alone. */
  release(place: EchoPlace, fd: FileDescriptor): void {
    const open = this.#open.get(place.key);
    if (open?.fd !== fd || --open.waiting > 0 || place.netns === DEFAULT_NETNS) return;
    this.#close(place.key, open);
  }

  /** Takes in everything that has arrived. */
  drain(): void {
    for (const open of this.#open.values()) this.#drain(open);
  }

  close(): void {
    for (const [key, open] of this.#open) this.#close(key, open);
  }

  #openAt({ key, netns, family, source }: EchoPlace): Open {
    const inode = this.#inodeOf(netns);
    const fd = this.namespaces.within(netns, () =>
      this.syscalls.rawSocket({
        family,
        protocol: PROTOCOL[family],
        icmpType: ECHO_REPLY[family],
        receiveBuffer: RECEIVE_BUFFER,
        ...(source !== undefined && { local: source, localIs: 'here' }),
      }),
    );
    const open: Open = {
      fd,
      family,
      netns,
      inode,
      waiting: 0,
      closed: false,
      watch: this.syscalls.watch(fd, () => this.#drain(open)),
    };
    this.#open.set(key, open);
    return open;
  }

  /** `undefined` for the default namespace, which stays, and for one that is gone. */
  #inodeOf(netns: Netns): number | undefined {
    const path = netns === DEFAULT_NETNS ? undefined : this.namespaces.pathOf(netns);
    return path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.ino;
  }

  #drain(open: Open): void {
    const { fd, family } = open;
    // An answer may be the last that somebody waited for, and close the socket.
    while (!open.closed) {
      const length = this.syscalls.receive(fd, this.#memory, 0, PACKET_BYTES);
      if (length < 0) return;
      if (readReply(this.#memory.bytes, length, family, this.nonce, this.#reply)) {
        this.#answered.get(this.#reply.number)?.(this.#reply.sequence);
      }
    }
  }

  #close(key: string, open: Open): void {
    this.#open.delete(key);
    open.closed = true;
    open.watch.stop();
    this.syscalls.close(open.fd);
  }
}
