import type { Family } from '../../model/address.js';
import type { FileDescriptor, Memory, Syscalls } from '../../ports/syscall.js';
import { ECHO_REPLY, IPPROTO_ICMPV6, readReply, type EchoReply } from './echo.js';

const PROTOCOL = { 4: 1, 6: IPPROTO_ICMPV6 } as const;

/** Answers to 10,000 probes that arrive while this process waits for a core; each costs about 800 bytes of it. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;
const PACKET_BYTES = 2_048;

/** Echo replies to one family's probes, received in the default namespace, where the probes' source lives. */
export class Listener {
  readonly #fd: FileDescriptor;
  readonly #memory: Memory;
  readonly #reply: EchoReply = { probe: 0, sequence: 0 };
  readonly #watch: { stop(): void };

  /** Throws `SyscallError` when raw sockets are not permitted. */
  constructor(
    private readonly syscalls: Syscalls,
    private readonly family: Family,
    private readonly nonce: Buffer,
    private readonly arrived: (probe: number, sequence: number) => void,
  ) {
    this.#memory = syscalls.allocate(PACKET_BYTES);
    this.#fd = syscalls.rawSocket({
      family,
      protocol: PROTOCOL[family],
      icmpType: ECHO_REPLY[family],
      receiveBuffer: RECEIVE_BUFFER,
    });
    this.#watch = syscalls.watch(this.#fd, () => this.drain());
  }

  /** Takes everything that has arrived. Called before a probe is declared lost, too: after a pause, timers run first. */
  drain(): void {
    for (;;) {
      const length = this.syscalls.receive(this.#fd, this.#memory, 0, PACKET_BYTES);
      if (length < 0) return;
      if (readReply(this.#memory.bytes, length, this.family, this.nonce, this.#reply)) {
        this.arrived(this.#reply.probe, this.#reply.sequence);
      }
    }
  }

  close(): void {
    this.#watch.stop();
    this.syscalls.close(this.#fd);
  }
}
