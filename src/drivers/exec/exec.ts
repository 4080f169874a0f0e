/**
 * Runs programs. Short runs use Node's spawn itself: a pass over the kernel
 * starts a dozen of them, and execa takes three times the time for each
 * (measured: 5.4 ms of processor time against 2.0).
 */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { ExecError, type Exec, type ExecOptions, type ExecResult } from '../../ports/exec.js';
import { openStream } from './stream.js';

type Argv = readonly [string, ...string[]];

const DEFAULT_TIMEOUT_MS = 5_000;

/** A dump of 10,000 routes is 3 MiB; twenty times that is no dump that we understand. */
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** The machine's programs. Messages are asked for in English, so that what is shown to people is the same everywhere. */
export function createExec(): Exec {
  return { run, stream: openStream };
}

function run(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const [file, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } });
    let cut: ExecError | undefined;
    const end = (reason: 'timeout' | 'output-limit', what: string): void => {
      cut ??= new ExecError(argv, reason, `${shown(argv)}: ${what}; killed`);
      child.kill('SIGKILL');
      // A grandchild that inherited the pipes would otherwise keep them open, and us waiting.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const tooMuch = (): void => end('output-limit', 'printed more than 64 MiB');
    const [stdout, stderr] = [collect(child.stdout, tooMuch), collect(child.stderr, tooMuch)];
    const deadline = setTimeout(() => end('timeout', `no end within ${timeoutMs} ms`), timeoutMs);
    child.stdin.on('error', () => undefined); // EPIPE: a program need not read its input
    child.stdin.end(options.input ?? '');
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(deadline);
      reject(cut ?? notStarted(argv, error));
    });
    child.once('close', (code, signal) => {
      clearTimeout(deadline);
      if (cut) reject(cut);
      else if (code === null)
        reject(new ExecError(argv, 'killed', `${shown(argv)}: killed by ${signal ?? 'a signal'}`));
      else resolve({ code, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** Gathers a stream; `exceeded` is called once more than the limit has come. */
function collect(stream: Readable, exceeded: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > OUTPUT_LIMIT_BYTES) exceeded();
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
  return new ExecError(argv, 'killed', `${argv[0]}: could not be started: ${message}`);
}

/** The first words of a command, for messages. */
function shown(argv: Argv): string {
  const text = argv.join(' ');
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
