/** ip(8) of iproute2, always in batches and as JSON. */
import { ExecError, type Exec, type ExecResult } from '../../ports/exec.js';
import type { BatchEnd, Iproute, IpPlace } from '../../ports/iproute.js';
import { KernelError } from '../../ports/kernel.js';
import { parseLists } from './row.js';

/** A dump of 1,000 namespaces' links takes 26 ms; ten seconds mean that something is stuck. */
const TIMEOUT_MS = 10_000;

/** iproute2 6.1 names the line at which a batch stopped. */
const FAILED_AT = /^Command failed -:(\d+)$/m;

const PERMISSION = /Operation not permitted|Permission denied/;

export function createIproute(exec: Exec): Iproute {
  return {
    query: async (place, commands) => {
      const end = await ip(exec, place, ['-json', '-details', '-Numeric'], commands);
      if (end.code !== 0) throw failure(end, `cannot read ${where(place)}`);
      return parseLists(withNamespaces(commands, end.stdout), commands.length);
    },
    batch: async (place, commands) => {
      if (commands.length === 0) return { done: true };
      return batchEnd(await ip(exec, place, [], commands), place);
    },
  };
}

/** Where no namespace was ever made there is no /run/netns, and ip prints no list for it, not even an empty one. */
function withNamespaces(commands: readonly string[], output: string): string {
  const printed = output.split('\n').filter((line) => line.trim() !== '').length;
  return commands[0] === 'netns list' && printed === commands.length - 1 ? `[]\n${output}` : output;
}

async function ip(
  exec: Exec,
  place: IpPlace,
  flags: readonly string[],
  commands: readonly string[],
): Promise<ExecResult> {
  const netns = place.netns === '' ? [] : ['-netns', place.netns];
  const family = place.family === undefined ? [] : [`-${place.family}`];
  const input = commands.map((command) => `${command}\n`).join('');
  try {
    return await exec.run(['ip', ...netns, ...family, ...flags, '-batch', '-'], { input, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof ExecError) throw fromExec(error);
    throw error;
  }
}

function batchEnd(end: ExecResult, place: IpPlace): BatchEnd {
  if (end.code === 0) return { done: true };
  const line = FAILED_AT.exec(end.stderr)?.[1];
  if (line === undefined) throw failure(end, `cannot change ${where(place)}`);
  return { done: false, failed: Number(line) - 1, message: complaint(end) };
}

function failure(end: ExecResult, what: string): KernelError {
  const permitted = !PERMISSION.test(end.stderr);
  const remedy = permitted ? '' : '; run as root or with CAP_NET_ADMIN and CAP_SYS_ADMIN';
  return new KernelError(permitted ? 'unreadable' : 'not-permitted', `ip: ${what}: ${complaint(end)}${remedy}`);
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
    case 'output-limit':
    case 'killed':
      return new KernelError('unreadable', error.message);
  }
}
