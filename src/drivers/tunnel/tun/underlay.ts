import type { Address } from '../../../model/address.js';
import type { FileDescriptor, Memory, Syscalls } from '../../../ports/syscall.js';
import { IPPROTO_GRE, readGre, type GreFields, type GreVerdict } from './gre.js';
import { BUFFER_BYTES, PI_BYTES, TURN, type Tunnel } from './tunnel.js';

/** A burst at 1 Gbit/s while this process waits 60 ms for a core. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;

const SOURCE_OFFSET = 12;

export type Refusal = Exclude<GreVerdict, 'good'> | 'stranger';

/**
 * The raw socket of one local address, and the tunnels that end there.
 * Everybody's GRE for the address arrives here: a packet belongs to the tunnel
 * with its outer source and key, or to nobody. DF stays clear on what leaves,
 * because with anycast the too-big comes back elsewhere.
 */
export class Underlay {
  readonly fd: FileDescriptor;
  /** Packets dropped, by cause. */
  readonly refused: Partial<Record<Refusal, number>> = {};
  readonly #tunnels = new Map<number, Tunnel[]>();
  readonly #fields: GreFields = { etherType: 0, key: 0, payload: 0 };
  readonly #watch: { stop(): void };
  readonly #syscalls: Syscalls;
  readonly #memory: Memory;

  /** Throws `SyscallError` when the socket is not permitted. `memory` is shared scratch of `BUFFER_BYTES`. */
  constructor(
    syscalls: Syscalls,
    readonly local: Address,
    memory: Memory,
  ) {
    this.#syscalls = syscalls;
    this.#memory = memory;
    this.fd = syscalls.rawSocket({
      family: 4,
      protocol: IPPROTO_GRE,
      local,
      fragmentable: true,
      receiveBuffer: RECEIVE_BUFFER,
    });
    this.#watch = syscalls.watch(this.fd, () => this.#takeTurn());
  }

  attach(tunnel: Tunnel): void {
    this.#tunnels.set(tunnel.aim.remote, [...(this.#tunnels.get(tunnel.aim.remote) ?? []), tunnel]);
  }

  detach(tunnel: Tunnel): void {
    const rest = this.#tunnels.get(tunnel.aim.remote)?.filter((other) => other !== tunnel) ?? [];
    if (rest.length > 0) this.#tunnels.set(tunnel.aim.remote, rest);
    else this.#tunnels.delete(tunnel.aim.remote);
  }

  get unused(): boolean {
    return this.#tunnels.size === 0;
  }

  find(remote: number, key: number): Tunnel | undefined {
    const candidates = this.#tunnels.get(remote);
    if (candidates === undefined) return undefined;
    for (const tunnel of candidates) if (tunnel.aim.key === key) return tunnel;
    return undefined;
  }

  close(): void {
    this.#watch.stop();
    this.#syscalls.close(this.fd);
  }

  #takeTurn(): void {
    for (let packets = 0; packets < TURN; packets++) {
      const length = this.#syscalls.receive(this.fd, this.#memory, 0, BUFFER_BYTES);
      if (length < 0) return;
      this.#deliver(length);
    }
  }

  /** Turns the last four bytes of the GRE header into `struct tun_pi`; the payload stays where it is. */
  #deliver(length: number): void {
    const { bytes } = this.#memory;
    const fields = this.#fields;
    const verdict = readGre(bytes, ((bytes[0] ?? 0) & 0x0f) * 4, length, fields);
    if (verdict !== 'good') return this.#refuse(verdict);
    const tunnel = this.find(bytes.readUInt32BE(SOURCE_OFFSET), fields.key);
    if (tunnel === undefined) return this.#refuse('stranger');
    const start = fields.payload - PI_BYTES;
    bytes.writeUInt16BE(0, start);
    bytes.writeUInt16BE(fields.etherType, start + 2);
    if (this.#syscalls.write(tunnel.fd, this.#memory, start, length - start) < 0) tunnel.counters.deviceErrors++;
    else tunnel.counters.received++;
  }

  #refuse(cause: Refusal): void {
    this.refused[cause] = (this.refused[cause] ?? 0) + 1;
  }
}
