/** What an agent asked for and may not have, in one line. */
import type { PrefixDecision } from '../decide/wire.js';
import type { List } from '../model/list.js';

/** Longer lists are cut: the wire state has every prefix. */
const NAMED = 3;

const told = ({ prefix, reasons }: PrefixDecision): string =>
  `${prefix} (${reasons.find(({ code }) => code === 'not-allowed')?.detail ?? 'no detail'})`;

export function refusalsIn(decisions: List<PrefixDecision>): string | undefined {
  const refused = decisions.filter(
    ({ level, reasons }) => level === 'withdrawn' && reasons.some(({ code }) => code === 'not-allowed'),
  );
  if (refused.length === 0) return undefined;
  const more = refused.length > NAMED ? ` and ${refused.length - NAMED} more` : '';
  return `the agent asked for what is not allowed: ${refused.slice(0, NAMED).map(told).join(', ')}${more}`;
}
