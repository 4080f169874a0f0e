/** What the guard's view of the wire means for the agent. */
import type { Prefix } from '../model/address.js';
import type { Fleet, ServerView } from '../model/fleet.js';
import type { WireState } from '../model/lease.js';
import type { Level } from '../model/level.js';
import { once } from '../model/once.js';

/**
 * The levels that stand, as the guard tells a new epoch: what an agent asked
 * for last, because drain and lease may lower it meanwhile, or else what the
 * speaker holds. Where an agent has been gone for so long that the guard acted
 * on it, its last wish is no knowledge any more, nor where the guard has found
 * a fault itself. Prefixes on which the guard knows nothing keep what we knew
 * `before`.
 */
export function standingOn(wire: WireState, before: ReadonlyMap<Prefix, Level>): ReadonlyMap<Prefix, Level> {
  const standing = new Map(before);
  for (const { prefix, asked, held, reasons } of wire.prefixes) {
    const outdated = wire.agent === 'gone' || reasons.some(({ code }) => code === 'essential-fault');
    const level = outdated && held !== 'unknown' ? held : (asked ?? held);
    if (level !== 'unknown') standing.set(prefix, level);
  }
  return standing;
}

/** Something may be announced that nobody has read yet: to offer a set now could withdraw it out of ignorance. */
export const isUnread = ({ speaker, prefixes }: WireState): boolean =>
  speaker !== 'ready' && prefixes.some(({ asked, held }) => asked === undefined && held === 'unknown');

/**
 * Tear-down waits until the guard follows the same fleet and has its speaker in
 * hand, for one that is left as it was found may announce what nobody names;
 * and until everything that this fleet no longer names is confirmed off the wire.
 */
export function mayPrune({ fleet }: ServerView, wire: WireState | undefined): boolean {
  if (wire?.generation !== fleet.generation || wire.speaker !== 'ready') return false;
  return nothingUnnamedStands(wire, fleet);
}

const nothingUnnamedStands = once(({ prefixes }: WireState, { provider, customers }: Fleet): boolean => {
  const named = new Set([
    ...provider.covering,
    ...customers.flatMap((customer) => customer.prefixes.map(({ prefix }) => prefix)),
  ]);
  return prefixes.every(({ prefix, settled }) => named.has(prefix) || settled);
});
