import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Anchor, pidOf } from './anchor.js';
import { installed, type Release } from './releases.js';
import { until } from './until.js';

/**
 * A real gobgpd inside an anchor, its API on a private unix socket that the
 * test process can reach. It has no configuration: BGP is not started.
 */
export interface Gobgpd {
  /** `unix:/tmp/…/gobgpd.sock`, as the driver takes it. */
  readonly address: string;
  /** What it has logged since it was last started. */
  log(): string;
  /** Kills it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again, empty, on the same socket; another release when one is given. */
  restart(other?: Release): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** Runs the `gobgp` command line against it: an independent reader. */
  cli(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

interface Running {
  readonly launcher: ChildProcess;
  readonly pid: number;
  readonly log: string[];
}

async function launch(anchor: Anchor, socket: string, { gobgpd }: Release): Promise<Running> {
  await rm(socket, { force: true });
  const log: string[] = [];
  const launcher = anchor.spawn([gobgpd, '--api-hosts', `unix://${socket}`, '--pprof-disable', '-p', '-l', 'warn']);
  launcher.stdout?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  launcher.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  const pid = await pidOf(launcher);
  await until(`gobgpd on ${socket}`, () => accepts(socket));
  return { launcher, pid, log };
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => (probe.destroy(), resolve(true)));
    probe.once('error', () => resolve(false));
  });
}

export async function startGobgpd(anchor: Anchor, release: Release = installed()): Promise<Gobgpd> {
  const folder = await mkdtemp(join(tmpdir(), 'culvert-gobgpd-'));
  const socket = join(folder, 'gobgpd.sock');
  let running: Running | undefined = await launch(anchor, socket, release);

  const kill = async (): Promise<void> => {
    if (!running) return;
    const { launcher, pid } = running;
    running = undefined;
    if (launcher.exitCode !== null || launcher.signalCode !== null) return;
    const gone = new Promise((resolve) => launcher.once('exit', resolve));
    process.kill(pid, 'SIGKILL');
    launcher.kill('SIGCONT');
    await gone;
  };
  return {
    address: `unix:${socket}`,
    log: () => running?.log.join('') ?? '',
    kill,
    restart: async (other = release) => {
      await kill();
      running = await launch(anchor, socket, other);
    },
    signal: (signal) => {
      if (!running) return;
      process.kill(running.pid, signal);
      // nsenter stops itself when its child stops, and would never see it end.
      if (signal === 'SIGCONT') running.launcher.kill('SIGCONT');
    },
    cli: (...args) => anchor.run([release.gobgp, '--target', `unix://${socket}`, ...args]),
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
