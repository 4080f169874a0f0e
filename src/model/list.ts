/**
 * Lists of very many items of which few change at a time. To change one item
 * of an array, all of it is copied, and copies of a megabyte are what keeps a
 * garbage collector busy. A list in chunks copies one chunk and the table of
 * chunks. What fits into one chunk is an array, and every array is a list.
 */

/** What arrays and lists in chunks have in common; there are no others. None of them ever changes. */
export interface List<T> extends Iterable<T> {
  readonly length: number;
  at(place: number): T | undefined;
  map<U>(to: (item: T, place: number) => U): U[];
  flatMap<U>(to: (item: T, place: number) => U | readonly U[]): U[];
  filter(keep: (item: T) => boolean): T[];
  every(holds: (item: T, place: number) => boolean): boolean;
  some(holds: (item: T) => boolean): boolean;
  find(is: (item: T) => boolean): T | undefined;
}

/** Items in one chunk; up to twice as many when some are inserted. */
const CHUNK = 512;

/** Items in chunks, and the place at which each chunk starts. */
interface Chunks<T> {
  readonly chunks: readonly (readonly T[])[];
  readonly starts: readonly number[];
}

/** The chunk that a place lies in, found by halving; the last one for places behind the end. */
function chunkOf(starts: readonly number[], place: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

function itemAt<T>({ chunks, starts }: Chunks<T>, place: number): T | undefined {
  const chunk = chunkOf(starts, place);
  return chunks[chunk]?.[place - (starts[chunk] ?? 0)];
}

/** What all lists but arrays can do. */
export abstract class LongList<T> implements List<T> {
  abstract readonly length: number;
  abstract at(place: number): T | undefined;
  /** For a walk over all of it. */
  abstract toArray(): readonly T[];

  map<U>(to: (item: T, place: number) => U): U[] {
    return this.toArray().map(to);
  }

  flatMap<U>(to: (item: T, place: number) => U | readonly U[]): U[] {
    return this.toArray().flatMap(to);
  }

  filter(keep: (item: T) => boolean): T[] {
    return this.toArray().filter(keep);
  }

  every(holds: (item: T, place: number) => boolean): boolean {
    return this.toArray().every(holds);
  }

  some(holds: (item: T) => boolean): boolean {
    return this.toArray().some(holds);
  }

  find(is: (item: T) => boolean): T | undefined {
    return this.toArray().find(is);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.toArray()[Symbol.iterator]();
  }

  toJSON(): readonly T[] {
    return this.toArray();
  }
}

class ChunkedList<T> extends LongList<T> implements Chunks<T> {
  constructor(
    readonly chunks: readonly (readonly T[])[],
    readonly starts: readonly number[],
    readonly length: number,
  ) {
    super();
  }

  at(place: number): T | undefined {
    return itemAt(this, place);
  }

  toArray(): readonly T[] {
    return ([] as T[]).concat(...this.chunks);
  }
}

/** The list as an array, for a walk over all of it. An array is the very same. */
export const arrayOf = <T>(list: List<T>): readonly T[] =>
  list instanceof LongList ? (list as LongList<T>).toArray() : (list as readonly T[]);

export const isList = (value: object): value is List<unknown> => Array.isArray(value) || value instanceof LongList;

/** The same number of items, and all of them in pairs. Chunks that both lists share are passed without a look. */
export function isPairwise<T>(a: List<T>, b: List<T>, holds: (x: T, y: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  const alike = (xs: readonly T[], ys: readonly T[]): boolean =>
    xs === ys || (xs.length === ys.length && xs.every((item, at) => holds(item, ys[at] as T)));
  const [x, y] = [chunksIn(a), chunksIn(b)];
  const isSplitAlike = x.length === y.length && x.every((chunk, of) => chunk.length === y[of]?.length);
  return isSplitAlike ? x.every((chunk, of) => alike(chunk, y[of] ?? [])) : alike(arrayOf(a), arrayOf(b));
}

const chunksIn = <T>(list: List<T>): readonly (readonly T[])[] =>
  list instanceof ChunkedList ? (list as ChunkedList<T>).chunks : [arrayOf(list)];

/** A list in the making: the one that it is made from stays as it is, and both share the chunks that no edit touches. */
export class Draft<T> implements Chunks<T> {
  readonly chunks: (readonly T[])[];
  readonly starts: number[];
  length: number;
  /** Chunks that are ours alone, and may be changed. */
  private readonly own = new Set<readonly T[]>();

  constructor(
    list: List<T>,
    private readonly chunk = CHUNK,
  ) {
    this.length = list.length;
    if (list instanceof ChunkedList) {
      const { chunks, starts } = list as ChunkedList<T>;
      this.chunks = [...chunks];
      this.starts = [...starts];
      return;
    }
    this.chunks = [];
    this.starts = [];
    const items = arrayOf(list);
    for (let start = 0; start === 0 || start < items.length; start += chunk) {
      this.starts.push(start);
      this.chunks.push(this.owned(items.slice(start, start + chunk)));
    }
  }

  at(place: number): T | undefined {
    return itemAt(this, place);
  }

  set(place: number, item: T): void {
    const [chunk, start] = this.opened(place);
    chunk[place - start] = item;
  }

  /** Before the item that stands there, or at the end. */
  insert(place: number, item: T): void {
    const [chunk, start, of] = this.opened(place);
    chunk.splice(place - start, 0, item);
    this.shift(of, 1);
    if (chunk.length <= 2 * this.chunk) return;
    const half = chunk.length >>> 1;
    this.chunks.splice(of + 1, 0, this.owned(chunk.splice(half)));
    this.starts.splice(of + 1, 0, start + half);
  }

  remove(place: number): void {
    const [chunk, start, of] = this.opened(place);
    chunk.splice(place - start, 1);
    this.shift(of, -1);
    if (chunk.length > 0 || this.chunks.length === 1) return;
    this.chunks.splice(of, 1);
    this.starts.splice(of, 1);
  }

  /** What has been made; the draft is not used any more. */
  done(): List<T> {
    const [first = [], ...more] = this.chunks;
    return more.length === 0 ? first : new ChunkedList(this.chunks, this.starts, this.length);
  }

  /** A chunk to be changed, where it starts, and which one it is. */
  private opened(place: number): readonly [T[], number, number] {
    const of = chunkOf(this.starts, place);
    const chunk = this.chunks[of] ?? [];
    // Ours are arrays that nobody else has seen.
    const own = this.own.has(chunk) ? (chunk as T[]) : this.owned([...chunk]);
    this.chunks[of] = own;
    return [own, this.starts[of] ?? 0, of];
  }

  private owned(chunk: T[]): T[] {
    this.own.add(chunk);
    return chunk;
  }

  private shift(of: number, by: number): void {
    this.length += by;
    for (let behind = of + 1; behind < this.starts.length; behind++)
      this.starts[behind] = (this.starts[behind] ?? 0) + by;
  }
}
