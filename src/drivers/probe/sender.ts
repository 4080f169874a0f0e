import { getSystemErrorName } from 'node:util';
import { familyOf } from '../../model/address.js';
import type { ProbeSpec } from '../../ports/prober.js';
import { SyscallError, type Syscalls } from '../../ports/syscall.js';
import { packetBytes, writeEcho, writeSequence } from './echo.js';

/** IPPROTO_RAW: we write the IP header, and receive nothing. */
const IPPROTO_RAW = 255;

export interface Sender {
  /** Sends one echo; otherwise says why it could not. */
  send(sequence: number): string | undefined;
}

/**
 * Enters the customer's namespace for each packet, with a socket that lives no
 * longer: ten system calls, which take some 40 µs in a row, and four times that
 * where each finds cold caches. A socket that stayed would keep a deleted namespace and its
 * devices alive, and after a re-creation would go on proving the old ones.
 */
export function createSender(syscalls: Syscalls, spec: ProbeSpec, nonce: Buffer, probe: number): Sender {
  const family = familyOf(spec.target);
  const packet = syscalls.allocate(packetBytes(family));
  const to = syscalls.socketAddress(spec.target);
  const path = spec.netns === '' ? '/proc/self/ns/net' : `/run/netns/${spec.netns}`;
  writeEcho(packet.bytes, spec, nonce, probe);

  const options = { family, protocol: IPPROTO_RAW, device: spec.device };
  // IPv6 looks for a source address before it looks at the packet, and the namespace need not have any.
  const bound = family === 6 ? { ...options, local: spec.source } : options;

  function sendHere(): number {
    const fd = syscalls.rawSocket(bound);
    try {
      return syscalls.send(fd, packet, 0, packet.bytes.length, to);
    } finally {
      syscalls.close(fd);
    }
  }

  return {
    send: (sequence) => {
      writeSequence(packet.bytes, family, sequence);
      try {
        const sent = syscalls.withinNetns(path, sendHere);
        return sent < 0 ? `${spec.device}: ${getSystemErrorName(sent)}` : undefined;
      } catch (error) {
        if (error instanceof SyscallError) return error.message;
        throw error;
      }
    },
  };
}
