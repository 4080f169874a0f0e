import { runCheckerChild } from '../drivers/check/checker-child.js';
import { createClock } from '../drivers/clock/clock.js';
import { createExec } from '../drivers/exec/exec.js';
import { createNamespaces } from '../drivers/namespaces/namespaces.js';
import { createSyscalls } from '../drivers/syscall/syscalls.js';

const syscalls = createSyscalls();
process.exit(
  await runCheckerChild({
    syscalls,
    namespaces: createNamespaces({ syscalls }),
    exec: createExec(),
    clock: createClock(),
    input: process.stdin,
    output: process.stdout,
  }),
);
