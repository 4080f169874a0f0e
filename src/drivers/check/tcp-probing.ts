import type { Address } from '../../model/address.js';
import type { CheckSpec, TcpProbe } from '../../model/check.js';
import type { Syscalls } from '../../ports/syscall.js';
import type { Connector } from './connector.js';
import { OK, type End, type Probing } from './probing.js';

/** A handshake, and a reset as soon as it has succeeded. */
export function tcpProbing(
  { syscalls, connector }: { readonly syscalls: Syscalls; readonly connector: Connector },
  spec: CheckSpec,
  { target, port }: TcpProbe<Address>,
  ended: (end: End) => void,
): Probing {
  const door = connector.towards(spec, target, port, {
    connected: (fd) => {
      syscalls.close(fd);
      ended(OK);
    },
    refused: ended,
  });
  return {
    silence: 'no handshake',
    begin: () => door.knock(),
    look: () => connector.look(),
    abandon: () => door.leave(),
    close: () => door.leave(),
  };
}
