/** Structural equality of plain data; an absent field equals an undefined one, arrays compare in order. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  const fields = new Set([...Object.keys(x), ...Object.keys(y)]);
  return [...fields].every((field) => same(x[field], y[field]));
}
