/** From zod's issues to ours: what is wrong is read from the value, what to write comes from the schema. */
import type { z } from 'zod';
import type { IssueCode } from './issue.js';
import { knownKeys } from './json-schema.js';
import type { Target } from './place.js';
import type { CustomParams } from './values.js';
import { alternatives, dotted, nearest, shown, type TreePath } from './wording.js';

/** A problem of one value, not yet placed in a file. */
export interface ShapeProblem {
  readonly code: IssueCode;
  readonly path: TreePath;
  readonly target: Target;
  readonly message: string;
  readonly remedy: string;
  /** Another value with which the remaining checks can go on. */
  readonly substitute?: unknown;
}

/** The value at a path; `undefined` when there is none. */
export const valueAt = (tree: unknown, path: TreePath): unknown =>
  path.reduce<unknown>((value, step) => {
    const here = value as Record<string | number, unknown> | null | undefined;
    return typeof here === 'object' && here !== null && Object.hasOwn(here, step) ? here[step] : undefined;
  }, tree);

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

const pathOf = (issue: z.core.$ZodIssue): TreePath =>
  issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));

function unknownKey(parent: TreePath, written: unknown, key: string): ShapeProblem {
  const known = knownKeys(parent, written);
  const meant = nearest(key, known);
  const where = parent.length === 0 ? 'of the fleet' : `of ${dotted(parent)}`;
  return {
    code: 'unknown-key',
    path: [...parent, key],
    target: 'key',
    message: `${JSON.stringify(key)} is not a key ${where}`,
    remedy: meant ? `did you mean ${meant}?` : `write ${alternatives(known)}`,
  };
}

function wrongType(issue: z.core.$ZodIssueInvalidType, path: TreePath, value: unknown): ShapeProblem {
  if (value === undefined) {
    return { code: 'missing-key', path, target: 'key', message: `${dotted(path)} is missing`, remedy: issue.message };
  }
  const what = `${dotted(path)} is ${shown(value)}, not ${EXPECTED[issue.expected] ?? issue.expected}`;
  return { code: 'wrong-type', path, target: 'value', message: what, remedy: issue.message };
}

/** Codes that say of a whole value that it is of another kind. */
const MISFITS: readonly z.core.$ZodIssue['code'][] = ['invalid_type', 'invalid_value', 'invalid_union'];

/** Of a union's branches the one that was meant: the value is of its kind and fails further inside. */
const meantBranch = (branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined =>
  branches.find((issues) => !issues.some((issue) => issue.path.length === 0 && MISFITS.includes(issue.code)));

/** One zod issue can be several of ours: each unknown key has a place of its own. */
export function shapeProblems(issue: z.core.$ZodIssue, tree: unknown, base: TreePath = []): readonly ShapeProblem[] {
  const path = [...base, ...pathOf(issue)];
  const value = valueAt(tree, path);
  const at = { path, target: 'value' as const, remedy: issue.message };
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, value, key));
    case 'invalid_type':
      return [wrongType(issue, path, value)];
    case 'too_small':
    case 'too_big':
      if (Array.isArray(value)) return [{ ...at, code: 'empty', message: `${dotted(path)} is an empty list` }];
      return [{ ...at, code: 'out-of-range', message: `${dotted(path)} ${shown(value)} is out of range` }];
    case 'custom': {
      const params = issue.params as CustomParams | undefined;
      const message = `${dotted(path)}: ${params?.what ?? shown(value)}`;
      return [{ ...at, code: params?.code ?? 'wrong-value', message, substitute: params?.substitute }];
    }
    case 'invalid_union': {
      if (value === undefined)
        return [{ ...at, code: 'missing-key', target: 'key', message: `${dotted(path)} is missing` }];
      const branch = meantBranch(issue.errors);
      if (branch) return branch.flatMap((inner) => shapeProblems(inner, tree, path));
      return [{ ...at, code: 'wrong-value', message: `${dotted(path)} is ${shown(value)}` }];
    }
    case 'invalid_value':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
      if (value === undefined)
        return [{ ...at, code: 'missing-key', target: 'key', message: `${dotted(path)} is missing` }];
      return [{ ...at, code: 'wrong-value', message: `${dotted(path)} is ${shown(value)}` }];
  }
}
