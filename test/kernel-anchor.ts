/**
 * A private machine for kernel tests: its own network, mounts and processes
 * under one anchor process, with an empty /run/netns. Ending the anchor ends
 * everything inside, and the anchor ends with the test process whatever kills
 * it, because it lives as long as its standard input.
 */
import { readFile } from 'node:fs/promises';
import { createExec } from '../src/drivers/exec/exec.js';
import { execInside } from '../src/drivers/exec/inside.js';
import { createNamespaces } from '../src/drivers/namespaces/namespaces.js';
import { createNetlink } from '../src/drivers/netlink/ask.js';
import { createRtnetlink } from '../src/drivers/rtnetlink/rtnetlink.js';
import { createSyscalls } from '../src/drivers/syscall/syscalls.js';
import type { Exec } from '../src/ports/exec.js';
import type { Namespaces } from '../src/ports/namespaces.js';
import type { Netlink } from '../src/ports/netlink.js';
import type { Rtnetlink } from '../src/ports/rtnetlink.js';

export interface Anchor {
  /** Runs programs inside the anchor. */
  readonly exec: Exec;
  /** Those inside the anchor, its own network as the default one. */
  readonly namespaces: Namespaces;
  readonly netlink: Netlink;
  readonly rtnetlink: Rtnetlink;
  /** Of the anchor, as seen from outside. */
  readonly pid: number;
  close(): Promise<void>;
}

const READY = 'anchored';

const SETUP = [
  'mount -t tmpfs -o mode=755 tmpfs /run',
  'mkdir -p /run/netns /run/lock',
  'mount -t sysfs -o ro sysfs /sys',
  'ip link set lo up',
  `echo ${READY}`,
  'cat >/dev/null',
].join(' && ');

/** Why kernel tests cannot run here; `undefined` when they can. */
export async function whyNoAnchor(): Promise<string | undefined> {
  const tried = await createExec()
    .run(['unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc', 'true'])
    .catch((error: unknown) => ({ code: 1, stderr: String(error) }));
  return tried.code === 0 ? undefined : `no private namespaces here: ${tried.stderr.trim()}`;
}

/** Starts an anchor; rejects with what it said when it could not be set up. */
export async function openAnchor(): Promise<Anchor> {
  const outside = createExec();
  let said = '';
  let ready: () => void;
  let failed: (error: Error) => void;
  const anchored = new Promise<void>((resolve, reject) => {
    ready = resolve;
    failed = reject;
  });
  const unshare = ['unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;
  const handle = outside.stream(['sh', '-c', 'echo $$; exec "$@"', 'anchor', ...unshare, 'sh', '-c', SETUP], {
    line: (text) => {
      said += `${text}\n`;
      if (text === READY) ready();
    },
    ended: (reason) => failed(new Error(`no anchor: ${reason}`)),
  });
  await anchored;
  const parent = /^\d+/.exec(said)?.[0] ?? '';
  const pid = Number(await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8'));
  // nsenter forks to enter the PID namespace and passes no signal on: the program must notice its parent's death itself.
  const enter = ['nsenter', '-t', String(pid), '-n', '-m', '-p', '--', 'setpriv', '--pdeathsig', 'KILL', '--'] as const;
  const close = async (): Promise<void> => {
    killIfThere(pid); // unshare blocks SIGTERM; it ends when its child does
    await handle.stop();
  };
  const syscalls = createSyscalls();
  const namespaces = createNamespaces({
    syscalls,
    folder: `/proc/${pid}/root/run/netns`,
    own: `/proc/${pid}/ns/net`,
  });
  const netlink = createNetlink({ syscalls, namespaces });
  const rtnetlink = createRtnetlink({ netlink, namespaces });
  return { pid, exec: execInside(outside, enter), namespaces, netlink, rtnetlink, close };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
