/**
 * The lab commands, as the command line and verify use them. What only a
 * deployment needs is loaded by it: `culvert lab exec` is typed all the time.
 */
import { resolve } from 'node:path';
import type { ExecResult, StreamHandle, StreamHandlers } from '../ports/exec.js';
import type { DeployedLab } from './deploy.js';
import { destroyLab } from './destroy.js';
import { inNode } from './enter.js';
import { inspectLab, type InspectedLab } from './inspect.js';
import { LabError } from './lab-error.js';
import type { Machine } from './machine.js';
import { livingLabs, stateFolder, type LabRecord } from './state.js';
import { formatTopologyIssue, type Topology, type Words } from './topology.js';

export interface Lab {
  /** Reads and checks a topology file. Rejects with all its problems, one a line. */
  read(path: string): Promise<Topology>;
  deploy(path: string, signal?: AbortSignal): Promise<DeployedLab>;
  /** All labs that are up, or the one of a topology file. */
  inspect(path?: string): Promise<readonly InspectedLab[]>;
  /** Without a path: the only lab that is up. Answers its name. */
  destroy(path?: string): Promise<string>;
  /** The lab to work in: that of a topology file, or the only one that is up. */
  find(path?: string): Promise<LabRecord>;
}

/** Work inside one node. Programs see the node's files, network and processes, and its `env`. */
export interface InNode {
  /** Rejects with `ExecError` as `Exec.run` does; a program that is missing in the node exits 127. */
  run(
    argv: Words,
    options?: { readonly input?: string; readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<ExecResult>;
  /** A program that lives on; the caller stops it. */
  stream(argv: Words, handlers: StreamHandlers): StreamHandle;
  /** The same, as a command of this machine: for terminals. */
  argv(argv: Words): Words;
}

export function createLab(machine: Machine): Lab {
  const root = stateFolder(machine.uid, machine.environment);

  const read = async (path: string): Promise<Topology> => {
    const text = await machine.files.read(path);
    if (text === undefined) throw new LabError(`${path} is not there`, 'name a topology with -t FILE');
    const { parseTopology } = await import('./parse-topology.js');
    const { topology, issues } = parseTopology(text, path, machine.environment);
    if (issues) throw new LabError(issues.map(formatTopologyIssue).join('\n'), 'nothing was changed');
    return topology;
  };

  const find = async (path?: string): Promise<LabRecord> => {
    const living = await livingLabs(machine.files, root);
    const deployed = path === undefined ? [] : living.filter(({ topology }) => topology === resolve(path));
    // A lab that was deployed from this very file needs no reading of it.
    const name = path === undefined ? undefined : deployed.length === 1 ? deployed[0]?.name : (await read(path)).name;
    const labs = living.filter((lab) => name === undefined || lab.name === name);
    const [lab, ...others] = labs;
    if (!lab)
      throw new LabError(
        name === undefined ? 'no lab is up' : `lab ${name} is not up`,
        'culvert lab deploy starts one',
      );
    if (others.length > 0) {
      throw new LabError(`several labs are up: ${labs.map((each) => each.name).join(', ')}`, 'name one with -t FILE');
    }
    return lab;
  };

  return {
    read,
    find,
    deploy: async (path, signal) => {
      const { deployLab } = await import('./deploy.js');
      return deployLab(machine, root, await read(path), signal);
    },
    inspect: async (path) => {
      const labs = path === undefined ? await livingLabs(machine.files, root) : [await find(path)];
      return Promise.all(labs.map((lab) => inspectLab(machine.files, root, lab)));
    },
    destroy: async (path) => {
      const name = path === undefined ? (await find()).name : (await read(path)).name;
      if (!(await destroyLab(machine, root, name)))
        throw new LabError(`lab ${name} is not up`, 'there is nothing to destroy');
      return name;
    },
  };
}

/** Rejects nothing by itself; throws `LabError` for a node that the lab does not have. */
export function nodeOf(machine: Pick<Machine, 'exec'>, lab: LabRecord, name: string): InNode {
  const node = lab.nodes.find((each) => each.name === name);
  if (!node) {
    throw new LabError(
      `lab ${lab.name} has no node ${name}`,
      `it has ${lab.nodes.map((each) => each.name).join(', ')}`,
    );
  }
  const inside = (argv: Words): Words => inNode(lab, node, argv);
  return {
    run: (argv, options) => machine.exec.run(inside(argv), options),
    stream: (argv, handlers) => machine.exec.stream(inside(argv), handlers),
    argv: inside,
  };
}
