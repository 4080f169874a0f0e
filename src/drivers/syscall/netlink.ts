import type { FileDescriptor, NetlinkOptions } from '../../ports/syscall.js';
import { must, type Libc } from './libc.js';
import { allocate, intMemory } from './memory.js';

const AF_NETLINK = 16;
/** SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC. */
const NETLINK_SOCKET = 3 | 0o4000 | 0o2000000;

/** linux/netlink.h. */
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_LISTEN_ALL_NSID = 8;
const NETLINK_GET_STRICT_CHK = 12;
/** sizeof(struct sockaddr_nl). */
const SOCKADDR_BYTES = 12;

/** See `Syscalls.netlinkSocket`. Nothing stays open when an option is refused. */
export function netlinkSocket(libc: Libc, options: NetlinkOptions): FileDescriptor {
  const { protocol, groups, allNamespaces = false, strict = false } = options;
  const about = `netlink protocol ${protocol}`;
  const fd = must('socket', about, libc.socket(AF_NETLINK, NETLINK_SOCKET, protocol));
  const set = (name: number, value: number): void => {
    const memory = intMemory(value);
    must('setsockopt', about, libc.setsockopt(fd, SOL_NETLINK, name, memory.address, memory.bytes.length));
  };
  try {
    const address = allocate(SOCKADDR_BYTES);
    new Uint16Array(address.bytes.buffer, 0, 1)[0] = AF_NETLINK;
    must('bind', about, libc.bind(fd, address.address, address.bytes.length));
    if (allNamespaces) set(NETLINK_LISTEN_ALL_NSID, 1);
    if (strict) set(NETLINK_GET_STRICT_CHK, 1);
    for (const group of groups) set(NETLINK_ADD_MEMBERSHIP, group);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}
