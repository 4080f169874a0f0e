/** Settings under /proc/sys/net, read and written as files: about 10 µs each, and no process. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Netns, SysctlState } from '../../model/kernel.js';
import { sortedBy, sysctlKey } from '../../model/kernel-order.js';
import { DEFAULT_NETNS, sysctlPath } from '../../model/naming.js';
import { KernelError, type SysctlDriver } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';

/** Namespaces read before other work of this process has its turn: a few milliseconds. */
const AT_ONCE = 16;

/** /proc/sys/net shows the network namespace of whoever reads it. */
export function createSysctlDriver(namespaces: Namespaces): SysctlDriver {
  return {
    observe: async (wanted) => {
      const found: SysctlState[] = [];
      for (const [turn, [netns, sysctls]] of [...byNamespace(wanted)].entries()) {
        if (turn % AT_ONCE === AT_ONCE - 1) await nextTurn();
        found.push(...readIn(namespaces, netns, sysctls));
      }
      return sortedBy(found, sysctlKey);
    },
    apply: async (ops) => {
      for (const [netns, sysctls] of byNamespace(ops.map(({ sysctl }) => sysctl))) {
        namespaces.within(netns, () => sysctls.forEach((sysctl) => write(sysctl)));
      }
    },
  };
}

/** Those of a namespace that is gone do not exist. */
function readIn(namespaces: Namespaces, netns: Netns, sysctls: readonly SysctlState[]): readonly SysctlState[] {
  try {
    return namespaces.within(netns, () => sysctls.flatMap((sysctl) => read(sysctl)));
  } catch (error) {
    if (error instanceof KernelError && error.reason === 'absent') return [];
    throw error;
  }
}

function read({ netns, key }: SysctlState): readonly SysctlState[] {
  try {
    return [{ netns, key, value: readFileSync(sysctlPath(key), 'utf8').trim() }];
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw problem('read', { netns, key }, error);
  }
}

/** Without a newline, which Linux 6.1 refuses after some IPv6 settings. */
function write({ netns, key, value }: SysctlState): void {
  try {
    writeFileSync(sysctlPath(key), value, { flag: 'r+' });
  } catch (error) {
    throw problem('write', { netns, key }, error);
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function problem(verb: 'read' | 'write', { netns, key }: Omit<SysctlState, 'value'>, error: unknown): KernelError {
  const place = netns === DEFAULT_NETNS ? '' : ` in ${netns}`;
  const code = codeOf(error) ?? String(error);
  const reason = code === 'EACCES' || code === 'EPERM' ? 'not-permitted' : verb === 'read' ? 'unreadable' : 'failed';
  return new KernelError(reason, `cannot ${verb} ${sysctlPath(key)}${place}: ${code}`);
}

function byNamespace(sysctls: readonly SysctlState[]): ReadonlyMap<Netns, readonly SysctlState[]> {
  const groups = new Map<Netns, SysctlState[]>();
  for (const sysctl of sysctls) {
    const group = groups.get(sysctl.netns);
    if (group) group.push(sysctl);
    else groups.set(sysctl.netns, [sysctl]);
  }
  return groups;
}
