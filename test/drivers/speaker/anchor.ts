import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { until } from './until.js';

/**
 * One process that owns a private network, mount and process namespace, with
 * the given addresses on its loopback. Everything started in it is killed with
 * it, and it ends by itself when the test process dies (its stdin closes).
 */
export interface Anchor {
  readonly pid: number;
  /** Starts a program inside; the returned process is nsenter's, see `pidOf`. */
  spawn(argv: readonly [string, ...string[]]): ChildProcess;
  run(argv: readonly [string, ...string[]]): Promise<string>;
  stop(): Promise<void>;
}

/** The process id (in the caller's numbering) of the one child of a forking launcher such as nsenter. */
export async function pidOf(launcher: ChildProcess): Promise<number> {
  return until(`child of ${launcher.spawnfile}`, async () => {
    const children = await readFile(`/proc/${launcher.pid}/task/${launcher.pid}/children`, 'utf8');
    return Number(children.trim().split(' ')[0]) || undefined;
  });
}

export async function startAnchor(addresses: readonly string[]): Promise<Anchor> {
  const setup = [
    'set -e',
    'mount -t tmpfs none /run',
    'ip link set lo up',
    ...addresses.map((address) => `ip addr add ${address} dev lo${address.includes(':') ? ' nodad' : ''}`),
    'echo ready',
    'exec cat',
  ].join('\n');
  const launcher = spawn(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', setup],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let complaint = '';
  launcher.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    launcher.stdout?.once('data', () => resolve());
    launcher.once('exit', (code) => reject(new Error(`the anchor ended with ${code}: ${complaint}`)));
    launcher.once('error', reject);
  });
  const pid = await pidOf(launcher);
  const inside = ['-t', String(pid), '-n', '-m', '-p'];
  return {
    pid,
    spawn: (argv) => spawn('nsenter', [...inside, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] }),
    run: (argv) =>
      new Promise((resolve, reject) => {
        execFile(
          'nsenter',
          [...inside, ...argv],
          { timeout: 5_000, maxBuffer: 64 * 1024 * 1024 },
          (error, stdout, stderr) => {
            if (error) reject(new Error(`${argv.join(' ')}: ${stdout}${stderr}`));
            else resolve(stdout);
          },
        );
      }),
    stop: async () => {
      const gone = new Promise((resolve) => launcher.once('exit', resolve));
      if (launcher.exitCode !== null || launcher.signalCode !== null) return;
      launcher.stdin?.end();
      process.kill(pid, 'SIGKILL');
      await gone;
    },
  };
}
