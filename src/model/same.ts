import { isList, isPairwise } from './list.js';

/** Structural equality of plain data; an absent field equals an undefined one, lists compare in order. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isList(a) || isList(b)) return isList(a) && isList(b) && isPairwise(a, b, same);
  const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  for (const field in x) if (!same(x[field], y[field])) return false;
  for (const field in y) if (x[field] === undefined && y[field] !== undefined) return false;
  return true;
}
