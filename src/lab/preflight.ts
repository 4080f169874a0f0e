/** What is looked at before anything is changed. */
import { profileOf } from './images.js';
import { LabError } from './lab-error.js';
import type { Machine } from './machine.js';
import { missingPrograms, programsOf } from './packages.js';
import { folderOf, isAlive, processOf, readLab } from './state.js';
import type { Topology } from './topology.js';

/** By path on this machine. */
export type BindSources = ReadonlyMap<string, 'file' | 'folder'>;

const LOOK = 'for program; do command -v "$program" >/dev/null || echo "$program"; done';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Rejects with every missing program, and the package that brings it. */
export async function checkPrograms(machine: Machine, topology: Topology): Promise<void> {
  const programs = programsOf(topology, machine.home);
  const { stdout } = await machine.exec.run(['env', `PATH=${PATH}`, 'sh', '-c', LOOK, 'look', ...programs]);
  const missing = stdout.split('\n').filter((line) => line !== '');
  if (missing.length > 0) throw new LabError(...missingPrograms(missing));
}

/** Rejects when a bind's source is not there: docker would make an empty folder of it, which nobody wants. */
export async function bindSources(machine: Machine, topology: Topology): Promise<BindSources> {
  const sources = new Map<string, 'file' | 'folder'>();
  for (const { name, binds } of topology.nodes) {
    for (const { source } of binds) {
      const kind = await machine.files.kindOf(source);
      if (kind === 'missing')
        throw new LabError(`node ${name}: ${source}, which it binds, is not there`, 'make it, or correct binds');
      sources.set(source, kind === 'folder' ? 'folder' : 'file');
    }
  }
  return sources;
}

/** Held by the process that deploys, until it is done. */
const claimOf = (root: string, name: string): string => `${folderOf(root, name)}/claimed-by`;

export const giveBackName = (machine: Machine, root: string, name: string): Promise<void> =>
  machine.files.remove(claimOf(root, name));

/** Takes the lab's name for us. What a lab or a deploy that died left in the state folder is removed. */
export async function claimName(machine: Machine, root: string, name: string): Promise<void> {
  const { files } = machine;
  const lab = await readLab(files, root, name);
  if (lab && (await isAlive(files, lab.anchor))) {
    throw new LabError(
      `lab ${name} is up since ${lab.deployedAt}`,
      'culvert lab inspect shows it, culvert lab destroy ends it',
    );
  }
  const folder = folderOf(root, name);
  const claim = claimOf(root, name);
  const [pid, started] = (await files.read(claim))?.split(' ') ?? [];
  if (pid !== undefined && started !== undefined && (await isAlive(files, { pid: Number(pid), started }))) {
    throw new LabError(`process ${pid} is deploying lab ${name}`, 'wait for it, or end it');
  }
  if (lab ?? pid) await files.remove(folder);
  if (!(await files.makeFolder(folder))) {
    throw new LabError(`${folder} exists and holds no lab`, `remove it if nobody is deploying lab ${name}`);
  }
  const own = await processOf(files, machine.pid);
  await files.write(claim, `${machine.pid} ${own?.started ?? ''}`);
}

/** What the topology asks for and does not get, in sentences. */
export function differences(topology: Topology, home: string): readonly string[] {
  const standIns = new Map<string, string>();
  const unknown: string[] = [];
  for (const node of topology.nodes) {
    const profile = profileOf(node, home);
    if (profile && node.image !== undefined) standIns.set(node.image, profile.standsFor);
    else if (node.kind === 'linux')
      unknown.push(`${node.name}: image ${node.image ?? '(none)'} is not known here; it has this machine's programs`);
  }
  return [
    ...[...standIns].map(([image, standsFor]) => `${image} is ${standsFor} here; images are not downloaded`),
    ...unknown,
    ...topology.notEmulated.map((what) => `not emulated: ${what}`),
  ];
}
