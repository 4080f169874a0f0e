/** The wire state's list as an agent holds it, which hears of every change in it and seldom looks at it. */
import type { Prefix } from '../model/address.js';
import { placeFrom } from '../model/changes.js';
import { placeFor } from '../model/in-order.js';
import type { WirePrefix, WireState } from '../model/lease.js';
import { arrayOf, Draft, type List } from '../model/list.js';
import type { Run } from './runs.js';

interface Named {
  readonly prefix: Prefix;
}

/** What is said about a prefix: of very many nearly always the same, in one object. */
type Said = Omit<WirePrefix, 'prefix'>;

export class WireList {
  private constructor(
    private readonly prefixes: readonly Prefix[],
    /** In their places. */
    private readonly said: List<Said>,
  ) {}

  /** A prefix that `known` names is the same text as there, where both are in the order of `comparePrefix`. */
  static of(runs: readonly Run<WirePrefix>[], known: List<Named> = []): WireList {
    const textOf = textsOf(known);
    const list: { readonly prefixes: Prefix[]; readonly said: Said[] } = { prefixes: [], said: [] };
    for (const { prefixes, ...own } of runs) {
      for (const prefix of prefixes) {
        list.prefixes.push(textOf(prefix));
        list.said.push(own);
      }
    }
    return new WireList(list.prefixes, list.said);
  }

  /** With news, in the order of the list; `undefined` when they tell of a prefix that it does not have. */
  with(news: readonly Run<WirePrefix>[]): WireList | undefined {
    const said = new Draft(this.said);
    let from = 0;
    for (const { prefixes, ...own } of news) {
      for (const prefix of prefixes) {
        const place = placeFrom(from, prefix, this.prefixes.length, (at) => this.prefixes[at]);
        if (place === undefined) return undefined;
        said.set(place, own);
        from = place + 1;
      }
    }
    return new WireList(this.prefixes, said.done());
  }

  /** The wire state with this list. Its items are made whenever somebody looks. */
  in(rest: Omit<WireState, 'prefixes'>): WireState {
    const items = (): readonly WirePrefix[] =>
      arrayOf(this.said).map((own, place) => ({ prefix: this.prefixes[place] ?? NONE, ...own }));
    return {
      ...rest,
      get prefixes() {
        return items();
      },
    };
  }
}

const NONE = '' as Prefix;

/** For prefixes in order: each stands right behind the one before it, or is looked for. */
function textsOf(known: List<Named>): (prefix: Prefix) => Prefix {
  let next = 0;
  return (prefix) => {
    if (known.at(next)?.prefix !== prefix) next = placeFor(prefix, known.length, (place) => known.at(place)?.prefix);
    const text = known.at(next)?.prefix;
    if (text !== prefix) return prefix;
    next++;
    return text;
  };
}
