/**
 * The guard begins with its questions to gobgpd: among very many prefixes the
 * answers take a second or two, and so does everything else that it needs,
 * down to its own code. Nothing is written before all of it is there.
 */
import { join } from 'node:path';
import type { GuardOptions } from '../cli/commands.js';
import { createClock } from '../drivers/clock/clock.js';
import { run } from '../drivers/exec/run.js';
import { readAhead } from '../drivers/speaker/ahead.js';
import { createGobgpSpeaker, type ServerTag } from '../drivers/speaker/gobgp.js';
import { returnLargeBlocks } from '../drivers/syscall/thrift.js';
import type { Begun } from './guard-service.js';
import { HOME } from './paths.js';

/** Empty where the program is not in PATH, or does not say. */
const printedVersion = (): Promise<string> =>
  run(['gobgpd', '--version'], { timeoutMs: 2_000 }).then(
    ({ stdout }) => stdout,
    () => '',
  );

/** Runs the guard until SIGTERM or SIGINT, which drain first. Rejects before anything was changed when it cannot run here. */
export async function runGuard(options: GuardOptions): Promise<void> {
  returnLargeBlocks();
  const clock = createClock();
  let mark: Begun['mark'] = () => undefined;
  const serverTag = new Promise<ServerTag>((resolve) => {
    mark = resolve;
  });
  const speaker = createGobgpSpeaker({
    address: options.gobgp,
    protoDir: join(HOME, 'protos'),
    serverTag,
    installed: printedVersion,
  });
  const gobgpd = readAhead(speaker, clock);
  try {
    const { serveWith } = await import('./guard-service.js');
    await serveWith(options, { clock, gobgpd, mark });
  } finally {
    gobgpd.close();
  }
}
