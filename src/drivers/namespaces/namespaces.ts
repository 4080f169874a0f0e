/** The folder of namespaces that ip-netns(8) keeps: one mounted file each. */
import { readdirSync } from 'node:fs';
import { DEFAULT_NETNS } from '../../model/naming.js';
import { KernelError } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';
import { SyscallError, type Syscalls } from '../../ports/syscall.js';

export interface NamespacesOptions {
  readonly syscalls: Syscalls;
  /** Another machine's folder, seen from here: `/proc/PID/root/run/netns`. */
  readonly folder?: string;
  /** Its default namespace: `/proc/PID/ns/net`. Left out, the one this process is in. */
  readonly own?: string;
}

export function createNamespaces({ syscalls, folder = '/run/netns', own }: NamespacesOptions): Namespaces {
  const pathOf: Namespaces['pathOf'] = (netns) => (netns === DEFAULT_NETNS ? own : `${folder}/${netns}`);
  return {
    pathOf,
    names: () => namesIn(folder),
    within: (netns, call) => {
      const path = pathOf(netns);
      if (path === undefined) return call();
      let entered = false;
      try {
        return syscalls.withinNetns(path, () => {
          entered = true;
          return call();
        });
      } catch (error) {
        if (entered || !(error instanceof SyscallError)) throw error;
        throw notEntered(error, path);
      }
    },
  };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new KernelError('unreadable', `cannot list the namespaces: ${(error as Error).message}`);
  }
}

/** EINVAL: a plain file, left by an `ip netns add` that was cut short. */
function notEntered({ errno, message }: SyscallError, path: string): KernelError {
  switch (errno) {
    case 'ENOENT':
      return new KernelError('absent', message);
    case 'EPERM':
    case 'EACCES':
      return new KernelError('not-permitted', message);
    case 'EINVAL':
      return new KernelError('unreadable', `${path} is a file and no namespace; remove it`);
    default:
      return new KernelError('unreadable', message);
  }
}
