import type { Handshakes } from '../../ports/syscall.js';
import { failure, must, type Libc } from './libc.js';
import { allocate } from './memory.js';
import { watch } from './watch.js';

/** sys/epoll.h. */
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLOUT = 0x4;
const EPOLLONESHOT = 0x40000000;
/** struct epoll_event: events, then the caller's 8 bytes; packed on x86-64 alone. */
const DATA_AT = process.arch === 'x64' ? 4 : 8;
const EVENT_BYTES = DATA_AT + 8;
/** Ended handshakes fetched by one call. */
const BATCH = 128;

/**
 * See `Handshakes`. One epoll descriptor for all of them, itself watched by
 * the event loop: a watcher for each would cost more than the connection.
 */
export function openHandshakes(libc: Libc, ended: (token: number) => void): Handshakes {
  const epoll = must('epoll_create1', 'handshakes', libc.epollCreate(EPOLL_CLOEXEC));
  const wanted = allocate(EVENT_BYTES);
  wanted.bytes.writeUInt32LE(EPOLLOUT | EPOLLONESHOT, 0);
  const found = allocate(BATCH * EVENT_BYTES);
  const look = (): void => {
    for (let count = BATCH; count === BATCH;) {
      count = libc.epollWait(epoll, found.address, BATCH, 0);
      const tokens: number[] = [];
      for (let at = DATA_AT; at < count * EVENT_BYTES; at += EVENT_BYTES) tokens.push(found.bytes.readUInt32LE(at));
      for (const token of tokens) ended(token);
    }
  };
  const watching = watch(epoll, look);
  return {
    add: (fd, token) => {
      wanted.bytes.writeUInt32LE(token, DATA_AT);
      return libc.epollControl(epoll, EPOLL_CTL_ADD, fd, wanted.address) < 0 ? failure() : 0;
    },
    look,
    close: () => {
      watching.stop();
      libc.close(epoll);
    },
  };
}
