/** The guard, once its speaker is being read: reads its fleet, takes its socket, and runs. */
import type { GuardOptions } from '../cli/commands.js';
import { serverNumber } from '../decide/attributes.js';
import { createChecker } from '../drivers/check/checker.js';
import { openChronicle } from '../drivers/chronicle/chronicle.js';
import { createExec } from '../drivers/exec/exec.js';
import { createFiles } from '../drivers/files/files.js';
import { createExabgpSpeaker } from '../drivers/speaker/exabgp.js';
import type { ServerTag } from '../drivers/speaker/gobgp.js';
import { keepThrifty } from '../drivers/syscall/thrift.js';
import { Guard } from '../engine/guard.js';
import type { ServerView, SpeakerKind } from '../model/fleet.js';
import type { Clock } from '../ports/clock.js';
import type { Speaker } from '../ports/speaker.js';
import { serveGuard } from '../local/guard.js';
import { loadView, onlyOnce } from './fleet-files.js';
import { guardEyes } from './kernel.js';
import { createLog } from './log.js';
import { bootOf, needFolder } from './machine.js';
import { entry, fleetMemo, records, sockets } from './paths.js';
import { signalled } from './signals.js';

/** What a guard has before it knows its fleet. */
export interface Begun {
  readonly clock: Clock;
  /** Under way to be read; for a fleet that names another daemon, to be closed. */
  readonly gobgpd: Speaker;
  /** What marks this server's paths: without it nothing that was read is told. */
  readonly mark: (tag: ServerTag) => void;
}

/** RFC 4271 8.2.1. */
const BGP_PORT = 179;

/** The daemon that the fleet names. */
function speakerFor({ fleet, server }: ServerView, { gobgpd, mark }: Begun, options: GuardOptions): Speaker {
  const serverTag = { asn: fleet.provider.asn, server: serverNumber(server.name) };
  const choices: { readonly [K in SpeakerKind]: () => Speaker } = {
    gobgp: () => {
      mark(serverTag);
      return gobgpd;
    },
    exabgp: () => {
      gobgpd.close();
      return createExabgpSpeaker({ socket: sockets(options.runDir).exabgp, serverTag });
    },
  };
  return choices[server.speaker]();
}

/** Until SIGTERM or SIGINT, which drain first. Rejects before anything was changed when it cannot run here. */
export async function serveWith(options: GuardOptions, begun: Begun): Promise<void> {
  const { clock } = begun;
  const log = createLog('guard');
  const warn = onlyOnce((line) => log.warn(line));
  const load = () => loadView(options.fleet, options.server, warn, fleetMemo(options.stateDir));
  const view = await load();
  await needFolder(options.runDir, 0o755, '--run-dir');
  await needFolder(options.stateDir, 0o700, '--state-dir');
  let refuse: (error: Error) => void = () => undefined;
  const refused = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  const speaker = speakerFor(view, begun, options);
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
      checker: createChecker({ exec: createExec(), argv: entry('checker') }),
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
