/** Settings under /proc/sys/net, one process per namespace and batch. */
import type { Netns, SysctlState } from '../../model/kernel.js';
import { sortedBy, sysctlKey } from '../../model/kernel-order.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import { ExecError, type Exec, type ExecResult } from '../../ports/exec.js';
import { KernelError, type SysctlDriver } from '../../ports/kernel.js';

const TIMEOUT_MS = 10_000;

/** At a time; each is a process. */
const CONCURRENCY = 4;

/**
 * Names of files on standard input; `path:value` out. The shell's own `read`
 * takes one byte at a time, and of these files the kernel gives no more than
 * the first. A file that vanishes in between makes the read fail: look again.
 */
const READ = `while read -r file; do [ ! -e "$file" ] || echo "$file"; done | xargs -r grep -H ''`;

const WRITE = `while read -r file value; do
  echo "$value" >"$file" || { echo "cannot write $file" >&2; exit 1; }
done`;

export function createSysctlDriver(exec: Exec): SysctlDriver {
  return {
    observe: async (wanted) => {
      const groups = [...byNamespace(wanted)];
      const found: SysctlState[] = [];
      for (let start = 0; start < groups.length; start += CONCURRENCY) {
        const some = groups.slice(start, start + CONCURRENCY);
        found.push(...(await Promise.all(some.map(([netns, sysctls]) => read(exec, netns, sysctls)))).flat());
      }
      return sortedBy(found, sysctlKey);
    },
    apply: async (ops) => {
      for (const [netns, sysctls] of byNamespace(ops.map(({ sysctl }) => sysctl))) {
        const lines = sysctls.map((sysctl) => `${pathOf(sysctl.key)} ${sysctl.value}\n`).join('');
        await shell(exec, netns, WRITE, lines, 'failed');
      }
    },
  };
}

async function read(exec: Exec, netns: Netns, sysctls: readonly SysctlState[]): Promise<readonly SysctlState[]> {
  const keys = new Map(sysctls.map(({ key }) => [pathOf(key), key]));
  const { stdout } = await shell(exec, netns, READ, [...keys.keys()].map((path) => `${path}\n`).join(''), 'unreadable');
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.lastIndexOf(':');
      const key = keys.get(line.slice(0, colon));
      if (key === undefined) throw new KernelError('unreadable', `sysctl: unexpected line ${line.slice(0, 80)}`);
      return { netns, key, value: line.slice(colon + 1) };
    });
}

/** /proc/sys shows the network namespace of whoever reads it; nsenter changes that and nothing else. */
async function shell(
  exec: Exec,
  netns: Netns,
  script: string,
  input: string,
  reason: 'failed' | 'unreadable',
): Promise<ExecResult> {
  const enter = netns === DEFAULT_NETNS ? [] : ['nsenter', `--net=/run/netns/${netns}`, '--'];
  const argv = [...enter, 'sh', '-c', script] as unknown as readonly [string, ...string[]];
  let end: ExecResult;
  try {
    end = await exec.run(argv, { input, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    if (error.reason === 'not-found')
      throw new KernelError('tool-missing', 'nsenter or sh is missing; install util-linux');
    throw new KernelError(error.reason === 'timeout' ? 'timeout' : reason, `sysctl: ${error.message}`);
  }
  if (end.code === 0) return end;
  const place = netns === DEFAULT_NETNS ? '' : ` in ${netns}`;
  const complaint = end.stderr.trim().replaceAll('\n', ' / ') || `exit status ${end.code}`;
  throw new KernelError(reason, `sysctl${place}: ${complaint}`);
}

/** As sysctl(8): dots separate, and a slash stands for a dot within a device's name. */
export const pathOf = (key: string): string =>
  `/proc/sys/${key.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'))}`;

function byNamespace(sysctls: readonly SysctlState[]): ReadonlyMap<Netns, readonly SysctlState[]> {
  const groups = new Map<Netns, SysctlState[]>();
  for (const sysctl of sysctls) groups.set(sysctl.netns, [...(groups.get(sysctl.netns) ?? []), sysctl]);
  return groups;
}
