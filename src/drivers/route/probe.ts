/** What this kernel's nexthop groups can do, found out by making them in a scratch namespace. */
import type { GroupSupport } from '../../model/kernel.js';
import { ExecError, type Exec } from '../../ports/exec.js';
import { KernelError } from '../../ports/kernel.js';

/** Another sort of group would be refused for the same reasons as this one, but for the last line. */
const LINES = [
  'link set lo up',
  'nexthop add id 1 dev lo',
  'nexthop add id 2 group 1',
  'nexthop add id 3 group 1 type resilient buckets 8 idle_timer 10 unbalanced_timer 300',
];

const FAILED_AT = /^Command failed -:(\d+)$/m;

/**
 * Resilient groups came with Linux 5.13. Rejects with `KernelError` when there
 * are no nexthop groups at all: the answer must not depend on chance, because
 * from one sort to the other every flow may move.
 */
export async function probeGroups(exec: Exec): Promise<GroupSupport> {
  const { code, stderr } = await runIn(exec);
  if (code === 0) return { kind: 'resilient' };
  const said = stderr.replace(FAILED_AT, '').trim().replaceAll('\n', ' / ');
  if (Number(FAILED_AT.exec(stderr)?.[1]) === LINES.length) return { kind: 'threshold', detail: said };
  throw new KernelError(
    'unsupported',
    `no nexthop groups here: ${said}; they need Linux 5.3 or later and an iproute2 of that age`,
  );
}

async function runIn(exec: Exec): Promise<{ readonly code: number; readonly stderr: string }> {
  try {
    return await exec.run(['unshare', '--net', 'ip', '-batch', '-'], { input: `${LINES.join('\n')}\n` });
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    throw new KernelError('failed', `nexthop groups could not be tried: ${error.message}`);
  }
}
