import { comparePrefix, familyOf, overlaps, type Family, type Prefix } from '../../model/address.js';

/**
 * The prefixes of one family in order, without those inside another: the same
 * addresses in the form that nft's interval sets accept.
 */
export function outermost(prefixes: readonly Prefix[], family: Family): readonly Prefix[] {
  const kept: Prefix[] = [];
  for (const prefix of prefixes.filter((candidate) => familyOf(candidate) === family).sort(comparePrefix)) {
    const last = kept.at(-1);
    // In this order a prefix comes after all that contain it, and right after the outermost of them.
    if (last === undefined || !overlaps(last, prefix)) kept.push(prefix);
  }
  return kept;
}
