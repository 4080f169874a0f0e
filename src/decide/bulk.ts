/**
 * A new fleet that drops much of what is announced is more often a mistake (an
 * emptied file, a selector that matched nothing) than a wish. It is refused
 * unless somebody names the share that it may drop.
 */
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { BulkAllowance } from '../model/lease.js';
import type { Announcement } from '../model/path.js';
import type { ReasonCode } from '../model/reason.js';
import { gateOf, originsIn } from './gate.js';
import type { List } from '../model/list.js';

export interface BulkChange {
  /** What is announced now. */
  readonly announced: readonly Prefix[];
  /** Those of them that would go although nothing is wrong with them. */
  readonly dropped: readonly Prefix[];
}

/** What following `next` would take off the wire. */
export function dropsOf(announced: readonly Prefix[], next: ServerView): BulkChange {
  const originOf = originsIn(gateOf(next));
  return { announced, dropped: announced.filter((prefix) => !originOf(prefix)) };
}

/** Withdrawn by the fleet, not by a fault or an operator. */
const BY_FLEET: readonly ReasonCode[] = ['not-advertised', 'on-demand', 'left-fleet'];

/** Withdrawn without a fault or an operator as the reason. */
export const isDropped = ({ level, reasons }: Pick<Announcement, 'level' | 'reasons'>): boolean =>
  level === 'withdrawn' && reasons.every(({ code }) => BY_FLEET.includes(code));

/** What accepting a set would take off the wire without a fault or an operator as the reason. */
export function dropsOfSet(announced: readonly Prefix[], set: List<Announcement>): BulkChange {
  const named = new Map(set.map((announcement) => [announcement.prefix, announcement]));
  const dropped = announced.filter((prefix) => {
    const asked = named.get(prefix);
    return !asked || isDropped(asked);
  });
  return { announced, dropped };
}

const percent = (share: number): string => `${Math.ceil(share * 100)}%`;

/**
 * Why the change is refused, in one line with the remedy, which is given the
 * share that it takes. `ownerOf` tells whose a prefix is: one customer may
 * always leave, and what nobody owns counts by itself.
 */
export function bulkRefusal(
  { announced, dropped }: BulkChange,
  ownerOf: (prefix: Prefix) => string | undefined,
  maxShare: number,
  allowance?: BulkAllowance,
  remedy: (share: string) => string = (named) => `culvert reload --allow-withdraw ${named}`,
): string | undefined {
  const share = announced.length === 0 ? 0 : dropped.length / announced.length;
  const owners = new Set(dropped.map((prefix) => ownerOf(prefix) ?? prefix));
  if (owners.size < 2 || share <= Math.max(maxShare, allowance?.share ?? 0)) return undefined;
  return (
    `it drops ${dropped.length} of ${announced.length} announced prefixes, ${dropped[0] ?? ''} first, and ${percent(maxShare)} is permitted; ` +
    `if that is meant: ${remedy(percent(share))}`
  );
}

/** Customers by their prefixes. Looked through when somebody asks, which is seldom. */
export function ownersOf({ fleet }: ServerView): (prefix: Prefix) => string | undefined {
  let owners: ReadonlyMap<Prefix, string> | undefined;
  return (prefix) => {
    owners ??= new Map(fleet.customers.flatMap(({ name, prefixes }) => prefixes.map((own) => [own.prefix, name])));
    return owners.get(prefix);
  };
}
