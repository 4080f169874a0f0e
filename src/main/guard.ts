import { join } from 'node:path';
import type { GuardOptions } from '../cli/commands.js';
import { serverNumber } from '../decide/attributes.js';
import { createChecker } from '../drivers/check/checker.js';
import { openChronicle } from '../drivers/chronicle/chronicle.js';
import { createClock } from '../drivers/clock/clock.js';
import { createExec } from '../drivers/exec/exec.js';
import { createFiles } from '../drivers/files/files.js';
import { createExabgpSpeaker } from '../drivers/speaker/exabgp.js';
import { createGobgpSpeaker } from '../drivers/speaker/gobgp.js';
import { keepThrifty, returnLargeBlocks } from '../drivers/syscall/thrift.js';
import { Guard } from '../engine/guard.js';
import type { SpeakerKind } from '../model/fleet.js';
import type { Speaker } from '../ports/speaker.js';
import { serveGuard } from '../local/guard.js';
import type { Exec } from '../ports/exec.js';
import { loadView, onlyOnce } from './fleet-files.js';
import { guardEyes } from './kernel.js';
import { createLog } from './log.js';
import { bootOf, needFolder } from './machine.js';
import { entry, fleetMemo, HOME, records, sockets } from './paths.js';
import { signalled } from './signals.js';

/** RFC 4271 8.2.1. */
const BGP_PORT = 179;

/** Empty where the program is not in PATH, or does not say. */
const printedVersion = (exec: Exec): Promise<string> =>
  exec.run(['gobgpd', '--version'], { timeoutMs: 2_000 }).then(
    ({ stdout }) => stdout,
    () => '',
  );

interface SpeakerParts {
  readonly options: GuardOptions;
  readonly exec: Exec;
  readonly serverTag: { readonly asn: number; readonly server: number };
}

/** How the guard reaches the daemon that the fleet names. */
const SPEAKERS: { readonly [K in SpeakerKind]: (parts: SpeakerParts) => Speaker } = {
  gobgp: ({ options, exec, serverTag }) =>
    createGobgpSpeaker({
      address: options.gobgp,
      protoDir: join(HOME, 'protos'),
      serverTag,
      installed: () => printedVersion(exec),
    }),
  exabgp: ({ options, serverTag }) => createExabgpSpeaker({ socket: sockets(options.runDir).exabgp, serverTag }),
};

/** Runs the guard until SIGTERM or SIGINT, which drain first. Rejects before anything was changed when it cannot run here. */
export async function runGuard(options: GuardOptions): Promise<void> {
  returnLargeBlocks();
  const log = createLog('guard');
  const warn = onlyOnce((line) => log.warn(line));
  const load = () => loadView(options.fleet, options.server, warn, fleetMemo(options.stateDir));
  const view = await load();
  const exec = createExec();
  const serverTag = { asn: view.fleet.provider.asn, server: serverNumber(view.server.name) };
  const speaker = SPEAKERS[view.server.speaker]({ options, exec, serverTag });
  await needFolder(options.runDir, 0o755, '--run-dir');
  await needFolder(options.stateDir, 0o700, '--state-dir');
  let refuse: (error: Error) => void = () => undefined;
  const refused = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  const clock = createClock();
  const chronicle = openChronicle({
    path: records(options.stateDir).guard,
    by: 'guard',
    boot: await bootOf(),
    clock,
    log,
  });
  const guard = await Guard.open(
    {
      speaker,
      ...guardEyes(),
      checker: createChecker({ exec, argv: entry('checker') }),
      clock,
      files: createFiles(),
      log,
      chronicle,
      stateDir: options.stateDir,
      listenPort: BGP_PORT,
      reload: load,
      fatal: refuse,
    },
    view,
  );
  // The socket first: only one guard gets it, and the other must not touch the speaker.
  const socket = await serveGuard(sockets(options.runDir).guard, process.pid, guard).catch((error: unknown) => {
    speaker.close();
    throw error;
  });
  guard.start();
  const thrift = keepThrifty(clock);
  log.info('guard started', { server: options.server, speaker: speaker.name, generation: view.fleet.generation });
  try {
    await Promise.race([signalled(), refused]);
    log.info('guard drains before it ends');
    await guard.stop();
  } catch (error) {
    await guard.abandon();
    throw error;
  } finally {
    thrift.stop();
    await socket.close();
    await chronicle.close();
  }
  log.info('guard stopped');
}
