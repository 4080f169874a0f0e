/** What shall be announced, and the list of what may be: the barrier, for a daemon that has none. */
import { comparePrefix, type Prefix } from '../../../model/address.js';
import { inOrder } from '../../../model/in-order.js';
import type { BarrierObserved, Path, PathAttributes } from '../../../model/path.js';
import { SpeakerError } from '../../../ports/speaker.js';
import type { AdjRibOut } from './adj-rib-out.js';
import { attributesText, towards } from './attributes.js';
import type { Neighbor } from './show.js';

export class LocalRib {
  /** Absent until somebody has given one. */
  #allowed: Set<Prefix> | undefined;
  readonly #table = new Map<Prefix, Path>();
  /** The text of attributes towards each pair of AS numbers. */
  readonly #texts = new WeakMap<PathAttributes, Map<string, string>>();
  /** Lines of the daemon's Adj-RIB-Out that are no routes of any kind that we announce. */
  strange: readonly string[] = [];

  get size(): number {
    return this.#table.size;
  }

  has(prefix: Prefix): boolean {
    return this.#table.has(prefix);
  }

  get(prefix: Prefix): Path | undefined {
    return this.#table.get(prefix);
  }

  prefixes(): Iterable<Prefix> {
    return this.#table.keys();
  }

  /** In the order of `comparePrefix`. */
  paths(): readonly Path[] {
    return [...this.#table.values()].sort((a, b) => comparePrefix(a.prefix, b.prefix));
  }

  /** Those of somebody else. */
  others(ours: (path: Path) => boolean): readonly Path[] {
    return [...this.#table.values()].filter((path) => !ours(path));
  }

  /** Takes a path over as it stands, allowed or not. */
  set(path: Path): void {
    this.#table.set(path.prefix, path);
  }

  /** Throws SpeakerError `barrier-not-held`, and takes none, unless the list has them all. */
  announce(paths: readonly Path[]): void {
    const outside = paths.find(({ prefix }) => !this.isAllowed(prefix));
    if (outside) throw new SpeakerError('barrier-not-held', `${outside.prefix} is not allowed`);
    for (const path of paths) this.set(path);
  }

  delete(prefix: Prefix): void {
    this.#table.delete(prefix);
  }

  isAllowed(prefix: Prefix): boolean {
    return this.#allowed?.has(prefix) ?? false;
  }

  /** There is a list, and this is not on it. */
  isForbidden(prefix: Prefix): boolean {
    return this.#allowed !== undefined && !this.#allowed.has(prefix);
  }

  allowOnly(prefixes: readonly Prefix[]): void {
    this.#allowed = new Set(prefixes);
    for (const prefix of this.#table.keys()) if (!this.isAllowed(prefix)) this.#table.delete(prefix);
  }

  allow(prefixes: readonly Prefix[]): void {
    const allowed = this.requireBarrier();
    for (const prefix of prefixes) allowed.add(prefix);
  }

  disallow(prefixes: readonly Prefix[]): void {
    for (const prefix of prefixes) this.#allowed?.delete(prefix);
  }

  /** Throws SpeakerError `barrier-not-held` without a list. */
  requireBarrier(): Set<Prefix> {
    if (!this.#allowed) throw new SpeakerError('barrier-not-held', 'there is no allow-list yet');
    return this.#allowed;
  }

  /** What a neighbour shall hold of this prefix, as `attributesText`. Without a list what stands is left. */
  textFor(prefix: Prefix, { localAsn, peer: { asn } }: Neighbor): string | undefined {
    const path = this.#table.get(prefix);
    if (!path || this.isForbidden(prefix)) return undefined;
    const { attributes } = path;
    const texts = this.#texts.get(attributes) ?? new Map<string, string>();
    this.#texts.set(attributes, texts);
    const ends = `${localAsn} ${asn}`;
    const text = texts.get(ends) ?? attributesText(towards(attributes, { localAsn, asn }));
    texts.set(ends, text);
    return text;
  }

  /** Held when there is a list, and no neighbour holds anything outside of it. */
  barrier(ribs: readonly AdjRibOut[]): BarrierObserved {
    if (!this.#allowed) return { state: 'absent' };
    const [odd] = this.strange;
    if (odd !== undefined) return { state: 'wrong', detail: `exabgp holds ${JSON.stringify(odd.slice(0, 200))}` };
    for (const rib of ribs) {
      for (const prefix of rib.astray) {
        if (rib.given.has(prefix) && this.isForbidden(prefix)) {
          return { state: 'wrong', detail: `${prefix} stands at ${rib.neighbor.peer.address} and is not allowed` };
        }
      }
    }
    return { state: 'held', allow: inOrder([...this.#allowed], (prefix) => prefix) };
  }
}
