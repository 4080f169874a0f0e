/** How strongly a server announces a prefix. */
export const LEVELS = ['withdrawn', 'degraded', 'full'] as const;
export type Level = (typeof LEVELS)[number];

/** The weaker of two levels: reasons add up, the weakest wins. */
export const weaker = (a: Level, b: Level): Level => (LEVELS.indexOf(a) <= LEVELS.indexOf(b) ? a : b);
