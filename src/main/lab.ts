import { setMaxListeners } from 'node:events';
import type { LabOptions, NodeReport } from '../cli/commands.js';
import { createClock } from '../drivers/clock/clock.js';
import { createExec } from '../drivers/exec/exec.js';
import { runInTerminal } from '../drivers/exec/terminal.js';
import { createFiles } from '../drivers/files/files.js';
import { createLab, nodeOf } from '../lab/lab.js';
import type { Machine } from '../lab/machine.js';
import type { LabRecord } from '../lab/state.js';
import { NODES } from '../lab/verify/acme.js';
import { Field } from '../lab/verify/field.js';
import { verify } from '../lab/verify/verify.js';
import { entry, HOME } from './paths.js';

type Say = (text: string) => void;

const machineOf = (say: Say): Machine => ({
  exec: createExec(),
  files: createFiles(),
  clock: createClock(),
  say,
  pid: process.pid,
  uid: process.getuid?.() ?? 0,
  environment: process.env,
  home: HOME,
  culvert: entry('cli'),
});

/**
 * Fires on Ctrl-C or SIGTERM, so that what has begun can be taken back. The
 * listeners stay until then: whoever else listens, as execa does for its
 * children, ends the process when nobody is left beside it.
 */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, abort);
  try {
    return await work(stop.signal);
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, abort);
  }
}

export async function deploy({ topology }: LabOptions, say: Say): Promise<void> {
  const { lab, elapsedMs } = await interruptible((signal) => createLab(machineOf(say)).deploy(topology, signal));
  say(`lab ${lab.name}: ${lab.nodes.length} nodes up after ${(elapsedMs / 1000).toFixed(1)} s`);
}

export async function destroy({ topology }: LabOptions, say: Say): Promise<void> {
  say(`lab ${await createLab(machineOf(say)).destroy(topology)} is gone`);
}

export async function inspect({ topology }: LabOptions): Promise<readonly NodeReport[]> {
  const labs = await createLab(machineOf(() => undefined)).inspect(topology);
  return labs.flatMap(({ nodes }) =>
    nodes.map(({ name, kind, image, state, pid }) => ({ name, kind, image: image ?? '-', state, pid })),
  );
}

export async function execIn({ topology }: LabOptions, node: string, argv: readonly string[]): Promise<number> {
  const machine = machineOf(() => undefined);
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error('name a command: culvert lab exec NODE -- COMMAND');
  const lab = await createLab(machine).find(topology);
  return runInTerminal(nodeOf(machine, lab, node).argv([program, ...rest]));
}

/** True when every step passed. */
export async function verifyLab({ topology }: LabOptions, steps: readonly string[], say: Say): Promise<boolean> {
  const machine = machineOf(say);
  const lab = await createLab(machine).find(topology);
  const missing = NODES.filter((name) => lab.nodes.every((node) => node.name !== name));
  if (missing.length > 0) {
    throw new Error(`lab ${lab.name} has no ${missing.join(', ')}; verify plays the story of lab/acme/acme.clab.yml`);
  }
  const began = machine.clock.now();
  const { passed, failed } = await interruptible(async (stop) => {
    const verdicts = await verify(fieldIn(machine, lab, stop), steps).catch((error: unknown) => {
      if (!stop.aborted) throw error;
    });
    if (!verdicts || stop.aborted)
      throw new Error('interrupted; the lab is still up, and culvert lab destroy removes it');
    return verdicts;
  });
  say('');
  say(
    `${passed.length} passed, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(' ')})` : ''} in ${Math.round((machine.clock.now() - began) / 1000)} s`,
  );
  return failed.length === 0;
}

function fieldIn(machine: Machine, lab: LabRecord, stop: AbortSignal): Field {
  // Each command and each wait under way listens.
  setMaxListeners(0, stop);
  return new Field({
    clock: machine.clock,
    say: (text) => machine.say(text),
    stop,
    slow: process.env.CULVERT_SLOW === '1',
    traffic: entry('lab-traffic'),
    nodes: {
      run: (node, argv, options) => nodeOf(machine, lab, node).run(argv, options),
      stream: (node, argv, handlers) => nodeOf(machine, lab, node).stream(argv, handlers),
    },
  });
}

/** Deploys unless the lab is up, verifies, leaves it up and says what to try. */
export async function up(options: LabOptions, say: Say): Promise<boolean> {
  const lab = createLab(machineOf(say));
  const isUp = await lab.find(options.topology).then(
    () => true,
    () => false,
  );
  if (!isUp) await deploy(options, say);
  const good = await verifyLab(options, [], say);
  for (const line of NEXT) say(line);
  return good;
}

const NEXT = [
  '',
  'The lab is still up. Try:',
  '  npx culvert lab exec ams-s1 -- culvert status',
  '  npx culvert lab exec ams-s1 -- culvert explain 203.0.113.100',
  '  npx culvert lab exec ams-s1 -- ip netns delete cv-acme      (then status again: drift repaired)',
  '  npx culvert lab exec sjc-s1 -- culvert drain                (and culvert undrain)',
  'Remove it, and everything in it:',
  '  npx culvert lab destroy',
];
