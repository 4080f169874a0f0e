/** What is remembered of a running lab: enough to find it again, and to know that what is found is still it. */
import type { Files } from '../ports/files.js';
import { LabError } from './lab-error.js';

/** A process that cannot be mistaken for another with the same number. */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks after boot (proc(5), stat, field 22): a pid that was given out again has another. */
  readonly started: string;
}

export interface NodeRecord {
  readonly name: string;
  readonly kind: string;
  readonly image?: string;
  readonly standsFor: string;
  readonly process: ProcessRecord;
  readonly env: Readonly<Record<string, string>>;
}

export interface LabRecord {
  readonly name: string;
  /** The topology file that it was deployed from, absolute. */
  readonly topology: string;
  /** ISO 8601, for people. */
  readonly deployedAt: string;
  readonly rootless: boolean;
  readonly anchor: ProcessRecord;
  readonly nodes: readonly NodeRecord[];
}

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
    const record: unknown = JSON.parse(text);
    if (isLab(record)) return record;
  } catch {
    // No JSON: as damaged as a record of another shape.
  }
  throw new LabError(
    `${recordPath(root, name)} is damaged`,
    `remove ${folderOf(root, name)} after making sure the lab is gone`,
  );
}

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;
const areTexts = (...values: readonly unknown[]): boolean => values.every((value) => typeof value === 'string');

const isProcess = (value: unknown): boolean =>
  isObject(value) && Number.isInteger(value.pid) && Number(value.pid) > 0 && areTexts(value.started);

const isNode = (value: unknown): boolean =>
  isObject(value) &&
  areTexts(value.name, value.kind, value.standsFor, value.image ?? '') &&
  isProcess(value.process) &&
  isObject(value.env) &&
  areTexts(...Object.values(value.env));

/** By hand: who works inside a lab should not wait for a library of schemas. */
const isLab = (value: unknown): value is LabRecord =>
  isObject(value) &&
  areTexts(value.name, value.topology, value.deployedAt) &&
  typeof value.rootless === 'boolean' &&
  isProcess(value.anchor) &&
  Array.isArray(value.nodes) &&
  value.nodes.every(isNode);

/** The labs that live, by name. */
export async function livingLabs(files: Files, root: string): Promise<readonly LabRecord[]> {
  const labs: LabRecord[] = [];
  for (const name of await files.list(root)) {
    const lab = await readLab(files, root, name);
    if (lab && (await isAlive(files, lab.anchor))) labs.push(lab);
  }
  return labs;
}
