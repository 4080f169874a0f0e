import type { FileDescriptor, RawSocketOptions } from '../../ports/syscall.js';
import { must, type Libc } from './libc.js';
import { AF_INET, AF_INET6, allocate, intMemory, socketAddress, textMemory } from './memory.js';

/** SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC. */
const RAW_SOCKET = 3 | 0o4000 | 0o2000000;

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

/** asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const SO_RCVBUFFORCE = 33;
/** linux/in.h. */
const SOL_IP = 0;
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_DONT = 0;
const IP_FREEBIND = 15;
const IP_TRANSPARENT = 19;
/** linux/in6.h. */
const SOL_IPV6 = 41;
const IPV6_TRANSPARENT = 75;
const IPV6_FREEBIND = 78;
/** linux/icmp.h, linux/icmpv6.h: a set bit blocks that type. */
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const ICMPV6_FILTER = 1;
const ICMPV6_TYPES = 256;
/** linux/if.h. */
const IFNAMSIZ = 16;

/** See `Syscalls.rawSocket`. Nothing stays open when an option is refused. */
export function rawSocket(libc: Libc, options: RawSocketOptions): FileDescriptor {
  const about = `raw IPv${options.family} protocol ${options.protocol}`;
  const domain = options.family === 4 ? AF_INET : AF_INET6;
  const fd = must('socket', about, libc.socket(domain, RAW_SOCKET, options.protocol));
  try {
    setOptions(libc, fd, options);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function setOptions(libc: Libc, fd: FileDescriptor, options: RawSocketOptions): void {
  const set = (level: number, name: number, value: ReturnType<typeof allocate>, about: string): void => {
    must('setsockopt', about, libc.setsockopt(fd, level, name, value.address, value.bytes.length));
  };
  if (options.device !== undefined) {
    set(SOL_SOCKET, SO_BINDTODEVICE, textMemory(options.device, IFNAMSIZ), `SO_BINDTODEVICE ${options.device}`);
  }
  if (options.receiveBuffer !== undefined) {
    set(SOL_SOCKET, SO_RCVBUFFORCE, intMemory(options.receiveBuffer), 'SO_RCVBUFFORCE');
  }
  if (options.fragmentable === true) set(SOL_IP, IP_MTU_DISCOVER, intMemory(IP_PMTUDISC_DONT), 'IP_MTU_DISCOVER');
  if (options.icmpType !== undefined) {
    if (options.protocol === IPPROTO_ICMPV6)
      set(IPPROTO_ICMPV6, ICMPV6_FILTER, onlyIcmpv6(options.icmpType), 'ICMP6_FILTER');
    if (options.protocol === IPPROTO_ICMP)
      set(SOL_RAW, ICMP_FILTER, intMemory(~(1 << options.icmpType)), 'ICMP_FILTER');
  }
  if (options.local !== undefined) {
    const { family, localIs = 'awaited' } = options;
    if (localIs !== 'here') {
      if (family === 4) set(SOL_IP, IP_FREEBIND, intMemory(1), 'IP_FREEBIND');
      else set(SOL_IPV6, IPV6_FREEBIND, intMemory(1), 'IPV6_FREEBIND');
    }
    if (localIs === 'foreign') {
      if (family === 4) set(SOL_IP, IP_TRANSPARENT, intMemory(1), 'IP_TRANSPARENT');
      else set(SOL_IPV6, IPV6_TRANSPARENT, intMemory(1), 'IPV6_TRANSPARENT');
    }
    const address = socketAddress(options.local);
    must('bind', options.local, libc.bind(fd, address.address, address.bytes.length));
  }
}

function onlyIcmpv6(type: number): ReturnType<typeof allocate> {
  const filter = allocate(ICMPV6_TYPES / 8);
  const words = new Uint32Array(filter.bytes.buffer).fill(0xffffffff);
  const word = type >> 5;
  words[word] = (words[word] ?? 0) & ~(1 << (type & 31));
  return filter;
}
