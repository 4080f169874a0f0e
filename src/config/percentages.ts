/** Shares as people write them: `25%`, `0.1%`. */

/** Three digits after the point: a loss of 0.1 % is an everyday number here. Also goes into the JSON Schema. */
export const PERCENTAGE_PATTERN = /^(0|[1-9]\d{0,2})(\.\d{1,3})?%$/;

/** In percent; `undefined` when the text is not a percentage. */
export const parsePercentage = (text: string): number | undefined =>
  PERCENTAGE_PATTERN.test(text) ? Number(text.slice(0, -1)) : undefined;
