import type { Syscalls } from '../../ports/syscall.js';
import { failure, type Libc } from './libc.js';
import { AF_INET, AF_INET6, allocate, intMemory } from './memory.js';

/** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC. */
const STREAM_SOCKET = 1 | 0o4000 | 0o2000000;
const IPPROTO_TCP = 6;
/** asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
/** linux/in.h. The port is chosen at connect(2): by then the destination tells connections from one port apart. */
const SOL_IP = 0;
const IP_BIND_ADDRESS_NO_PORT = 24;
/** asm-generic/errno.h. */
const EINPROGRESS = 115;

/** See `Syscalls.connectTcp` and `Syscalls.socketError`. */
export function tcpSockets(libc: Libc): Pick<Syscalls, 'connectTcp' | 'socketError'> {
  // A reset instead of TIME_WAIT: twenty probes a second to one service would hold 1,200 ports.
  const linger = allocate(8);
  new Int32Array(linger.bytes.buffer).set([1, 0]);
  const one = intMemory(1);
  const value = intMemory(0);
  const size = intMemory(4);
  const error = new Int32Array(value.bytes.buffer);

  return {
    connectTcp: (family, to, local) => {
      const fd = libc.socket(family === 4 ? AF_INET : AF_INET6, STREAM_SOCKET, IPPROTO_TCP);
      if (fd < 0) return failure();
      let result = libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger.address, 8);
      if (local !== undefined && result === 0) {
        libc.setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, one.address, 4);
        result = libc.bind(fd, local.address, local.bytes.length);
      }
      if (result === 0) result = libc.connect(fd, to.address, to.bytes.length);
      if (result === 0) return fd;
      const refusal = failure();
      if (refusal === -EINPROGRESS) return fd;
      libc.close(fd);
      return refusal;
    },
    socketError: (fd) => {
      if (libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, value.address, size.address) < 0) return failure();
      return 0 - (error[0] ?? 0);
    },
  };
}
