/** Structural equality of plain data; an absent field equals an undefined one, arrays compare in order. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, n) => same(item, b[n]));
  }
  const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  for (const field in x) if (!same(x[field], y[field])) return false;
  for (const field in y) if (x[field] === undefined && y[field] !== undefined) return false;
  return true;
}
