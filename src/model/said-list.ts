/**
 * Lists about very many prefixes of which nearly all say the same: prefixes
 * stand beside what is said about them, which neighbours share, and an item is
 * made of the two whenever somebody looks. 100,000 items of five fields are
 * seven megabytes, and these are one.
 */
import type { Prefix } from './address.js';
import { arrayOf, Draft, type List, LongList } from './list.js';

export interface Named {
  readonly prefix: Prefix;
}

export class SaidList<S, T extends Named> extends LongList<T> {
  constructor(
    /** Of each item, in their order. */
    readonly prefixes: readonly Prefix[],
    /** In the places of the prefixes. */
    readonly said: List<S>,
    private readonly itemOf: (prefix: Prefix, said: S) => T,
  ) {
    super();
  }

  get length(): number {
    return this.prefixes.length;
  }

  at(place: number): T | undefined {
    const [prefix, said] = [this.prefixes[place], this.said.at(place)];
    return prefix === undefined || said === undefined ? undefined : this.itemOf(prefix, said);
  }

  toArray(): readonly T[] {
    return this.collect((prefix, said) => this.itemOf(prefix, said));
  }

  override every(holds: (item: T, place: number) => boolean): boolean {
    return arrayOf(this.said).every((_, place) => {
      const item = this.at(place);
      return item === undefined || holds(item, place);
    });
  }

  /** What is made of each item that `to` makes something of; no item is made for it. */
  collect<U>(to: (prefix: Prefix, said: S) => U | undefined): readonly U[] {
    const made: U[] = [];
    const said = arrayOf(this.said);
    // An iterator takes three times as long.
    for (let place = 0; place < said.length; place++) {
      const [prefix, words] = [this.prefixes[place], said[place]];
      const own = prefix === undefined || words === undefined ? undefined : to(prefix, words);
      if (own !== undefined) made.push(own);
    }
    return made;
  }

  /** The items in these places alone. */
  only(places: readonly number[]): SaidList<S, T> {
    const [prefixes, said]: readonly [Prefix[], S[]] = [[], []];
    for (const place of places) {
      const [prefix, own] = [this.prefixes[place], this.said.at(place)];
      if (prefix === undefined || own === undefined) continue;
      prefixes.push(prefix);
      said.push(own);
    }
    return new SaidList(prefixes, said, this.itemOf);
  }

  /** The same prefixes, and something else said in each place. */
  sayingAll(said: readonly S[]): SaidList<S, T> {
    return new SaidList(this.prefixes, said, this.itemOf);
  }

  /** The same prefixes, and something else said in these places. */
  saying(news: ReadonlyMap<number, S>): SaidList<S, T> {
    const said = new Draft(this.said);
    for (const [place, own] of news) said.set(place, own);
    return new SaidList(this.prefixes, said.done(), this.itemOf);
  }
}

export const isSaidList = (list: List<Named>): list is SaidList<unknown, Named> => list instanceof SaidList;

/** Both lists stand beside the very same prefixes. */
export const areAbout = (a: List<Named>, b: List<Named>): boolean =>
  isSaidList(a) && isSaidList(b) && a.prefixes === b.prefixes;

/** The prefix that stands in a place; no item is made for it. */
export const prefixIn = (list: List<Named>, place: number): Prefix | undefined =>
  isSaidList(list) ? list.prefixes[place] : list.at(place)?.prefix;

/** All of them, in their order. */
export const prefixesIn = (list: List<Named>): readonly Prefix[] =>
  isSaidList(list) ? list.prefixes : list.map(({ prefix }) => prefix);

/** What is said in each place; an item says it itself where there is no such list. */
export const saidIn = <T extends Named>(list: List<T>): readonly Omit<T, 'prefix'>[] =>
  isSaidList(list) ? (arrayOf(list.said) as readonly Omit<T, 'prefix'>[]) : arrayOf(list);

/** The same for single places. */
export const saidAt = <T extends Named>(list: List<T>): ((place: number) => Omit<T, 'prefix'> | undefined) => {
  // What a list of T says is what its items are made of.
  const said = (isSaidList(list) ? list.said : list) as List<Omit<T, 'prefix'>>;
  return (place) => said.at(place);
};

/** The items in these places alone. */
export const only = <T extends Named>(list: List<T>, places: readonly number[]): List<T> =>
  list instanceof SaidList
    ? (list as SaidList<unknown, T>).only(places)
    : places.flatMap((place) => list.at(place) ?? []);
