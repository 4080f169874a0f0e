import { familyOf, type Address } from '../../model/address.js';
import type { CheckSpec } from '../../model/check.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { FileDescriptor, Handshakes, Syscalls } from '../../ports/syscall.js';
import { endOfSending, endOfTrying, errnoText, failed, unsent, type End } from './probing.js';

/** One TCP handshake under way. */
interface Handshake {
  readonly fd: FileDescriptor;
  readonly connected: (fd: FileDescriptor) => void;
  readonly refused: (end: End) => void;
}

/** Opens connections for checks. All handshakes of the process wait on one descriptor. */
export class Connector {
  readonly #pending = new Map<number, Handshake>();
  readonly #handshakes: Handshakes;
  #token = 0;

  constructor(
    private readonly syscalls: Syscalls,
    private readonly namespaces: Namespaces,
  ) {
    this.#handshakes = syscalls.openHandshakes((token) => this.#onEnded(token));
  }

  /** A way to one target. One handshake at a time; whoever is given a descriptor closes it. */
  towards(spec: CheckSpec, target: Address, port: number, handlers: Omit<Handshake, 'fd'>): Door {
    const { syscalls, namespaces } = this;
    const { netns, source } = spec;
    const family = familyOf(target);
    const to = syscalls.socketAddress(target, port);
    const local = source === undefined ? undefined : syscalls.socketAddress(source);
    const connect = (): number => syscalls.connectTcp(family, to, local);
    let token: number | undefined;

    return {
      knock: () => {
        try {
          const fd = namespaces.within(netns, connect);
          if (fd < 0) return endOfSending(fd, spec);
          token = this.#await({ fd, ...handlers });
          return token !== undefined ? undefined : unsent('the handshake cannot be awaited');
        } catch (error) {
          return endOfTrying(error, spec);
        }
      },
      leave: () => {
        if (token !== undefined) this.#forget(token);
        token = undefined;
      },
    };
  }

  /** Takes in every handshake that has ended. */
  look(): void {
    this.#handshakes.look();
  }

  close(): void {
    for (const token of [...this.#pending.keys()]) this.#forget(token);
    this.#handshakes.close();
  }

  #await(handshake: Handshake): number | undefined {
    this.#token = (this.#token + 1) >>> 0;
    if (this.#handshakes.add(handshake.fd, this.#token) < 0) {
      this.syscalls.close(handshake.fd);
      return undefined;
    }
    this.#pending.set(this.#token, handshake);
    return this.#token;
  }

  #forget(token: number): void {
    const handshake = this.#pending.get(token);
    if (handshake === undefined) return;
    this.#pending.delete(token);
    this.syscalls.close(handshake.fd);
  }

  #onEnded(token: number): void {
    const handshake = this.#pending.get(token);
    if (handshake === undefined) return;
    this.#pending.delete(token);
    const { fd, connected, refused } = handshake;
    const errno = this.syscalls.socketError(fd);
    if (errno === 0) return connected(fd);
    this.syscalls.close(fd);
    refused(failed(errnoText(errno)));
  }
}

export interface Door {
  /** Begins a handshake; an end that is known at once is returned. */
  knock(): End | undefined;
  /** Gives up the handshake under way, if there is one. */
  leave(): void;
}
