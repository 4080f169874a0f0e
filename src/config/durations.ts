/** Durations as people write them: a whole number and its unit, `200ms`, `1s`, `2m`, `24h`. */

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Also goes into the JSON Schema. */
export const DURATION_PATTERN = /^(0|[1-9]\d{0,8})(ms|s|m|h)$/;

/** Milliseconds; `undefined` when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined;
}

/** In the largest unit that divides it: 1500 → `1500ms`, 20000 → `20s`. */
export function formatDuration(ms: number): string {
  if (ms !== 0 && ms % UNITS.h === 0) return `${ms / UNITS.h}h`;
  if (ms !== 0 && ms % UNITS.m === 0) return `${ms / UNITS.m}m`;
  return ms % UNITS.s === 0 ? `${ms / UNITS.s}s` : `${ms}ms`;
}
