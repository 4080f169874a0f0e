/** What operators want for single prefixes at this server, and what of it may come true. */
import type { Prefix } from '../model/address.js';
import type { CustomerPrefix, ServerView } from '../model/fleet.js';
import type { Intent, IntentRequest } from '../model/intent.js';
import { type Level, weaker } from '../model/level.js';
import type { Reason } from '../model/reason.js';

/** `unreadable`: there is a record, and nobody can tell what it says. */
export type Intents = ReadonlyMap<Prefix, Intent> | 'unreadable';

export interface Wish {
  /** The highest level that operators and fleet permit. */
  readonly cap: Level;
  readonly reason?: Reason;
}

const FREE: Wish = { cap: 'full' };

const said = ({ author, at, reason, until }: Intent): string =>
  `${author} at ${at}: ${reason}${until === undefined ? '' : `, until ${until}`}`;

/**
 * A withdrawal wins over everything. An announcement lifts `advertise: false`
 * only where the fleet says `onDemand`, and raises nothing that facts keep low.
 */
export function wishFor(
  { prefix, advertise, onDemand }: CustomerPrefix,
  intents: Intents,
  standing: Level | undefined,
): Wish {
  const intent = intents === 'unreadable' ? undefined : intents.get(prefix);
  if (intent?.want === 'withdraw') {
    return { cap: 'withdrawn', reason: { code: 'operator-withdraw', detail: said(intent) } };
  }
  if (!advertise && onDemand !== true) return { cap: 'withdrawn', reason: { code: 'not-advertised' } };
  // Whoever cannot read that a prefix was taken out must not bring it back.
  if (intents === 'unreadable') return { cap: standing ?? 'withdrawn', reason: { code: 'intents-unknown' } };
  if (advertise) return FREE;
  return intent === undefined
    ? { cap: 'withdrawn', reason: { code: 'on-demand' } }
    : { cap: 'full', reason: { code: 'operator-advertise', detail: said(intent) } };
}

/** A level and its reasons under a wish; whoever lowers it comes first. */
export function underWish(
  { cap, reason }: Wish,
  level: Level,
  reasons: readonly Reason[],
): { readonly level: Level; readonly reasons: readonly Reason[] } {
  const lowered = weaker(level, cap);
  if (reason === undefined) return { level, reasons };
  if (cap === 'withdrawn') return { level: 'withdrawn', reasons: [reason] };
  return lowered === level
    ? { level, reasons: [...reasons, reason] }
    : { level: lowered, reasons: [reason, ...reasons.filter(({ code }) => code !== 'healthy')] };
}

/** Why an operator's word cannot come true here, with the remedy; `undefined` when it can. */
export function intentRefusal({ fleet }: ServerView, { prefix, want }: IntentRequest): string | undefined {
  const entries = fleet.customers.flatMap(({ prefixes }) => prefixes);
  const entry = entries.find((candidate) => candidate.prefix === prefix);
  if (!entry) {
    const names = entries.map((candidate) => candidate.prefix);
    return `${prefix} is no customer's prefix in fleet ${fleet.generation}; it names ${names.slice(0, 5).join(', ') || 'none'}`;
  }
  if (want === 'withdraw' || entry.advertise || entry.onDemand === true) return undefined;
  return `the fleet says advertise: false for ${prefix}; write onDemand: true beside it to permit this`;
}
