import type { Issue, IssueCode } from './issue.js';
import type { Merged } from './merge.js';
import { formatPlace, type Target } from './place.js';
import type { Salvaged } from './salvage.js';
import type { Draft } from './schema.js';
import { valueAt } from './shape-issues.js';
import type { TreePath } from './wording.js';

/** One finding of a rule. */
export interface Finding {
  readonly code: IssueCode;
  readonly path: TreePath;
  /** `value` unless the name in front of the colon is meant. */
  readonly target?: Target;
  readonly message: string;
  readonly remedy: string;
}

/** What a rule may ask and tell. Paths are the draft's. */
export interface Judge {
  /** The fleet is refused. */
  refuse(finding: Finding): void;
  /** The fleet is accepted, and the operator told. */
  warn(finding: Finding): void;
  /** `fleet.yaml:12`, for messages that name a second place. */
  placeOf(path: TreePath, target?: Target): string;
  /** False when something at or below the path is wrong in itself: what the draft lacks there may be written after all. */
  isIntact(path: TreePath): boolean;
  /** False for what comes from a default. */
  isWritten(path: TreePath): boolean;
}

/** How things fit together, one subject each. Silent about what the draft lacks because it is wrong in itself. */
export type Rule = (draft: Draft, judge: Judge) => void;

/** Runs all rules over a draft; returns what they found, with places. */
export function judgeDraft(
  rules: readonly Rule[],
  salvaged: Salvaged,
  merged: Merged,
): { readonly issues: readonly Issue[]; readonly warnings: readonly Issue[] } {
  const broken = new Set(
    [...merged.broken, ...salvaged.problems.map((problem) => problem.path)].flatMap((path) =>
      path.map((_, depth) => JSON.stringify(path.slice(0, depth + 1))),
    ),
  );
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const placed = ({ code, path, target, message, remedy }: Finding): Issue => ({
    code,
    ...merged.placeOf(salvaged.sourcePath(path), target),
    message,
    remedy,
  });
  const judge: Judge = {
    refuse: (finding) => void issues.push(placed(finding)),
    warn: (finding) => void warnings.push(placed(finding)),
    placeOf: (path, target) => formatPlace(merged.placeOf(salvaged.sourcePath(path), target)),
    isIntact: (path) => !broken.has(JSON.stringify(salvaged.sourcePath(path))),
    isWritten: (path) => valueAt(merged.tree, salvaged.sourcePath(path)) !== undefined,
  };
  for (const rule of rules) rule(salvaged.draft, judge);
  return { issues, warnings };
}
