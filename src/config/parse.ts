import type { Fleet } from '../model/fleet.js';
import { buildFleet } from './build.js';
import { readDocument, type FleetFile } from './document.js';
import { compareIssues, type Issue } from './issue.js';
import { judgeDraft } from './judge.js';
import { mergeFiles } from './merge.js';
import { RULES } from './rules/all.js';
import { salvage } from './salvage.js';

export type FleetParsed =
  | { readonly ok: true; readonly fleet: Fleet; readonly warnings: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const NOTHING: Issue = {
  code: 'no-file',
  path: 'fleet',
  line: 1,
  column: 1,
  message: 'there is no fleet file to read',
  remedy: 'write a file that ends in .yaml',
};

/**
 * Reads a fleet from one file or from the files of a folder, whose `sites` and
 * `customers` are put together.
 *
 * Every problem is reported at once, in the order of files and lines. Only
 * text that is no YAML at all hides what else is wrong. Never throws.
 * `generation` goes into the fleet as it is.
 */
export function parseFleet(files: readonly FleetFile[], generation: string): FleetParsed {
  if (files.length === 0) return { ok: false, issues: [NOTHING] };
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const read = sorted.map(readDocument);
  const unreadable = read.flatMap(({ issues }) => issues);
  if (unreadable.length > 0) return { ok: false, issues: unreadable.sort(compareIssues) };

  const { merged, issues: mergeIssues } = mergeFiles(read.map(({ source }) => source));
  const salvaged = salvage(merged.tree);
  const shapeIssues = salvaged.problems.map(({ code, path, target, message, remedy }): Issue => {
    return { code, ...merged.placeOf(path, target), message, remedy };
  });
  const { issues: ruleIssues, warnings } = judgeDraft(RULES, salvaged, merged);

  const issues = [...mergeIssues, ...shapeIssues, ...ruleIssues].sort(compareIssues);
  const { provider, ...rest } = salvaged.draft;
  if (issues.length > 0 || !provider) return { ok: false, issues };
  return {
    ok: true,
    fleet: buildFleet({ ...rest, provider }, generation),
    warnings: [...warnings].sort(compareIssues),
  };
}
