import type { Syscalls } from '../../ports/syscall.js';
import { openHandshakes } from './handshakes.js';
import { failure, loadLibc } from './libc.js';
import { allocate, socketAddress } from './memory.js';
import { netlinkSocket } from './netlink.js';
import { withinNetns } from './netns.js';
import { rawSocket } from './socket.js';
import { tcpSockets } from './tcp.js';
import { openTun } from './tun.js';
import { watch } from './watch.js';

/** linux/socket.h. */
const MSG_DONTWAIT = 0x40;

/** The kernel of this machine, through libc. Throws `SyscallError` where there is none. */
export function createSyscalls(): Syscalls {
  const libc = loadLibc();
  const sized = (result: number): number => (result < 0 ? failure() : result);
  return {
    withinNetns: (path, call) => withinNetns(libc, path, call),
    ...tcpSockets(libc),
    openHandshakes: (ended) => openHandshakes(libc, ended),
    rawSocket: (options) => rawSocket(libc, options),
    netlinkSocket: (options) => netlinkSocket(libc, options),
    openTun: (name) => openTun(libc, name),
    close: (fd) => void libc.close(fd),
    allocate,
    socketAddress,
    read: (fd, into, offset, length) => sized(libc.read(fd, into.address + offset, length)),
    write: (fd, from, offset, length) => sized(libc.write(fd, from.address + offset, length)),
    receive: (fd, into, offset, length) => sized(libc.recv(fd, into.address + offset, length, MSG_DONTWAIT)),
    send: (fd, from, offset, length, to) =>
      sized(libc.sendto(fd, from.address + offset, length, MSG_DONTWAIT, to.address, to.bytes.length)),
    watch,
  };
}
