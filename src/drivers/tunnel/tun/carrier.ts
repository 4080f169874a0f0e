import { octetsOf, type Address } from '../../../model/address.js';
import { EAGAIN, type Memory, type Syscalls } from '../../../ports/syscall.js';
import { isIp, NO_KEY, writeKeyedGre } from './gre.js';
import { BUFFER_BYTES, PI_BYTES, TURN, type Aim, type Ends, type Tunnel } from './tunnel.js';
import { Underlay, type Refusal } from './underlay.js';

/** Where a packet's `struct tun_pi` is read to: room before it for a GRE key. */
const READ_AT = 4;

/** Two tunnels that no packet could tell apart. */
class EndsTaken extends Error {
  override readonly name = 'EndsTaken';
}

/**
 * All tunnels of this process: TUN devices inside, raw sockets outside.
 *
 * Invariants: one underlay per local address that some tunnel uses, no two
 * tunnels with equal ends, every descriptor here is open. A tunnel whose
 * device has vanished (its namespace was deleted) is forgotten at once.
 */
export class Carrier {
  readonly #syscalls: Syscalls;
  readonly #memory: Memory;
  readonly #tunnels = new Map<string, { readonly tunnel: Tunnel; readonly watch: { stop(): void } }>();
  readonly #underlays = new Map<Address, Underlay>();

  constructor(syscalls: Syscalls) {
    this.#syscalls = syscalls;
    this.#memory = syscalls.allocate(BUFFER_BYTES);
  }

  get tunnels(): readonly Tunnel[] {
    return [...this.#tunnels.values()].map(({ tunnel }) => tunnel);
  }

  /** Packets that belonged to no tunnel, by cause, since the underlay in use was opened. */
  get refused(): Readonly<Partial<Record<Refusal, number>>> {
    const total: Partial<Record<Refusal, number>> = {};
    for (const { refused } of this.#underlays.values()) {
      for (const [cause, count] of Object.entries(refused) as [Refusal, number][])
        total[cause] = (total[cause] ?? 0) + count;
    }
    return total;
  }

  /** Creates a device named after `pattern` (`cvt%d`), down. Throws `SyscallError` or `EndsTaken`. */
  open(id: string, pattern: string, ends: Ends): { readonly device: string } {
    const aim = this.#aimAt(ends);
    try {
      const { fd, name } = this.#syscalls.openTun(pattern);
      const counters = { received: 0, sent: 0, sendErrors: 0, deviceErrors: 0 };
      const tunnel: Tunnel = { id, fd, counters, aim };
      this.#underlayOf(aim).attach(tunnel);
      this.#tunnels.set(id, { tunnel, watch: this.#syscalls.watch(fd, () => this.#takeTurn(tunnel)) });
      return { device: name };
    } finally {
      this.#closeUnused();
    }
  }

  /** Gives an open tunnel other ends; `false` when there is none of that id. */
  retarget(id: string, ends: Ends): boolean {
    const tunnel = this.#tunnels.get(id)?.tunnel;
    if (tunnel === undefined) return false;
    const aim = this.#aimAt(ends, tunnel);
    this.#underlayOf(tunnel.aim).detach(tunnel);
    tunnel.aim = aim;
    this.#underlayOf(aim).attach(tunnel);
    this.#closeUnused();
    return true;
  }

  /** Closes the descriptor, and with it the device, wherever it has been moved. Unknown ids are harmless. */
  close(id: string): void {
    const open = this.#tunnels.get(id);
    if (open === undefined) return;
    this.#tunnels.delete(id);
    this.#underlayOf(open.tunnel.aim).detach(open.tunnel);
    open.watch.stop();
    this.#syscalls.close(open.tunnel.fd);
    this.#closeUnused();
  }

  closeAll(): void {
    for (const id of [...this.#tunnels.keys()]) this.close(id);
  }

  #aimAt(ends: Ends, self?: Tunnel): Aim {
    const underlay = this.#underlayAt(ends.local);
    const remote = Buffer.from(octetsOf(ends.remote)).readUInt32BE(0);
    const key = ends.key ?? NO_KEY;
    const holder = underlay.find(remote, key);
    if (holder !== undefined && holder !== self) {
      throw new EndsTaken(`${holder.id} already runs between ${ends.local} and ${ends.remote}; give one of them a key`);
    }
    return { ends, socket: underlay.fd, to: this.#syscalls.socketAddress(ends.remote), remote, key };
  }

  #underlayOf(aim: Aim): Underlay {
    return this.#underlayAt(aim.ends.local);
  }

  #underlayAt(local: Address): Underlay {
    const underlay = this.#underlays.get(local) ?? new Underlay(this.#syscalls, local, this.#memory);
    this.#underlays.set(local, underlay);
    return underlay;
  }

  #closeUnused(): void {
    for (const underlay of this.#underlays.values()) {
      if (!underlay.unused) continue;
      underlay.close();
      this.#underlays.delete(underlay.local);
    }
  }

  #takeTurn(tunnel: Tunnel): void {
    for (let packets = 0; packets < TURN; packets++) {
      const length = this.#syscalls.read(tunnel.fd, this.#memory, READ_AT, BUFFER_BYTES - READ_AT);
      if (length < PI_BYTES) {
        if (length !== -EAGAIN) this.close(tunnel.id);
        return;
      }
      this.#forward(tunnel, length);
    }
  }

  /** Without a key, what was read is already a GRE packet: `struct tun_pi` is flags 0 and the EtherType. */
  #forward(tunnel: Tunnel, length: number): void {
    const { bytes } = this.#memory;
    const { socket, to, key } = tunnel.aim;
    const etherType = bytes.readUInt16BE(READ_AT + 2);
    if (!isIp(etherType)) return;
    let start = READ_AT;
    if (key === NO_KEY) {
      bytes.writeUInt16BE(0, start);
    } else {
      start = 0;
      writeKeyedGre(bytes, start, etherType, key);
    }
    const sent = this.#syscalls.send(socket, this.#memory, start, READ_AT + length - start, to);
    if (sent < 0) tunnel.counters.sendErrors++;
    else tunnel.counters.sent++;
  }
}
