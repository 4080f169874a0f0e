/** What samples say, and one table of them. Times in milliseconds; what never happened is Infinity. */
export const quantile = (samples: readonly number[], share: number): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
};

export function time(ms: number): string {
  if (Number.isNaN(ms)) return '–';
  if (ms === Infinity) return 'never';
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}

export interface Row {
  readonly what: string;
  readonly side: string;
  readonly samples: readonly number[];
  /** Culvert's samples, for the row of another side. */
  readonly culvert?: readonly number[];
}

function over(a: number, b: number): string {
  return Number.isFinite(a / b) && b !== Infinity ? (a / b).toFixed(2) : '–';
}

export function cells({ what, side, samples, culvert }: Row): readonly string[] {
  const ratio = (share: number): string =>
    culvert === undefined ? '' : over(quantile(culvert, share), quantile(samples, share));
  const figures = [quantile(samples, 0.5), quantile(samples, 0.99), Math.max(...samples)].map(time);
  return [what, side, String(samples.length), ...figures, ratio(0.5), ratio(0.99)];
}

export const HEADINGS = ['what', 'side', 'n', 'median', 'p99', 'worst', 'Culvert / side, median', 'p99'];

export const line = (words: readonly string[]): string => `| ${words.join(' | ')} |`;

export const head = (headings: readonly string[]): string => `${line(headings)}\n|${'---|'.repeat(headings.length)}`;
