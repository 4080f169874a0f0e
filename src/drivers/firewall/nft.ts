/** Runs nft(8), each time in one process and against one namespace. */
import type { Netns } from '../../model/kernel.js';
import { DEFAULT_NETNS, NFT_TABLE } from '../../model/naming.js';
import { ExecError, type Exec, type ExecResult } from '../../ports/exec.js';
import { KernelError } from '../../ports/kernel.js';
import { readListing } from './listing.js';

type Argv = readonly [string, ...string[]];

const LIST = ['nft', '-j', 'list', 'table', 'inet', NFT_TABLE] as const;
/** Without elements: names are all that is wanted, and there may be ten thousand. */
const LIST_NAMES = ['nft', '-j', '-t', 'list', 'table', 'inet', NFT_TABLE] as const;
const LOAD = ['nft', '-f', '-'] as const;

/** A namespace that lives as long as the command; nothing but its ruleset matters, so it needs no devices. */
const LOAD_AND_LIST_ASIDE = ['unshare', '--net', 'sh', '-c', `${LOAD.join(' ')} && exec ${LIST.join(' ')}`] as const;

/** Ten thousand elements load in about 80 ms; a machine that is busy may take many times that. */
const TIMEOUT_MS = 15_000;

/** Our table as it stands in a namespace. Rejects when it does not exist there. */
export async function listTable(exec: Exec, netns: Netns): Promise<string> {
  const listed = await run(exec, inside(netns, LIST));
  if (listed.code !== 0) throw failure(`list table ${NFT_TABLE}`, netns, listed);
  return readListing(listed.stdout);
}

/** What `readNames` reads; `undefined` when our table does not exist there. */
export async function listNames(exec: Exec, netns: Netns): Promise<string | undefined> {
  const { code, stdout } = await run(exec, inside(netns, LIST_NAMES));
  return code === 0 ? stdout : undefined;
}

/** How the kernel of this machine lists a ruleset, found out in a namespace of its own. */
export async function listAside(exec: Exec, netns: Netns, ruleset: string): Promise<string> {
  const listed = await run(exec, LOAD_AND_LIST_ASIDE, ruleset);
  if (listed.code !== 0) throw failure('try the ruleset', netns, listed);
  return readListing(listed.stdout);
}

/** Loads a ruleset as one transaction: when it fails, what was there stays. */
export async function load(exec: Exec, netns: Netns, ruleset: string, intent: string): Promise<void> {
  const loaded = await run(exec, inside(netns, LOAD), ruleset);
  if (loaded.code !== 0) throw failure(intent, netns, loaded);
}

const inside = (netns: Netns, argv: Argv): Argv =>
  netns === DEFAULT_NETNS ? argv : ['nsenter', `--net=/run/netns/${netns}`, ...argv];

async function run(exec: Exec, argv: Argv, input?: string): Promise<ExecResult> {
  try {
    return await exec.run(argv, { timeoutMs: TIMEOUT_MS, ...(input !== undefined && { input }) });
  } catch (error) {
    if (error instanceof ExecError) throw new KernelError(REASONS[error.reason], error.message);
    throw error;
  }
}

const REASONS = {
  'not-found': 'tool-missing',
  'not-permitted': 'not-permitted',
  timeout: 'timeout',
  'output-limit': 'unreadable',
  'not-started': 'failed',
  killed: 'failed',
} as const satisfies Record<ExecError['reason'], KernelError['reason']>;

/** Exit status of nsenter, unshare and sh when the program is not there. */
const NO_SUCH_PROGRAM = 127;

function failure(intent: string, netns: Netns, { code, stderr }: ExecResult): KernelError {
  const where = netns === DEFAULT_NETNS ? 'the default namespace' : netns;
  const [complaint = ''] = stderr.trim().split('\n');
  if (code === NO_SUCH_PROGRAM) {
    return new KernelError(
      'tool-missing',
      `cannot ${intent} in ${where}: nft is missing; install nftables (${complaint})`,
    );
  }
  // Words, because exit statuses do not tell; they only choose the wording of what is reported.
  const reason = /not permitted|permission denied/i.test(stderr) ? 'not-permitted' : 'failed';
  return new KernelError(reason, `cannot ${intent} in ${where}: ${complaint || `exit status ${code}`}`);
}
