/** Runs programs through execa; the one room that may. */
import type { Readable } from 'node:stream';
import { execa } from 'execa';
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

async function run(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const [file, ...args] = argv;
  const child = execa(file, args, { reject: false, buffer: false, input: options.input ?? '', env: { LC_ALL: 'C' } });
  let cut: 'timeout' | 'output-limit' | undefined;
  const end = (why: 'timeout' | 'output-limit'): void => {
    cut ??= why;
    child.kill('SIGKILL');
    // A grandchild that inherited the pipes would otherwise keep them open, and us waiting.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const stdout = collect(child.stdout, () => end('output-limit'));
  const stderr = collect(child.stderr, () => end('output-limit'));
  const deadline = setTimeout(() => end('timeout'), timeoutMs);
  try {
    const { exitCode, signal, code, shortMessage } = await child;
    if (cut === 'timeout') throw new ExecError(argv, cut, `${shown(argv)}: no end within ${timeoutMs} ms; killed`);
    if (cut === 'output-limit') throw new ExecError(argv, cut, `${shown(argv)}: printed more than 64 MiB; killed`);
    if (code !== undefined && exitCode === undefined) throw notStarted(argv, code, shortMessage);
    if (exitCode === undefined) throw new ExecError(argv, 'killed', `${shown(argv)}: killed by ${signal ?? 'a signal'}`);
    return { code: exitCode, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(deadline);
  }
}

/** Gathers a stream; `exceeded` is called once more than the limit has come. execa's own buffer is quadratic there. */
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
export function notStarted(argv: Argv, errno: string, message: string | undefined): ExecError {
  switch (errno) {
    case 'ENOENT':
      return new ExecError(argv, 'not-found', `${argv[0]}: no such program; install it or correct PATH`);
    case 'EACCES':
    case 'EPERM':
      return new ExecError(argv, 'not-permitted', `${argv[0]}: not permitted to run it (${errno})`);
    default:
      return new ExecError(argv, 'killed', message ?? `${argv[0]}: could not be started (${errno})`);
  }
}

/** The first words of a command, for messages. */
function shown(argv: Argv): string {
  const text = argv.join(' ');
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
