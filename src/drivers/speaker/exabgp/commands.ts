/**
 * The lines that ExaBGP 4.2's API is given: these forms and no other. A
 * withdrawal carries a next hop of the prefix's own family, because without
 * one 4.2.21 sends an UPDATE that ends the session.
 */
import { type Address, type Family, familyOf, type Prefix } from '../../../model/address.js';

/** In one line: the daemon takes in 50 steps a turn, of which one ends the line. */
const MOST_PREFIXES = 49;

/** Answered in turn, as announcements are and `version` is not, and by nothing else: from its answer on the order is known. */
export const MARK_COMMAND = 'show neighbor summary';
export const MARK_ANSWER = /^Peer +AS +up\/down/;
/** Ends a line that an API process before may have left half-written, and makes it invalid whatever it was. */
export const SPOILER = ' !';
export const SHOW_CONFIGURATION = 'show neighbor configuration';
export const SHOW_SESSIONS = 'show neighbor extensive';
export const SHOW_ADJ_RIB_OUT = 'show adj-rib out extensive';
export const RELOAD = 'reload';

/** Sends everything again that the daemon holds for this neighbour. */
export const flush = (neighbor: Address): string => `neighbor ${neighbor} flush adj-rib out`;

/** One change of many prefixes at the same neighbours. */
export interface Change {
  readonly neighbors: readonly Address[];
  /** As `attributesText`. */
  readonly attributes: string;
  readonly prefixes: readonly Prefix[];
}

const selector = (neighbors: readonly Address[]): string => neighbors.map((one) => `neighbor ${one}`).join(' , ');

function* linesOf(verb: string, attributes: string, { neighbors, prefixes }: Change): Generator<string> {
  for (let from = 0; from < prefixes.length; from += MOST_PREFIXES) {
    const some = prefixes.slice(from, from + MOST_PREFIXES);
    yield `${selector(neighbors)} ${verb} attributes ${attributes} nlri ${some.join(' ')}`;
  }
}

/** All prefixes are of one family: ExaBGP takes it from the last. */
export const announceLines = (change: Change): readonly string[] => [...linesOf('announce', change.attributes, change)];

/** As `announceLines`; of the attributes only the next hop is named. */
export function withdrawLines(change: Change): readonly string[] {
  const hop = /^next-hop \S+/.exec(change.attributes)?.[0];
  const given = hop?.slice('next-hop '.length) ?? '';
  const family: Family = change.prefixes[0] === undefined ? 4 : familyOf(change.prefixes[0]);
  // What somebody else gave may have had any next hop; the wire carries none of it.
  const usable = given !== '' && given.includes(':') === (family === 6);
  const attributes = usable ? `next-hop ${given}` : `next-hop ${family === 4 ? '0.0.0.0' : '::'}`;
  return [...linesOf('withdraw', attributes, change)];
}

/** Puts single changes together: the same neighbours, the same attributes, the same family. */
export class Changes {
  readonly #grouped = new Map<string, Map<Prefix, Address[]>>();

  add(neighbor: Address, prefix: Prefix, attributes: string): void {
    const key = `${familyOf(prefix)} ${attributes}`;
    const group = this.#grouped.get(key) ?? new Map<Prefix, Address[]>();
    this.#grouped.set(key, group);
    const neighbors = group.get(prefix);
    if (neighbors) neighbors.push(neighbor);
    else group.set(prefix, [neighbor]);
  }

  *[Symbol.iterator](): Generator<Change> {
    for (const [key, group] of this.#grouped) {
      const together = new Map<string, Prefix[]>();
      for (const [prefix, neighbors] of group) {
        const whom = neighbors.join(' ');
        const some = together.get(whom);
        if (some) some.push(prefix);
        else together.set(whom, [prefix]);
      }
      for (const [whom, prefixes] of together) {
        yield { neighbors: whom.split(' ') as Address[], attributes: key.slice(2), prefixes };
      }
    }
  }
}
