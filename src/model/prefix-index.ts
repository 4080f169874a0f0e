import {
  type Address,
  type Family,
  familyOf,
  hostPrefix,
  lengthOf,
  networkOf,
  type Prefix,
  prefixOf,
} from './address.js';

/**
 * Finds what holds a prefix or address among many: one look-up per length in
 * use instead of one comparison per entry. A hundred thousand prefixes stay quick.
 */
export class PrefixIndex<T> {
  readonly #entries = new Map<Prefix, T[]>();
  /** In use, longest first. */
  readonly #lengths: Record<Family, readonly number[]> = { 4: [], 6: [] };

  add(prefix: Prefix, entry: T): void {
    const entries = this.#entries.get(prefix);
    if (entries) entries.push(entry);
    else this.#entries.set(prefix, [entry]);
    const [family, length] = [familyOf(prefix), lengthOf(prefix)];
    const lengths = this.#lengths[family];
    if (!lengths.includes(length)) this.#lengths[family] = [...lengths, length].sort((a, b) => b - a);
  }

  /** The entries of every prefix that holds all of `inner`, its equals included: longest first. */
  holding(inner: Prefix | Address): readonly T[] {
    const range = inner.includes('/') ? (inner as Prefix) : hostPrefix(inner as Address);
    const [own, network] = [lengthOf(range), networkOf(range)];
    const found: T[] = [];
    for (const length of this.#lengths[familyOf(range)]) {
      if (length > own) continue;
      const entries = this.#entries.get(length === own ? range : prefixOf(network, length));
      if (entries) found.push(...entries);
    }
    return found;
  }
}
