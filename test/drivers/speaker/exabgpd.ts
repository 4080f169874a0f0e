import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Anchor, pidOf } from './anchor.js';
import { until } from './until.js';

const CULVERT = resolve('dist/main/cli.js');

/** A real ExaBGP inside an anchor, with our bridge as its API process; no neighbours yet. */
export interface Exabgpd {
  /** The bridge's socket, as the driver takes it. */
  readonly socket: string;
  /** What daemon and bridge have logged since it was last started. */
  log(): string;
  /** What the daemon's configuration file says now. */
  configuration(): Promise<string>;
  /** Kills it with SIGKILL and waits until it is gone, and its bridge with it. */
  kill(): Promise<void>;
  /** Starts it again, without neighbours. */
  restart(): Promise<void>;
  /** Kills the bridge alone, and waits until the daemon has started another. */
  restartBridge(): Promise<void>;
  /** To the daemon or to its bridge. */
  signal(whom: 'daemon' | 'bridge', signal: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** One command through the daemon's named pipes, behind the bridge's back. */
  behind(command: string): Promise<string>;
  stop(): Promise<void>;
}

interface Running {
  readonly launcher: ChildProcess;
  readonly pid: number;
  readonly log: string[];
}

const PIPES = '/run/exabgp';

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => (probe.destroy(), resolve(true)));
    probe.once('error', () => resolve(false));
  });
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

/** The bridge among the daemon's children. */
const bridgeOf = (pid: number): Promise<number> =>
  until('the bridge', async () => {
    for (const child of await childrenOf(pid)) {
      const argv = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
      if (argv.includes('exabgp-bridge')) return child;
    }
    return undefined;
  });

async function launch(anchor: Anchor, folder: string, socket: string): Promise<Running> {
  await rm(socket, { force: true });
  await anchor.run(['node', CULVERT, 'exabgp-bridge', '--run-dir', folder, '--prepare']);
  const log: string[] = [];
  // The pipes are for `behind` alone; what we render has none.
  const daemon = ['exabgp', '--env', join(folder, 'exabgp.env'), join(folder, 'exabgp.conf')];
  const launcher = anchor.spawn(['env', 'exabgp_api_cli=true', 'exabgp_log_level=INFO', ...daemon]);
  launcher.stdout?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  launcher.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  const pid = await pidOf(launcher);
  await until(`the bridge on ${socket}`, async () => {
    if (launcher.exitCode !== null) throw new Error(`exabgp ended: ${log.join('')}`);
    return accepts(socket);
  });
  return { launcher, pid, log };
}

export async function startExabgpd(anchor: Anchor): Promise<Exabgpd> {
  const folder = await mkdtemp(join(tmpdir(), 'culvert-exabgpd-'));
  const socket = join(folder, 'exabgp.sock');
  await anchor.run(['mkdir', '-p', PIPES]);
  await anchor.run(['mkfifo', `${PIPES}/exabgp.in`, `${PIPES}/exabgp.out`]);
  let running: Running | undefined = await launch(anchor, folder, socket);

  const live = (): Running => {
    if (!running) throw new Error('exabgp is not running');
    return running;
  };
  const kill = async (): Promise<void> => {
    if (!running) return;
    const { launcher, pid } = running;
    running = undefined;
    if (launcher.exitCode !== null || launcher.signalCode !== null) return;
    const children = await childrenOf(pid);
    const gone = new Promise((resolve) => launcher.once('exit', resolve));
    process.kill(pid, 'SIGKILL');
    await gone;
    await until('the end of its children', async () => {
      const alive = await Promise.all(children.map((child) => readFile(`/proc/${child}/cmdline`).catch(() => '')));
      return alive.every((argv) => argv.length === 0);
    });
  };
  return {
    socket,
    log: () => running?.log.join('') ?? '',
    configuration: () => readFile(join(folder, 'exabgp.conf'), 'utf8'),
    kill,
    restart: async () => {
      await kill();
      running = await launch(anchor, folder, socket);
    },
    restartBridge: async () => {
      const { pid } = live();
      const before = await bridgeOf(pid);
      process.kill(before, 'SIGKILL');
      await until('another bridge', async () => (await bridgeOf(pid)) !== before && accepts(socket));
    },
    signal: async (whom, signal) => {
      const { launcher, pid } = live();
      process.kill(whom === 'daemon' ? pid : await bridgeOf(pid), signal);
      // nsenter stops itself when its child stops, and would never see it end.
      if (signal === 'SIGCONT') launcher.kill('SIGCONT');
    },
    behind: (command) => anchor.run(['exabgpcli', ...command.split(' ')]),
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
