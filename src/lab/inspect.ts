import type { Files } from '../ports/files.js';
import { folderOf, isAlive, type LabRecord, type NodeRecord } from './state.js';

export interface InspectedNode {
  readonly name: string;
  readonly kind: string;
  readonly image: string | undefined;
  /** What stands in for the image. */
  readonly standsFor: string;
  /** `running`; `exited` when the main process has ended; `gone` when the node itself has. */
  readonly state: 'running' | 'exited' | 'gone';
  /** Process 1 of the node, for nsenter. */
  readonly pid: number;
  readonly log: string;
}

export interface InspectedLab {
  readonly name: string;
  readonly topology: string;
  readonly deployedAt: string;
  readonly rootless: boolean;
  readonly anchor: number;
  readonly nodes: readonly InspectedNode[];
}

export async function inspectLab(files: Files, root: string, lab: LabRecord): Promise<InspectedLab> {
  const nodes = lab.nodes.map(async (node): Promise<InspectedNode> => ({
    name: node.name,
    kind: node.kind,
    image: node.image,
    standsFor: node.standsFor,
    state: await stateOf(files, node),
    pid: node.process.pid,
    log: `${folderOf(root, lab.name)}/${node.name}.log`,
  }));
  return {
    name: lab.name,
    topology: lab.topology,
    deployedAt: lab.deployedAt,
    rootless: lab.rootless,
    anchor: lab.anchor.pid,
    nodes: await Promise.all(nodes),
  };
}

async function stateOf(files: Files, node: NodeRecord): Promise<InspectedNode['state']> {
  if (!(await isAlive(files, node.process))) return 'gone';
  const inside = `/proc/${node.process.pid}/root`;
  const main = (await files.read(`${inside}/run/.main`))?.trim();
  if (main === undefined) return 'running';
  return (await files.read(`${inside}/proc/${main}/stat`)) === undefined ? 'exited' : 'running';
}
