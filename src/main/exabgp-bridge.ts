/** ExaBGP's API process: what stands between the guard and an ExaBGP, which has no policy of its own. */
import { Socket } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExabgpBridgeOptions } from '../cli/commands.js';
import { Bridge } from '../drivers/speaker/exabgp/bridge.js';
import { Dialogue } from '../drivers/speaker/exabgp/dialogue.js';
import { readEvent } from '../drivers/speaker/exabgp/events.js';
import { Roster, type WriteConfiguration } from '../drivers/speaker/exabgp/roster.js';
import { type BridgeServer, serveBridge } from '../drivers/speaker/exabgp/serve.js';
import type { Log } from '../ports/log.js';
import type { Doubt } from '../ports/speaker.js';
import { exabgpConfiguration, exabgpEnvironment, type ExabgpTemplates } from '../render/exabgp/configuration.js';
import { createFiles } from '../drivers/files/files.js';
import { createLog } from './log.js';
import { needFolder } from './machine.js';
import { HOME, sockets } from './paths.js';
import { signalled } from './signals.js';

const OPEN_AGAIN_MS = 200;
const TEMPLATES = join(HOME, 'templates', 'exabgp');

async function templates(): Promise<ExabgpTemplates> {
  const [process, neighbor, environment] = await Promise.all(
    ['process.conf', 'neighbor.conf', 'exabgp.env'].map((name) => readFile(join(TEMPLATES, name), 'utf8')),
  );
  return { process: process ?? '', neighbor: neighbor ?? '', environment: environment ?? '' };
}

/** How ExaBGP starts this very command. */
const runLine = (runDir: string): readonly string[] => [
  process.execPath,
  join(HOME, 'dist', 'main', 'cli.js'),
  'exabgp-bridge',
  '--run-dir',
  runDir,
];

async function configurationIn(runDir: string): Promise<WriteConfiguration> {
  const files = createFiles();
  const texts = await templates();
  return async (neighbors) => {
    // It holds the sessions' keys.
    const before = process.umask(0o077);
    try {
      await files.write(join(runDir, 'exabgp.conf'), exabgpConfiguration(texts, runLine(runDir), neighbors));
    } finally {
      process.umask(before);
    }
  };
}

/** Writes the files that an ExaBGP starts with: no neighbour, no route, this bridge. */
export async function prepareExabgp({ runDir }: ExabgpBridgeOptions): Promise<void> {
  await needFolder(runDir, 0o755, '--run-dir');
  const write = await configurationIn(runDir);
  await write([]);
  await writeFile(join(runDir, 'exabgp.env'), exabgpEnvironment(await templates(), userInfo().username));
}

/** A daemon that does not answer yet is asked again: ExaBGP ends when its API process does so too often. */
async function opened(bridge: Bridge, ended: Promise<void>, log: Log): Promise<void> {
  let over = false;
  void ended.then(() => (over = true));
  while (!over) {
    const failure = await bridge.open().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (failure === undefined) return;
    log.warn(failure);
    await pause(OPEN_AGAIN_MS);
  }
}

/** Runs as ExaBGP's child until ExaBGP closes the pipes, or SIGTERM. */
export async function runExabgpBridge({ runDir }: ExabgpBridgeOptions): Promise<void> {
  const log = createLog('exabgp-bridge');
  const write = await configurationIn(runDir);
  let over: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    over = resolve;
  });
  let door: BridgeServer | undefined;
  const wake = (doubt: Doubt): void => door?.wake(doubt);
  // As sockets: Node writes to a pipe on standard output without letting anything else happen meanwhile.
  const input = new Socket({ fd: 0, readable: true, writable: false });
  const output = new Socket({ fd: 1, readable: false, writable: true });
  const dialogue = new Dialogue({ input, output, event: (line) => bridge.take(readEvent(line)), ended: over });
  const bridge = new Bridge({
    dialogue,
    roster: new Roster(dialogue, write),
    log: (line) => log.warn(line),
    wake,
  });
  try {
    await opened(bridge, ended, log);
    door = await serveBridge(sockets(runDir).exabgp, bridge);
    log.info('bridge open', { socket: sockets(runDir).exabgp });
    await Promise.race([ended, signalled()]);
  } finally {
    bridge.close();
    await door?.close();
    input.destroy();
    output.destroy();
  }
}
