import { familyOf, lengthOf, type Prefix } from '../../model/address.js';
import { attractedOf, networksOf, ownedText } from '../addresses.js';
import type { Judge, Rule } from '../judge.js';
import { PrefixIndex } from '../../model/prefix-index.js';
import type { OwnedPrefix } from '../addresses.js';

/** Longer ones do not travel the Internet; shorter ones nobody holds (the largest blocks given out are /8 and /16). */
const LENGTHS = { 4: { shortest: 8, longest: 24 }, 6: { shortest: 16, longest: 48 } } as const;

/** Default routes are too short like any other, with `allowReserved` too. */
export const isTooShort = (prefix: Prefix): boolean => lengthOf(prefix) < LENGTHS[familyOf(prefix)].shortest;

export const prefixLengthRule: Rule = (draft, judge) => {
  for (const { prefix, path } of [...attractedOf(draft), ...networksOf(draft)]) {
    const { shortest, longest } = LENGTHS[familyOf(prefix)];
    const length = lengthOf(prefix);
    const remedy = `write a prefix from /${shortest} to /${longest}`;
    if (length > longest) {
      const message = `${prefix} is longer than /${longest}: other networks would not accept it`;
      judge.refuse({ code: 'prefix-too-long', path, message, remedy });
    } else if (length < shortest) {
      const message = length === 0 ? `${prefix} is the default route` : `${prefix} is shorter than /${shortest}`;
      judge.refuse({ code: 'prefix-too-short', path, message, remedy });
    }
  }
};

function report(judge: Judge, outer: OwnedPrefix, inner: OwnedPrefix): void {
  const place = judge.placeOf(outer.path);
  const { path } = inner;
  if (outer.customer === inner.customer) {
    const message = `${ownedText(inner)} is written already at ${place}`;
    judge.refuse({ code: 'repeated-prefix', path, message, remedy: 'keep one of the two' });
    return;
  }
  const message = `${ownedText(inner)} overlaps ${ownedText(outer)} at ${place}`;
  judge.refuse({ code: 'overlap', path, message, remedy: 'give every address one owner' });
}

/**
 * Prefixes of different owners must not meet. One owner may announce a part of
 * a prefix besides the whole, but nothing twice.
 */
export const overlapRule: Rule = (draft, judge) => {
  const index = new PrefixIndex<OwnedPrefix & { readonly order: number }>();
  const all = attractedOf(draft)
    .filter(({ prefix }) => !isTooShort(prefix))
    .map((owned, order) => ({ ...owned, order }));
  for (const owned of all) index.add(owned.prefix, owned);
  for (const inner of all) {
    // Of two equal prefixes the later is reported; of two nested ones the inner, at its longest foreign holder.
    const outer = index
      .holding(inner.prefix)
      .find((other) => (other.prefix === inner.prefix ? other.order < inner.order : other.customer !== inner.customer));
    if (outer) report(judge, outer, inner);
  }
};
