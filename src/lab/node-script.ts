/** Shell scripts that turn a bare node into the one of the topology. They arrive on standard input; every word is quoted. */
import type { ImageProfile } from './images.js';
import type { LabNode, Words } from './topology.js';
import { BIN_FOLDER } from './enter.js';
import { shellLine, shellQuoted } from './words.js';

export interface NodeSetting {
  readonly node: LabNode;
  readonly profile: ImageProfile | undefined;
  /** `file` or `folder`, for each bind in order. */
  readonly sources: readonly ('file' | 'folder')[];
  readonly rootless: boolean;
  /** The command line that is `culvert` inside the node. */
  readonly culvert: Words;
}

/** Where `anchor.ts` leaves the machine's own files until the binds are made. */
const MACHINE = '/run/.machine';

/** Docker's settings for every container: packets are forwarded; and addresses work at once. */
const SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '1',
  'net.ipv6.conf.all.accept_dad': '0',
  'net.ipv6.conf.default.accept_dad': '0',
};

/** Before the links: sysctls, folders, binds, the `culvert` command. Linux 6.1 takes some values only without a newline. */
export function settingScript(setting: NodeSetting): string {
  const { node, profile, sources, rootless, culvert } = setting;
  const sysctls = Object.entries({ ...SYSCTLS, ...node.sysctls }).map(
    ([key, value]) =>
      `${shellLine(['printf', '%s', value])} >${shellQuoted(`/proc/sys/${key.replaceAll('.', '/')}`)} || failed sysctl ${shellQuoted(key)}`,
  );
  const folders = (profile?.folders ?? []).flatMap(({ path, owner }) => [
    `room ${shellQuoted(path)} && ${shellLine(['mkdir', '-p', path])} || failed folder ${shellQuoted(path)}`,
    ...(owner === undefined ? [] : [shellLine(['chown', owner, path])]),
  ]);
  const binds = node.binds.map(({ source, target, readOnly }, index) => {
    const made = `room ${shellQuoted(target)} && ${shellLine(sources[index] === 'folder' ? ['mkdir', '-p', target] : ['install', '-D', '/dev/null', target])}`;
    const exists = shellLine(['test', sources[index] === 'folder' ? '-d' : '-e', target]);
    const remount = readOnly ? ` && ${shellLine(['mount', '-o', 'remount,bind,ro', target])}` : '';
    return `{ ${exists} || { ${made}; }; } && ${shellLine(['mount', '--bind', `${MACHINE}${source}`, target])}${remount} || failed bind ${shellQuoted(target)}`;
  });
  return [
    'failed() { echo "$*" >&2; exit 1; }',
    ROOM,
    ...(rootless ? ROOTLESS_USERS : []),
    ...sysctls,
    ...folders,
    ...binds,
    `umount --lazy ${MACHINE}`,
    `mkdir -p ${BIN_FOLDER} /run/home /run/log`,
    `printf '%s\\n' '#!/bin/sh' ${shellQuoted(`exec ${shellLine(culvert)} "$@"`)} >${BIN_FOLDER}/culvert`,
    `chmod 755 ${BIN_FOLDER}/culvert`,
    '',
  ].join('\n');
}

/**
 * Makes the folder that a bind's target goes into writable. It is, for root.
 * Others find folders in there that belong to nobody they know: an empty one
 * hides each of them.
 */
const ROOM = `room() {
  folder=$(dirname "$1")
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  [ -w "$folder" ] && [ -x "$folder" ] && return
  case $folder in
    /etc/* | /srv/* | /var/*) mount -t tmpfs -o mode=755 room "$folder" ;;
    *) return 1 ;;
  esac
}`;

/** Without root there is one user: FRR's, whom its daemons insist on, becomes that one. */
const ROOTLESS_USERS = [
  "sed -i 's/^frr:[^:]*:[0-9]*:[0-9]*:/frr:x:0:0:/' /etc/passwd",
  "sed -i 's/^frr:.*/frr:x:0:/; s/^frrvty:.*/frrvty:x:0:frr,root/' /etc/group",
];

/** Sets the links up and starts the main process in a session of its own; its output is the node's log. */
export const startScript = (devices: readonly string[], command: Words | undefined): string =>
  [
    "ip -batch - <<'END' || exit 1",
    ...devices.map((device) => `link set ${device} up`),
    'END',
    ...(command ? [`setsid ${shellLine(command)} </dev/null >>/proc/1/fd/1 2>&1 &`, 'echo $! >/run/.main'] : []),
    '',
  ].join('\n');

/** Separates the answers of `execScript`: ASCII's record separator. */
const RECORD = '\u001e';

/** Runs the node's `exec` commands in order, whether they succeed or not, and prints exit status and output of those that do not. */
export const execScript = (commands: readonly Words[]): string =>
  [
    `run() { i=$1; shift; "$@" >/run/.exec 2>&1 </dev/null; code=$?; [ $code = 0 ] || { printf '${RECORD}%s %s\\n' $i $code; cat /run/.exec; }; }`,
    ...commands.map((words, index) => `run ${index} ${shellLine(words)}`),
    'rm -f /run/.exec',
    '',
  ].join('\n');

export interface FailedExec {
  readonly command: Words;
  readonly code: number;
  readonly output: string;
}

export function failedExecs(commands: readonly Words[], stdout: string): readonly FailedExec[] {
  return stdout
    .split(RECORD)
    .slice(1)
    .flatMap((record) => {
      const [head = '', ...output] = record.split('\n');
      const [index, code] = head.split(' ').map(Number);
      const command = commands[index ?? -1];
      return command && code !== undefined ? [{ command, code, output: output.join('\n').trim() }] : [];
    });
}
