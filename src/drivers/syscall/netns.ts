import { must, type Libc } from './libc.js';

/** fcntl.h: O_RDONLY | O_CLOEXEC. */
const READ_ONLY = 0o2000000;
/** linux/sched.h. */
const CLONE_NEWNET = 0x40000000;
const OWN = '/proc/thread-self/ns/net';

/** See `Syscalls.withinNetns`. Where we come from is read afresh each time, so that calls nest. */
export function withinNetns<T>(libc: Libc, path: string, call: () => T): T {
  const home = must('open', OWN, libc.open(OWN, READ_ONLY));
  try {
    enter(libc, path);
    try {
      return call();
    } finally {
      goHome(libc, home);
    }
  } finally {
    libc.close(home);
  }
}

function enter(libc: Libc, path: string): void {
  const there = must('open', path, libc.open(path, READ_ONLY));
  try {
    must('setns', path, libc.setns(there, CLONE_NEWNET));
  } finally {
    libc.close(there);
  }
}

function goHome(libc: Libc, home: number): void {
  if (libc.setns(home, CLONE_NEWNET) === 0) return;
  process.stderr.write('cannot return to the network namespace this process came from; ending it\n');
  process.abort();
}
