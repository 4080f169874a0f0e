/** How values and paths of a fleet file are shown to people. */

/** Where something stands in the tree: keys, and indices of lists. */
export type TreePath = readonly (string | number)[];

/** `customers.acme.prefixes[0].prefix`. */
export const dotted = (path: TreePath): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');

const LONGEST = 60;

/** A value in a message: scalars as written, everything else by kind. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = typeof value === 'string' ? JSON.stringify(value) : `${value as number | boolean | bigint}`;
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

/** `a`, `a or b`, `a, b or c`. */
export const alternatives = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;

/** Levenshtein distance: insertions, deletions and substitutions, one each. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Longer than any key or name of a fleet; beyond it a suggestion is not worth the quadratic search. */
const LONGEST_TYPO = 64;

/** The candidate that `text` was probably meant to be: at most a third of its letters differ. Case is ignored. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  if (text.length > LONGEST_TYPO) return undefined;
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(text.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(1, Math.ceil(text.length / 3)) ? best.candidate : undefined;
}
