import type { FileDescriptor } from '../../ports/syscall.js';
import { must, type Libc } from './libc.js';
import { textMemory } from './memory.js';

/** fcntl.h: O_RDWR | O_NONBLOCK | O_CLOEXEC. */
const READ_WRITE = 0o2 | 0o4000 | 0o2000000;
/** linux/if_tun.h. */
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
/** linux/if.h: sizeof(struct ifreq); the name, then the flags. */
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;
const CLONE_DEVICE = '/dev/net/tun';

/** See `Syscalls.openTun`: without IFF_NO_PI, so that each packet carries its EtherType. */
export function openTun(libc: Libc, name: string): { readonly fd: FileDescriptor; readonly name: string } {
  if (Buffer.byteLength(name) >= IFNAMSIZ) throw new RangeError(`${name}: longer than ${IFNAMSIZ - 1} bytes`);
  const request = textMemory(name, IFREQ_BYTES);
  new Uint16Array(request.bytes.buffer, IFNAMSIZ, 1)[0] = IFF_TUN;
  const fd = must('open', `${CLONE_DEVICE} (module tun)`, libc.open(CLONE_DEVICE, READ_WRITE));
  try {
    must('ioctl', `TUNSETIFF ${name}`, libc.ioctl(fd, TUNSETIFF, request.address));
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  const given = request.bytes.subarray(0, IFNAMSIZ);
  return { fd, name: given.toString('latin1', 0, given.indexOf(0)) };
}
