import { z } from 'zod';
import type { Netns } from '../../model/kernel.js';
import { ExecError, type Exec } from '../../ports/exec.js';
import { KernelError } from '../../ports/kernel.js';

/** What `ip -d -j link` says of one device; only what a tunnel needs. */
const link = z.object({
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.int(),
  ifalias: z.string().optional(),
  linkinfo: z.object({ info_data: z.unknown() }).optional(),
});

/** Devices that were filtered out are left behind as empty objects. */
const dump = z.array(z.union([link, z.strictObject({})]));

export type Link = z.output<typeof link>;

export const isUp = ({ flags }: Link): boolean => flags.includes('UP');

/** Two cores and a process each: more at once would only wait. */
const PROCESSES_AT_ONCE = 8;

/** Devices of one kind in each namespace, as `ip` lists them. Rejects with `KernelError`. */
export async function dumpLinks(
  exec: Exec,
  namespaces: readonly Netns[],
  kind: 'gre' | 'tun',
): Promise<readonly { readonly netns: Netns; readonly link: Link }[]> {
  const lists = await eachInTurn(namespaces, async (netns) => {
    const text = await runIp(exec, [...within(netns), '-details', '-json', 'link', 'show', 'type', kind]);
    return parseDump(text, netns).map((entry) => ({ netns, link: entry }));
  });
  return lists.flat();
}

function parseDump(text: string, netns: Netns): readonly Link[] {
  try {
    return dump.parse(JSON.parse(text)).filter((entry): entry is Link => 'ifname' in entry);
  } catch {
    throw new KernelError(
      'unreadable',
      `ip -json link in ${netns || 'the default namespace'}: a listing that is not understood`,
    );
  }
}

/** Lines for `ip -batch` in each namespace; namespaces side by side, lines in order. */
export async function batchEach(exec: Exec, lines: ReadonlyMap<Netns, readonly string[]>): Promise<void> {
  await eachInTurn([...lines], ([netns, batch]) => batchIn(exec, netns, batch));
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

/** Lines for one `ip -batch`, in the namespace. Rejects with `KernelError` at the first that fails. */
export async function batchIn(exec: Exec, netns: Netns, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await runIp(exec, [...within(netns), '-batch', '-'], `${lines.join('\n')}\n`, lines);
}

const within = (netns: Netns): readonly string[] => (netns === '' ? [] : ['-netns', netns]);

async function runIp(exec: Exec, args: readonly string[], input?: string, lines?: readonly string[]): Promise<string> {
  try {
    const { code, stdout, stderr } = await exec.run(['ip', ...args], {
      timeoutMs: 10_000,
      ...(input !== undefined && { input }),
    });
    if (code === 0) return stdout;
    throw new KernelError('failed', `ip ${args.join(' ')}: ${blame(stderr, lines)}`);
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    const reason = error.reason === 'not-found' ? 'tool-missing' : error.reason === 'timeout' ? 'timeout' : 'failed';
    throw new KernelError(reason, error.message);
  }
}

/** iproute2 ends a failed batch with `Command failed -:3`; the line itself says more. */
function blame(stderr: string, lines: readonly string[] = []): string {
  const number = /^Command failed -:(\d+)$/m.exec(stderr)?.[1];
  const line = number === undefined ? undefined : lines[Number(number) - 1];
  const said = stderr.split('\n').filter((text) => text !== '' && !text.startsWith('Command failed'));
  return `${said.join('; ')}${line === undefined ? '' : ` at \`${line}\``}`;
}

async function eachInTurn<T, R>(items: readonly T[], call: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await call(items[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(PROCESSES_AT_ONCE, items.length) }, worker));
  return results;
}

/** Sorted by namespace, then name: the key of `TunnelState`. */
export function byKey(a: { netns: Netns; name: string }, b: { netns: Netns; name: string }): number {
  if (a.netns !== b.netns) return a.netns < b.netns ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
