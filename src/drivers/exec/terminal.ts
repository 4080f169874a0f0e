import { execa } from 'execa';
import { ExecError } from '../../ports/exec.js';
import { notStarted } from './exec.js';

/** Runs a program on this process's own terminal; resolves to its exit code, 128 + n when signal n ended it. */
export async function runInTerminal(argv: readonly [string, ...string[]]): Promise<number> {
  const [program, ...args] = argv;
  const result = await execa(program, args, { stdio: 'inherit', reject: false });
  if (result.exitCode !== undefined) return result.exitCode;
  if (result.signal !== undefined) return 128 + (SIGNAL_NUMBERS[result.signal] ?? 15);
  throw result.code === undefined ? new ExecError(argv, 'killed', `${program} could not be run`) : notStarted(argv, result.code, result.message);
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };
