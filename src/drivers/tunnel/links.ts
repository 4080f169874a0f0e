/** Commands of ip(8) for tunnels, in batches. */
import type { Netns, TunnelState } from '../../model/kernel.js';
import { ExecError, type Exec } from '../../ports/exec.js';
import { KernelError } from '../../ports/kernel.js';

/** Two cores and a process each: more at once would only wait. */
const PROCESSES_AT_ONCE = 8;

/** Lines for `ip -batch` in each namespace; namespaces side by side, lines in order. */
export async function batchEach(exec: Exec, lines: ReadonlyMap<Netns, readonly string[]>): Promise<void> {
  await eachInTurn([...lines], ([netns, batch]) => batchIn(exec, netns, batch));
}

/** Runs every stage, so that one customer's trouble is not the next one's; rejects with the first failure. */
export async function throughAll(stages: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const stage of stages) await stage().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Lines of each namespace together, in order; namespaces without any are left out. */
export function groupLines(
  parts: readonly { readonly netns: Netns; readonly lines: readonly string[] }[],
): ReadonlyMap<Netns, readonly string[]> {
  const grouped = new Map<Netns, readonly string[]>();
  for (const { netns, lines } of parts) {
    if (lines.length > 0) grouped.set(netns, [...(grouped.get(netns) ?? []), ...lines]);
  }
  return grouped;
}

/** Lines that bring a device into its final state. Each a message of its own: within one, the kernel raises the device before it turns address generation off. */
export const settingLines = ({ name, mtu, up }: TunnelState): readonly string[] => [
  `link set dev ${name} mtu ${mtu} addrgenmode none`,
  `link set dev ${name} ${up ? 'up' : 'down'}`,
];

/** Lines for one `ip -batch`, in the namespace. Runs all of them; rejects with `KernelError` naming the first that failed. */
export async function batchIn(exec: Exec, netns: Netns, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await runIp(exec, [...within(netns), '-force', '-batch', '-'], lines);
}

const within = (netns: Netns): readonly string[] => (netns === '' ? [] : ['-netns', netns]);

async function runIp(exec: Exec, args: readonly string[], lines: readonly string[]): Promise<void> {
  try {
    const { code, stderr } = await exec.run(['ip', ...args], { timeoutMs: 10_000, input: `${lines.join('\n')}\n` });
    if (code === 0) return;
    throw new KernelError('failed', `ip ${args.join(' ')}: ${blame(stderr, lines)}`);
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    const reason = error.reason === 'not-found' ? 'tool-missing' : error.reason === 'timeout' ? 'timeout' : 'failed';
    throw new KernelError(reason, error.message);
  }
}

/** Behind what went wrong, iproute2 writes `Command failed -:3`; the line itself says more. */
function blame(stderr: string, lines: readonly string[]): string {
  const [said = '', number] = stderr.split(/^Command failed -:(\d+)$/m);
  const line = number === undefined ? undefined : lines[Number(number) - 1];
  return `${said.trim().replaceAll('\n', '; ')}${line === undefined ? '' : ` at \`${line}\``}`;
}

/** A few at a time, and all of them: rejects with the first failure when the last has ended. */
async function eachInTurn<T>(items: readonly T[], call: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await call(item).catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: PROCESSES_AT_ONCE }, worker));
  if (failures.length > 0) throw failures[0];
}

/** Sorted by namespace, then name: the key of `TunnelState`. */
export function byKey(a: { netns: Netns; name: string }, b: { netns: Netns; name: string }): number {
  if (a.netns !== b.netns) return a.netns < b.netns ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
