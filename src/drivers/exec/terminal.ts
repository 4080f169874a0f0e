import { constants } from 'node:os';
import { execa } from 'execa';
import { ExecError } from '../../ports/exec.js';

/** Runs a program on this process's own terminal; resolves to its exit code, 128 + n when signal n ended it. */
export async function runInTerminal(argv: readonly [string, ...string[]]): Promise<number> {
  const [program, ...args] = argv;
  const { exitCode, signal, shortMessage } = await execa(program, args, { stdio: 'inherit', reject: false });
  if (exitCode !== undefined) return exitCode;
  if (signal !== undefined) return 128 + constants.signals[signal];
  throw new ExecError(argv, 'not-found', shortMessage ?? `${program} cannot be started`);
}
