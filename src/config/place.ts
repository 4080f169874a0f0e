import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { SourceFile } from './document.js';
import type { TreePath } from './wording.js';

/** Where something stands; lines and columns count from 1. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** `key`: the name in front of the colon; `value`: what comes after it. */
export type Target = 'key' | 'value';

export const formatPlace = (place: Place): string => `${place.path}:${place.line}`;

export const startOf = (source: SourceFile): Place => ({ path: source.path, line: 1, column: 1 });

/** The place of a node; the file's first character when the node has none. */
export function placeOfNode(source: SourceFile, node: unknown): Place {
  const range = (node as Node | null | undefined)?.range;
  if (!range) return startOf(source);
  const { line, col } = source.lines.linePos(range[0]);
  return { path: source.path, line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The text of a map's key; `undefined` for keys that are maps or lists. */
export function keyText(pair: Pair): string | undefined {
  const key: unknown = pair.key;
  if (!isScalar(key)) return undefined;
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

/** Follows an alias to what it stands for. */
const followed = (source: SourceFile, node: unknown): unknown => (isAlias(node) ? node.resolve(source.document) : node);

/**
 * The place of `path` in one file. What is not there has the place of the
 * nearest thing around it: a missing key is reported at its map's own key.
 */
export function locate(source: SourceFile, path: TreePath, target: Target): Place {
  let node: unknown = source.document.contents;
  let nearestNode: unknown = undefined;
  for (const [depth, step] of path.entries()) {
    const here = followed(source, node);
    const last = depth === path.length - 1;
    if (isMap(here)) {
      const pair = here.items.find((item) => keyText(item) === String(step));
      if (!pair) return placeOfNode(source, nearestNode);
      node = pair.value;
      nearestNode = last && target === 'value' && hasText(pair.value) ? pair.value : pair.key;
    } else if (isSeq(here) && typeof step === 'number' && step < here.items.length) {
      node = here.items[step];
      nearestNode = node;
    } else {
      return placeOfNode(source, hasText(node) ? node : nearestNode);
    }
  }
  return placeOfNode(source, nearestNode);
}

/** An empty value (`tunnels:`) stands nowhere; its key does. */
const hasText = (node: unknown): boolean => {
  const range = (node as Node | null | undefined)?.range;
  return !!range && range[1] > range[0];
};
