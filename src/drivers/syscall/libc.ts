/**
 * libc as Node sees it. Pointers travel as plain numbers, so that an offset is
 * an addition and no call allocates.
 */
import { getSystemErrorName } from 'node:util';
import koffi, { type LibraryHandle } from 'koffi';
import { SyscallError } from '../../ports/syscall.js';

type Call = (...args: readonly (number | string)[]) => number;

export interface Libc {
  readonly open: Call;
  readonly close: Call;
  readonly setns: Call;
  readonly socket: Call;
  readonly bind: Call;
  readonly connect: Call;
  readonly setsockopt: Call;
  readonly getsockopt: Call;
  readonly epollCreate: Call;
  readonly epollControl: Call;
  readonly epollWait: Call;
  readonly ioctl: Call;
  readonly read: Call;
  readonly write: Call;
  readonly recv: Call;
  readonly sendto: Call;
  readonly mallocTrim: Call;
  readonly mallopt: Call;
}

/** Loads the C library; throws `SyscallError` where there is none that we know. */
export function loadLibc(): Libc {
  const library = openLibrary();
  const declare = (prototype: string): Call => library.func(prototype);
  return {
    open: declare('int open(const char *path, int flags)'),
    close: declare('int close(int fd)'),
    setns: declare('int setns(int fd, int type)'),
    socket: declare('int socket(int domain, int type, int protocol)'),
    bind: declare('int bind(int fd, uintptr_t address, uint32_t length)'),
    connect: declare('int connect(int fd, uintptr_t address, uint32_t length)'),
    getsockopt: declare('int getsockopt(int fd, int level, int name, uintptr_t value, uintptr_t length)'),
    epollCreate: declare('int epoll_create1(int flags)'),
    epollControl: declare('int epoll_ctl(int epoll, int operation, int fd, uintptr_t event)'),
    epollWait: declare('int epoll_wait(int epoll, uintptr_t events, int most, int timeout)'),
    setsockopt: declare('int setsockopt(int fd, int level, int name, uintptr_t value, uint32_t length)'),
    ioctl: declare('int ioctl(int fd, unsigned long request, uintptr_t argument)'),
    read: declare('int64_t read(int fd, uintptr_t buffer, size_t length)'),
    write: declare('int64_t write(int fd, uintptr_t buffer, size_t length)'),
    recv: declare('int64_t recv(int fd, uintptr_t buffer, size_t length, int flags)'),
    mallocTrim: declare('int malloc_trim(size_t pad)'),
    mallopt: declare('int mallopt(int parameter, int value)'),
    sendto: declare(
      'int64_t sendto(int fd, uintptr_t buffer, size_t length, int flags, uintptr_t address, uint32_t addressLength)',
    ),
  };
}

function openLibrary(): LibraryHandle {
  if (process.platform !== 'linux') {
    throw new SyscallError('dlopen', 'ENOSYS', `raw sockets and namespaces need Linux, not ${process.platform}`);
  }
  try {
    return koffi.load('libc.so.6');
  } catch (error) {
    throw new SyscallError('dlopen', 'ENOENT', `libc.so.6: ${(error as Error).message}; glibc is required`);
  }
}

/** Negated errno of the call that has just failed. */
export const failure = (): number => -koffi.errno();

/** Passes a result through, or throws what the call's failure means. `on` says what it was about. */
export function must(call: string, on: string, result: number): number {
  if (result >= 0) return result;
  const name = getSystemErrorName(-koffi.errno());
  throw new SyscallError(call, name, `${call} ${on}: ${name}${remedyFor(name)}`);
}

function remedyFor(errno: string): string {
  switch (errno) {
    case 'EPERM':
    case 'EACCES':
      return ', not permitted; run it as root or with CAP_NET_RAW, CAP_NET_ADMIN and CAP_SYS_ADMIN';
    case 'ENOENT':
      return ', it is not there';
    default:
      return '';
  }
}
