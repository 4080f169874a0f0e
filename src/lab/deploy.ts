import { startAnchor, type Anchor } from './anchor.js';
import { buildLab, type Built } from './build.js';
import { allGone, forget } from './destroy.js';
import { LabError } from './lab-error.js';
import type { Machine } from './machine.js';
import { bindSources, checkPrograms, claimName, differences, giveBackName } from './preflight.js';
import { folderOf, processOf, writeLab } from './state.js';
import type { Topology } from './topology.js';

export interface DeployedLab extends Built {
  readonly elapsedMs: number;
}

/**
 * Builds a lab. Rejects with `LabError`, having left nothing behind, when it
 * cannot: one of this name is up, a program or a bind's source is missing, the
 * kernel refuses, or `signal` fires. If this very process is killed, the
 * anchor ends by itself.
 */
export async function deployLab(
  machine: Machine,
  root: string,
  topology: Topology,
  signal?: AbortSignal,
): Promise<DeployedLab> {
  const begun = machine.clock.now();
  await checkPrograms(machine, topology);
  const sources = await bindSources(machine, topology);
  await claimName(machine, root, topology.name);
  const folder = folderOf(root, topology.name);
  let anchor: Anchor | undefined;
  const interrupt = (): void => void anchor?.abandon();
  signal?.addEventListener('abort', interrupt);
  try {
    for (const difference of differences(topology, machine.home)) machine.say(`  ${difference}`);
    anchor = await startAnchor(machine.exec, { logs: folder, rootless: machine.uid !== 0 });
    if (signal?.aborted) throw interrupted();
    const built = await buildLab(machine, topology, sources, anchor);
    if (signal?.aborted) throw interrupted();
    await writeLab(machine.files, root, built.lab);
    await anchor.keep();
    await giveBackName(machine, root, topology.name);
    for (const warning of built.warnings) machine.say(`  warning: ${warning}`);
    return { ...built, elapsedMs: machine.clock.now() - begun };
  } catch (error) {
    if (anchor) await endAnchor(machine, anchor);
    await forget(machine, root, topology.name);
    throw signal?.aborted ? interrupted() : error;
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
}

const interrupted = (): LabError => new LabError('interrupted', 'nothing was left behind');

async function endAnchor(machine: Machine, anchor: Anchor): Promise<void> {
  const process = await processOf(machine.files, anchor.pid);
  await anchor.abandon();
  if (process) await allGone(machine, [process]);
}
