/** From definitions to nodes: precedence, merging, expansion. */
import { isAbsolute, resolve } from 'node:path';
import type { TreePath } from '../config/wording.js';
import { expandMagic, type MagicNames } from './expansion.js';
import type { Problems } from './problems.js';
import { nodeKeysNotEmulated, type NodeDefinition, type TopologyFile } from './schema.js';
import type { Bind, LabNode, Words } from './topology.js';
import { splitWords } from './words.js';

/** One level at which a node is defined. */
interface Level {
  readonly definition: NodeDefinition;
  readonly path: TreePath;
}

/** Resolves every node: node before group before kind before defaults. */
export function parseNodes(
  file: TopologyFile,
  folder: string,
  problems: Problems,
): { readonly nodes: readonly LabNode[]; readonly notEmulated: readonly string[] } {
  const notEmulated: string[] = [];
  const nodes = Object.keys(file.topology.nodes).flatMap((name): LabNode[] => {
    const levels = levelsOf(file, name);
    const kind = first(levels, 'kind');
    if (kind === undefined) {
      problems.add(['topology', 'nodes', name], `node ${name} has no kind`, 'write kind: linux', 'key');
      return [];
    }
    const magic = { lab: file.name, node: name, labFolder: resolve(folder, `clab-${file.name}`) };
    notEmulated.push(...unusedBy(name, kind, levels));
    return [resolveNode(name, kind, levels, folder, magic, problems)];
  });
  return { nodes, notEmulated };
}

function levelsOf(file: TopologyFile, name: string): readonly Level[] {
  const { nodes, groups = {}, kinds = {}, defaults = {} } = file.topology;
  const own = nodes[name] ?? {};
  const group = own.group ?? defaults.group;
  const inGroup = group === undefined ? {} : (groups[group] ?? {});
  const kind = own.kind ?? inGroup.kind ?? defaults.kind;
  return [
    { definition: own, path: ['topology', 'nodes', name] },
    { definition: inGroup, path: ['topology', 'groups', group ?? ''] },
    { definition: kind === undefined ? {} : (kinds[kind] ?? {}), path: ['topology', 'kinds', kind ?? ''] },
    { definition: defaults, path: ['topology', 'defaults'] },
  ];
}

/** The value of the nearest level that has one. */
function first<K extends keyof NodeDefinition>(levels: readonly Level[], key: K): NodeDefinition[K] {
  return levels.find(({ definition }) => definition[key] !== undefined)?.definition[key];
}

/** Maps of all levels in one; the nearest level wins each key. */
const merged = (levels: readonly Level[], key: 'env' | 'labels' | 'sysctls'): Record<string, string> =>
  Object.assign({}, ...levels.toReversed().map(({ definition }) => definition[key] ?? {})) as Record<string, string>;

function resolveNode(
  name: string,
  kind: string,
  levels: readonly Level[],
  folder: string,
  magic: MagicNames,
  problems: Problems,
): LabNode {
  const expand = (text: string): string => expandMagic(text, magic);
  const commandAt = (key: 'entrypoint' | 'cmd'): readonly string[] => {
    const level = levels.find(({ definition }) => definition[key] !== undefined);
    return level ? (wordsAt(expand(level.definition[key] ?? ''), [...level.path, key], problems) ?? []) : [];
  };
  const [program, ...rest] = [...commandAt('entrypoint'), ...commandAt('cmd')];
  return {
    name,
    kind,
    image: first(levels, 'image'),
    binds: mergedBinds(levels, folder, expand, problems),
    exec: levels.toReversed().flatMap(({ definition, path }) =>
      (definition.exec ?? []).flatMap((line, index) => {
        const words = wordsAt(expand(line), [...path, 'exec', index], problems);
        return words ? [words] : [];
      }),
    ),
    command: program === undefined ? undefined : [program, ...rest],
    env: Object.fromEntries(Object.entries(merged(levels, 'env')).map(([key, value]) => [key, expand(value)])),
    labels: merged(levels, 'labels'),
    sysctls: merged(levels, 'sysctls'),
  };
}

function wordsAt(line: string, path: TreePath, problems: Problems): Words | undefined {
  const words = splitWords(line);
  if (!words)
    problems.add(
      path,
      `${JSON.stringify(line)} cannot be split into words`,
      'close the quotes; no shell reads this line',
    );
  return words;
}

/** Binds of all levels; of two with one target the nearest level's stands. */
function mergedBinds(
  levels: readonly Level[],
  folder: string,
  expand: (text: string) => string,
  problems: Problems,
): readonly Bind[] {
  const byTarget = new Map<string, Bind>();
  for (const { definition, path } of levels) {
    for (const [index, text] of (definition.binds ?? []).entries()) {
      const bind = parseBind(expand(text), folder);
      if (!bind) {
        problems.add(
          [...path, 'binds', index],
          `${JSON.stringify(text)} is no bind`,
          'write source:target or source:target:ro, the target absolute',
        );
      } else if (!byTarget.has(bind.target)) {
        byTarget.set(bind.target, bind);
      }
    }
  }
  return [...byTarget.values()];
}

/** SELinux and propagation flags mean nothing in a plain mount namespace. */
const BIND_FLAGS = new Set(['ro', 'rw', 'z', 'Z', 'cached', 'delegated', 'consistent']);

function parseBind(text: string, folder: string): Bind | undefined {
  const [source, target, flags = '', ...rest] = text.split(':');
  if (!source || !target || rest.length > 0 || !isAbsolute(target) || target === '/') return undefined;
  const chosen = flags.split(',').filter((flag) => flag !== '');
  if (!chosen.every((flag) => BIND_FLAGS.has(flag))) return undefined;
  return { source: resolve(folder, source), target, readOnly: chosen.includes('ro') };
}

function unusedBy(name: string, kind: string, levels: readonly Level[]): readonly string[] {
  const said = nodeKeysNotEmulated
    .filter((key) => levels.some(({ definition }) => Object.hasOwn(definition, key)))
    .map((key) => `${name}: ${key}`);
  const mode = first(levels, 'network-mode');
  if (mode !== 'none')
    said.push(`${name}: ${mode === undefined ? 'eth0 in the management network' : `network-mode ${mode}`}`);
  if (kind !== 'linux') said.push(`${name}: kind ${kind}; its links exist, and it runs no image of its own`);
  return said;
}
