import { familyOf, hostPrefix, lengthOf, networkOf, prefixOf, type Address, type Prefix } from './address.js';

/**
 * Finds what holds a prefix or address among many: one look-up per length in
 * use instead of one comparison per entry. Ten thousand prefixes stay quick.
 */
export class PrefixIndex<T> {
  readonly #entries = new Map<Prefix, T[]>();
  readonly #lengths = { 4: new Set<number>(), 6: new Set<number>() };

  add(prefix: Prefix, entry: T): void {
    const entries = this.#entries.get(prefix);
    if (entries) entries.push(entry);
    else this.#entries.set(prefix, [entry]);
    this.#lengths[familyOf(prefix)].add(lengthOf(prefix));
  }

  /** The entries of every prefix that holds all of `inner`, its equals included: longest first. */
  holding(inner: Prefix | Address): readonly T[] {
    const range = inner.includes('/') ? (inner as Prefix) : hostPrefix(inner as Address);
    const found: T[] = [];
    const network = networkOf(range);
    for (let length = lengthOf(range); length >= 0; length--) {
      if (!this.#lengths[familyOf(range)].has(length)) continue;
      const outer = length === lengthOf(range) ? range : prefixOf(network, length);
      found.push(...(this.#entries.get(outer) ?? []));
    }
    return found;
  }
}
