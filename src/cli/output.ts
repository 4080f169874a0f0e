/** Where a command's words go. */
export interface Output {
  /** Results, one line each. */
  line(text: string): void;
  /** Problems and progress: never mixed into results. */
  note(text: string): void;
}

export type Format = 'text' | 'json';

/** Prints as JSON or, by `text`, for people. */
export function print<T>(out: Output, format: Format, value: T, text: (value: T) => readonly string[]): void {
  if (format === 'json') out.line(JSON.stringify(value, null, 2));
  else for (const line of text(value)) out.line(line);
}

/** Columns padded to their widest cell, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
