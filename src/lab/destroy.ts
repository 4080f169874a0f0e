import { LabError } from './lab-error.js';
import { until, type Machine } from './machine.js';
import { folderOf, isAlive, readLab, type LabRecord, type ProcessRecord } from './state.js';

/** A process that has been killed still has to free 20 namespaces. */
const GONE_MS = 10_000;

/**
 * Ends the anchor, and with it everything the lab had, and forgets the lab.
 * `false` when there was no lab of this name. A process that only happens to
 * have the anchor's number is left alone.
 */
export async function destroyLab(machine: Machine, root: string, name: string): Promise<boolean> {
  const lab = await readLab(machine.files, root, name);
  if (!lab) return false;
  await endLab(machine, lab);
  await forget(machine, root, name);
  return true;
}

/** Removes a lab's folder, and with the last lab the folder of labs. */
export async function forget(machine: Machine, root: string, name: string): Promise<void> {
  await machine.files.remove(folderOf(root, name));
  if ((await machine.files.list(root)).length === 0) await machine.files.remove(root);
}

async function endLab(machine: Machine, lab: LabRecord): Promise<void> {
  const processes = [lab.anchor, ...lab.nodes.map(({ process }) => process)];
  if (await isAlive(machine.files, lab.anchor)) {
    await machine.exec.run(['kill', '-KILL', String(lab.anchor.pid)]);
  }
  await allGone(machine, processes);
}

/** Waits for the kernel to have removed these processes. */
export async function allGone(machine: Machine, processes: readonly ProcessRecord[]): Promise<void> {
  const { clock, files } = machine;
  for (const process of processes) {
    if (!(await until(clock, GONE_MS, async () => !(await isAlive(files, process))))) {
      throw new LabError(`process ${process.pid} of the lab does not end`, `kill it with kill -KILL ${process.pid}`);
    }
  }
}
