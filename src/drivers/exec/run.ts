/**
 * Programs that run to their end, by Node's spawn itself: a pass over the
 * kernel starts a dozen of them, and execa takes three times the time for each
 * (measured: 5.4 ms of processor time against 2.0).
 */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { ExecError, type ExecOptions, type ExecResult } from '../../ports/exec.js';

type Argv = readonly [string, ...string[]];

const DEFAULT_TIMEOUT_MS = 5_000;

/** A dump of 10,000 routes is 3 MiB; twenty times that is no dump that we understand. */
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** `Exec.run`. Messages are asked for in English, so that what is shown to people is the same everywhere. */
export function run(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, outputLimit = OUTPUT_LIMIT_BYTES, withChildren = false, signal } = options;
  const [file, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' }, detached: withChildren });
    let cut: ExecError | undefined;
    const kill = (): void => {
      if (withChildren) killGroup(child.pid);
      else child.kill('SIGKILL');
    };
    const end = (reason: ExecError['reason'], what: string): void => {
      cut ??= new ExecError(argv, reason, `${shown(argv)}: ${what}; killed`);
      kill();
      // A grandchild that inherited the pipes would otherwise keep them open, and us waiting.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const tooMuch = (): void => end('output-limit', `printed more than ${sizeText(outputLimit)}`);
    const [stdout, stderr] = [collect(child.stdout, outputLimit, tooMuch), collect(child.stderr, outputLimit, tooMuch)];
    const deadline = setTimeout(() => end('timeout', `no end within ${timeoutMs} ms`), timeoutMs);
    const abort = (): void => end('killed', 'no longer wanted');
    signal?.addEventListener('abort', abort);
    const settle = (): void => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', abort);
    };
    child.stdin.on('error', () => undefined); // EPIPE: a program need not read its input
    child.stdin.end(options.input ?? '');
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle();
      reject(cut ?? notStarted(argv, error));
    });
    if (withChildren) child.once('exit', kill);
    child.once('close', (code, killedBy) => {
      settle();
      if (cut) reject(cut);
      else if (code === null)
        reject(new ExecError(argv, 'killed', `${shown(argv)}: killed by ${killedBy ?? 'a signal'}`));
      else resolve({ code, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** A session that has ended already is no error. */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const MIB = 1024 * 1024;

const sizeText = (bytes: number): string => (bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes} bytes`);

/** Gathers a stream; `exceeded` is called once more than the limit has come. */
function collect(stream: Readable, limit: number, exceeded: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) exceeded();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** From the errno of execve(2) or fork(2). */
function notStarted(argv: Argv, { code, message }: NodeJS.ErrnoException): ExecError {
  if (code === 'ENOENT') {
    return new ExecError(argv, 'not-found', `${argv[0]}: no such program; install it or correct PATH`);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new ExecError(argv, 'not-permitted', `${argv[0]}: not permitted to run it (${code})`);
  }
  return new ExecError(argv, 'not-started', `${argv[0]}: could not be started: ${message}`);
}

/** The first words of a command, for messages. */
function shown(argv: Argv): string {
  const text = argv.join(' ');
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
