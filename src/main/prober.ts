import { runProberChild } from '../drivers/probe/prober-child.js';
import { createSyscalls } from '../drivers/syscall/syscalls.js';

process.exit(await runProberChild({ syscalls: createSyscalls(), input: process.stdin, output: process.stdout }));
