import { dirname, resolve } from 'node:path';
import { readDocument } from '../config/document.js';
import { plainTree } from '../config/plain.js';
import { expandEnvironment, type Environment } from './expansion.js';
import { parseLinks } from './parse-links.js';
import { parseNodes } from './parse-nodes.js';
import { Problems } from './problems.js';
import { nodeKeysNotEmulated, topKeysNotEmulated, topologyFile } from './schema.js';
import type { Topology, TopologyIssue } from './topology.js';

export type ParsedTopology =
  | { readonly topology: Topology; readonly issues?: undefined }
  | { readonly topology?: undefined; readonly issues: readonly TopologyIssue[] };

const NODE_KEYS = [
  'binds',
  'kind',
  'group',
  'image',
  'network-mode',
  'exec',
  'cmd',
  'entrypoint',
  'env',
  'labels',
  'sysctls',
];
const KNOWN_KEYS = [
  ...NODE_KEYS,
  ...nodeKeysNotEmulated,
  ...topKeysNotEmulated,
  'name',
  'topology',
  'defaults',
  'kinds',
  'groups',
  'nodes',
  'links',
];

/**
 * Reads a containerlab topology. `path` is where the text came from: relative
 * binds start in its folder. All problems are reported at once, in the order
 * of the file.
 */
export function parseTopology(text: string, path: string, environment: Environment = {}): ParsedTopology {
  const { source, issues } = readDocument({ path, text: expandEnvironment(text, environment) });
  if (issues.length > 0) return { issues };
  const { tree, issues: treeIssues } = plainTree(source);
  if (treeIssues.length > 0) return { issues: treeIssues };

  const problems = new Problems(source);
  const file = topologyFile.safeParse(tree);
  if (!file.success) {
    problems.addZod(file.error.issues, [], KNOWN_KEYS);
    return { issues: problems.all() };
  }
  const absolute = resolve(path);
  const { nodes, notEmulated } = parseNodes(file.data, dirname(absolute), problems);
  const links = parseLinks(file.data.topology.links ?? [], Object.keys(file.data.topology.nodes), problems);
  if (problems.all().length > 0) return { issues: problems.all() };

  const top = topKeysNotEmulated.filter((key) => Object.hasOwn(file.data, key));
  return {
    topology: {
      name: file.data.name,
      path: absolute,
      nodes,
      links: links.links,
      notEmulated: [...top, ...notEmulated, ...links.notEmulated],
    },
  };
}
