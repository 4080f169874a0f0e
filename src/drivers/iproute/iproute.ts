/** ip(8) of iproute2, always in batches. */
import { ExecError, type Exec, type ExecResult } from '../../ports/exec.js';
import type { BatchEnd, Iproute, IpPlace } from '../../ports/iproute.js';
import { KernelError } from '../../ports/kernel.js';

/** A thousand commands take tens of milliseconds; ten seconds mean that something is stuck. */
const TIMEOUT_MS = 10_000;

/** iproute2 6.1 names the line at which a batch stopped. */
const FAILED_AT = /^Command failed -:(\d+)$/m;

const PERMISSION = /Operation not permitted|Permission denied/;

export function createIproute(exec: Exec): Iproute {
  return {
    batch: async (place, commands) => {
      if (commands.length === 0) return { done: true };
      return batchEnd(await ip(exec, place, commands), place);
    },
  };
}

async function ip(exec: Exec, place: IpPlace, commands: readonly string[]): Promise<ExecResult> {
  const netns = place.netns === '' ? [] : ['-netns', place.netns];
  const family = place.family === undefined ? [] : [`-${place.family}`];
  const input = commands.map((command) => `${command}\n`).join('');
  try {
    return await exec.run(['ip', ...netns, ...family, '-batch', '-'], { input, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof ExecError) throw fromExec(error);
    throw error;
  }
}

function batchEnd(end: ExecResult, place: IpPlace): BatchEnd {
  if (end.code === 0) return { done: true };
  const line = FAILED_AT.exec(end.stderr)?.[1];
  if (line === undefined) throw failure(end, place);
  return { done: false, failed: Number(line) - 1, message: complaint(end) };
}

function failure(end: ExecResult, place: IpPlace): KernelError {
  const permitted = !PERMISSION.test(end.stderr);
  const remedy = permitted ? '' : '; run as root or with CAP_NET_ADMIN and CAP_SYS_ADMIN';
  return new KernelError(
    permitted ? 'failed' : 'not-permitted',
    `ip: cannot change ${where(place)}: ${complaint(end)}${remedy}`,
  );
}

/** What ip said, on one line and without its closing formula. */
const complaint = (end: ExecResult): string =>
  end.stderr
    .split('\n')
    .filter((line) => line !== '' && !FAILED_AT.test(line))
    .join(' / ') || `exit status ${end.code}`;

const where = ({ netns }: IpPlace): string => (netns === '' ? 'the default namespace' : `namespace ${netns}`);

function fromExec(error: ExecError): KernelError {
  switch (error.reason) {
    case 'not-found':
      return new KernelError('tool-missing', 'ip is missing; install iproute2');
    case 'not-permitted':
      return new KernelError('not-permitted', error.message);
    case 'timeout':
      return new KernelError('timeout', error.message);
    case 'not-started':
    case 'output-limit':
    case 'killed':
      return new KernelError('failed', error.message);
  }
}
