/** The wire state's list as the agent holds it: a text or a list that stands in it very often is there once. */
import type { Prefix } from '../model/address.js';
import { placeFor } from '../model/in-order.js';
import type { WirePrefix } from '../model/lease.js';
import type { Run } from './runs.js';

interface Named {
  readonly prefix: Prefix;
}

/**
 * What runs were made of, in objects that have no room for more than they have.
 * A prefix that `known` names is the same text as there. Quickest where both
 * are in the order of `comparePrefix`; out of it a text may stay a second one.
 */
export function wirePrefixesIn(runs: readonly Run<WirePrefix>[], known: readonly Named[]): readonly WirePrefix[] {
  const textOf = textsOf(known);
  return runs.flatMap(({ prefixes, asked, level, reasons, held, settled }) =>
    prefixes.map((own): WirePrefix => {
      const prefix = textOf(own);
      return asked === undefined
        ? { prefix, level, reasons, held, settled }
        : { prefix, asked, level, reasons, held, settled };
    }),
  );
}

/** For prefixes in order: each stands right behind the one before it, or is looked for. */
function textsOf(known: readonly Named[]): (prefix: Prefix) => Prefix {
  let next = 0;
  return (prefix) => {
    if (known[next]?.prefix !== prefix) next = placeFor(prefix, known.length, (place) => known[place]?.prefix);
    const text = known[next]?.prefix;
    if (text !== prefix) return prefix;
    next++;
    return text;
  };
}
