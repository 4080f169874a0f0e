import type { z } from 'zod';
import { draftSchema, fleetSchema, type Draft } from './schema.js';
import { shapeProblems, valueAt, type ShapeProblem } from './shape-issues.js';
import type { TreePath } from './wording.js';

/** What is right of a tree, and everything that is wrong with the rest. */
export interface Salvaged {
  /** Every problem of the tree as it was written. */
  readonly problems: readonly ShapeProblem[];
  readonly draft: Draft;
  /** Leads from a place in the draft to the place in the tree: lists may have lost entries. */
  sourcePath(path: TreePath): TreePath;
}

/**
 * Removing a key can leave its map without a required one, which goes next
 * round, and so on outwards. The tree is seven levels deep; twice that is ample.
 */
const MOST_ROUNDS = 16;

type Container = Record<string, unknown> | unknown[];

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** A copy without shared parts, so that mending one place mends one place. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isContainer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, copied(entry)]));
}

/**
 * Checks the shape of a tree. What is wrong is taken out (or put right where
 * the intention is plain), so that the rules about how things fit together can
 * judge all the rest in the same run.
 */
export function salvage(tree: unknown): Salvaged {
  const result = fleetSchema.safeParse(tree);
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => shapeProblems(issue, tree));
  const rest = copied(tree);
  /** By mended list: the original index of every entry that is left. */
  const indices = new Map<unknown, number[]>();

  const sourcePath = (path: TreePath): TreePath =>
    path.map((step, depth) =>
      typeof step === 'number' ? (indices.get(valueAt(rest, path.slice(0, depth)))?.[step] ?? step) : step,
    );

  for (let round = 0; round < MOST_ROUNDS; round++) {
    const attempt = draftSchema.safeParse(rest);
    if (attempt.success) return { problems, draft: attempt.data, sourcePath };
    mend(rest, attempt.error, indices);
  }
  return { problems, draft: draftSchema.parse({}), sourcePath };
}

function mend(tree: unknown, error: z.ZodError, indices: Map<unknown, number[]>): void {
  const problems = error.issues.flatMap((issue) => shapeProblems(issue, tree));
  const removals = new Map<string, TreePath>();
  for (const problem of problems) {
    const parent = valueAt(tree, problem.path.slice(0, -1));
    const last = problem.path.at(-1);
    if (problem.substitute !== undefined && isContainer(parent) && last !== undefined) {
      (parent as Record<string | number, unknown>)[last] = problem.substitute;
    } else {
      // A key that is missing cannot be taken out; the map that lacks it can.
      const path = problem.code === 'missing-key' ? problem.path.slice(0, -1) : problem.path;
      removals.set(JSON.stringify(path), path);
    }
  }
  // From the end to the beginning, so that no removal moves what another one names.
  for (const path of [...removals.values()].sort((a, b) => comparePaths(b, a))) remove(tree, path, indices);
}

/** Order of reading: outer before inner, list entries by index. */
function comparePaths(a: TreePath, b: TreePath): number {
  for (const [depth, step] of a.entries()) {
    const other = b[depth];
    if (other === undefined) return 1;
    if (step === other) continue;
    if (typeof step === 'number' && typeof other === 'number') return step - other;
    return String(step) < String(other) ? -1 : 1;
  }
  return a.length - b.length;
}

function remove(tree: unknown, path: TreePath, indices: Map<unknown, number[]>): void {
  const parent = valueAt(tree, path.slice(0, -1));
  const last = path.at(-1);
  if (Array.isArray(parent) && typeof last === 'number') {
    const kept = indices.get(parent) ?? parent.map((_, index) => index);
    kept.splice(last, 1);
    indices.set(parent, kept);
    parent.splice(last, 1);
  } else if (isContainer(parent) && last !== undefined) {
    delete (parent as Record<string, unknown>)[last];
  }
}
