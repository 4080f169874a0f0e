import type { SourceFile } from './document.js';
import type { Issue } from './issue.js';
import { formatPlace, locate, startOf, type Place, type Target } from './place.js';
import { plainTree } from './plain.js';
import { shown, type TreePath } from './wording.js';

/** Maps whose entries may come from several files; every other key comes from one. */
const SPREAD = ['sites', 'customers'] as const;

const isSpread = (key: string): key is (typeof SPREAD)[number] => SPREAD.some((spread) => spread === key);

/** All files as one tree that still knows where each part came from. */
export interface Merged {
  readonly tree: Readonly<Record<string, unknown>>;
  /** Keys whose value was no map and was taken for an empty one. */
  readonly broken: readonly TreePath[];
  placeOf(path: TreePath, target?: Target): Place;
}

const isMapValue = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Puts the files of a folder together: `sites` and `customers` entry by entry,
 * everything else whole. What two files both define is reported with both
 * places, and the first one stays.
 */
export function mergeFiles(sources: readonly SourceFile[]): {
  readonly merged: Merged;
  readonly issues: readonly Issue[];
} {
  const issues: Issue[] = [];
  const tree: Record<string, unknown> = {};
  const broken: TreePath[] = [];
  /** By path: one step, or two inside `sites` and `customers`. */
  const origins = new Map<string, SourceFile>();
  const originOf = (path: TreePath): SourceFile | undefined => origins.get(JSON.stringify(path));

  const claim = (source: SourceFile, path: TreePath): boolean => {
    const first = originOf(path);
    if (!first) {
      origins.set(JSON.stringify(path), source);
      return true;
    }
    issues.push({
      code: 'defined-twice',
      ...locate(source, path, 'key'),
      message: `${path.join('.')} is already defined at ${formatPlace(locate(first, path, 'key'))}`,
      remedy: 'keep one of the two',
    });
    return false;
  };

  const wrongType = (source: SourceFile, path: TreePath, what: string, remedy: string): void => {
    const place = path.length === 0 ? startOf(source) : locate(source, path, 'value');
    issues.push({ code: 'wrong-type', ...place, message: what, remedy });
  };

  const spread = (source: SourceFile, key: string, value: unknown): void => {
    if (!originOf([key])) origins.set(JSON.stringify([key]), source);
    if (!isMapValue(value)) {
      wrongType(
        source,
        [key],
        `${key} is ${shown(value)}, not a map`,
        `write names with their settings below ${key}, or ${key}: {}`,
      );
      tree[key] ??= {};
      broken.push([key]);
      return;
    }
    const entries = (tree[key] ??= {}) as Record<string, unknown>;
    for (const [name, entry] of Object.entries(value)) {
      if (claim(source, [key, name])) entries[name] = entry;
    }
  };

  for (const source of sources) {
    const plain = plainTree(source);
    issues.push(...plain.issues);
    if (plain.tree === null) continue;
    if (!isMapValue(plain.tree)) {
      wrongType(
        source,
        [],
        `the file holds ${shown(plain.tree)}, not a map`,
        'begin with provider:, sites: or customers:',
      );
      continue;
    }
    for (const [key, value] of Object.entries(plain.tree)) {
      if (isSpread(key)) spread(source, key, value);
      else if (claim(source, [key])) tree[key] = value;
    }
  }

  const placeOf = (path: TreePath, target: Target = 'value'): Place => {
    const source = originOf(path.slice(0, 2)) ?? originOf(path.slice(0, 1)) ?? sources[0];
    return source ? locate(source, path, target) : { path: '', line: 1, column: 1 };
  };
  return { merged: { tree, broken, placeOf }, issues };
}
