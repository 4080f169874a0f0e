/** What is remembered of a running lab: enough to find it again, and to know that what is found is still it. */
import { z } from 'zod';
import type { Files } from '../ports/files.js';
import { LabError } from './lab-error.js';

const processRecord = z.object({
  pid: z.int().positive(),
  /** Clock ticks after boot (proc(5), stat, field 22): a pid that was given out again has another. */
  started: z.string(),
});

/** A process that cannot be mistaken for another with the same number. */
export type ProcessRecord = z.output<typeof processRecord>;

const labRecord = z.object({
  name: z.string(),
  topology: z.string(),
  /** ISO 8601, for people. */
  deployedAt: z.string(),
  rootless: z.boolean(),
  anchor: processRecord,
  nodes: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      image: z.string().optional(),
      standsFor: z.string(),
      process: processRecord,
      env: z.record(z.string(), z.string()),
    }),
  ),
});

export type LabRecord = z.output<typeof labRecord>;
export type NodeRecord = LabRecord['nodes'][number];

/** Where labs of this user are remembered: `/run/culvert-lab` for root, unless `CULVERT_LAB_STATE` names another folder. */
export function stateFolder(uid: number, environment: Readonly<Record<string, string | undefined>>): string {
  const { CULVERT_LAB_STATE: chosen, XDG_RUNTIME_DIR: runtime } = environment;
  if (chosen) return chosen;
  if (uid === 0) return '/run/culvert-lab';
  return runtime ? `${runtime}/culvert-lab` : `/tmp/culvert-lab-${uid}`;
}

/** One lab's folder: `lab.json` and the nodes' logs, `<node>.log`. */
export const folderOf = (root: string, lab: string): string => `${root}/${lab}`;

const recordPath = (root: string, lab: string): string => `${folderOf(root, lab)}/lab.json`;

/** The identity of a live process; `undefined` when there is none, or only its remains. */
export async function processOf(files: Files, pid: number): Promise<ProcessRecord | undefined> {
  const stat = await files.read(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = fields?.[19];
  return started === undefined || fields?.[0] === 'Z' || fields?.[0] === 'X' ? undefined : { pid, started };
}

export const isAlive = async (files: Files, process: ProcessRecord): Promise<boolean> =>
  (await processOf(files, process.pid))?.started === process.started;

export const writeLab = (files: Files, root: string, lab: LabRecord): Promise<void> =>
  files.write(recordPath(root, lab.name), `${JSON.stringify(lab, undefined, 2)}\n`);

/** A lab's record, whether it lives or not; `undefined` when there is none. */
export async function readLab(files: Files, root: string, name: string): Promise<LabRecord | undefined> {
  const text = await files.read(recordPath(root, name));
  if (text === undefined) return undefined;
  try {
    return labRecord.parse(JSON.parse(text));
  } catch {
    throw new LabError(
      `${recordPath(root, name)} is damaged`,
      `remove ${folderOf(root, name)} after making sure the lab is gone`,
    );
  }
}

/** The labs that live, by name. */
export async function livingLabs(files: Files, root: string): Promise<readonly LabRecord[]> {
  const labs: LabRecord[] = [];
  for (const name of await files.list(root)) {
    const lab = await readLab(files, root, name);
    if (lab && (await isAlive(files, lab.anchor))) labs.push(lab);
  }
  return labs;
}
