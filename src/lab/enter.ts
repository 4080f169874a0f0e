/** Ways into a lab's namespaces. */
import type { LabRecord, NodeRecord } from './state.js';
import type { Words } from './topology.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where a node finds `culvert`, as if its image had brought it. */
export const BIN_FOLDER = '/run/bin';

/** What every process of a node has in its environment, before the node's own `env`. */
export const baseEnvironment = (node: string, home: string): Readonly<Record<string, string>> => ({
  PATH: `${BIN_FOLDER}:${PATH}`,
  HOME: '/run/home',
  CULVERT_HOME: home,
  CULVERT_NODE: node,
});

const userOf = (rootless: boolean): readonly string[] => (rootless ? ['--user', '--preserve-credentials'] : []);

/** Runs `argv` on this machine's files but in the anchor's network namespace, from where all of the lab's links are made. */
export const inAnchor = (lab: { readonly pid: number; readonly rootless: boolean }, argv: Words): Words => [
  'nsenter',
  ...['--target', String(lab.pid), ...userOf(lab.rootless), '--net', '--'],
  ...argv,
];

/**
 * Runs `argv` in a node. The program ends when the nsenter before it is
 * killed; programs that it started itself do not, nor does one that has not
 * come to setpriv yet: those end with the lab.
 */
export const inNode = (
  lab: Pick<LabRecord, 'rootless'>,
  node: Pick<NodeRecord, 'process' | 'env'>,
  argv: Words,
): Words => [
  'nsenter',
  ...['--target', String(node.process.pid), ...userOf(lab.rootless), '--net', '--mount', '--pid', '--uts', '--'],
  ...['setpriv', '--pdeathsig', 'KILL', 'env', '--ignore-environment', 'LC_ALL=C'],
  ...Object.entries(node.env).map(([key, value]) => `${key}=${value}`),
  ...argv,
];
