/** The daemon's own paths: listed whole, or those of single prefixes while the rest stands. */
import type { Prefix } from '../../../model/address.js';
import type { ForeignPath, LargeCommunity, Path, SpeakerRunning } from '../../../model/path.js';
import { same } from '../../../model/same.js';
import type { Api } from './api.js';
import { type PathRead, pathReader } from './convert-path.js';
import type { ListedPath } from './messages.js';
import { countPaths, listLocal, listLocalOf, type LocalPath } from './paths.js';

type Table = Pick<SpeakerRunning, 'paths' | 'foreignPaths'>;

/** As text: cheap on a full table, and stable. */
const byPrefix = (a: Path, b: Path): number => (a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : 0);

const byText = (a: ForeignPath, b: ForeignPath): number =>
  `${a.prefix} ${a.detail}` < `${b.prefix} ${b.detail}` ? -1 : 1;

export class OwnTable {
  /** A listed path that is the same object as before has been read before. */
  private readonly known = new WeakMap<ListedPath, PathRead>();

  constructor(
    private readonly api: Api,
    /** What bears it is ours; without one everything that could be is. */
    private readonly tag: LargeCommunity | undefined,
  ) {}

  async list(): Promise<Table> {
    return this.read(await listLocal(this.api));
  }

  /**
   * The table as before but for these prefixes; the same lists where nothing
   * has changed. `undefined` when the daemon counts more or fewer paths:
   * others have come or gone, or a peer has sent some.
   */
  async recheck(before: Table, doubted: readonly Prefix[]): Promise<Table | undefined> {
    const [count, listed] = await Promise.all([countPaths(this.api), listLocalOf(this.api, doubted)]);
    const read = this.read(listed);
    const named = new Set<string>(doubted);
    const paths = merged(before.paths, read.paths, named, byPrefix);
    const foreignPaths = merged(before.foreignPaths, read.foreignPaths, named, byText);
    return count === paths.length + foreignPaths.length ? { paths, foreignPaths } : undefined;
  }

  private read(listed: readonly LocalPath[]): Table {
    const readPath = pathReader(this.api.codec, this.tag);
    const paths: Path[] = [];
    const foreignPaths: ForeignPath[] = [];
    for (const { family, prefix, listed: path } of listed) {
      const read = this.known.get(path) ?? readPath(path);
      this.known.set(path, read);
      if (read.ours) paths.push(read.path);
      else foreignPaths.push({ family, prefix, detail: read.detail });
    }
    return { paths: paths.sort(byPrefix), foreignPaths: foreignPaths.sort(byText) };
  }
}

/** `list` with the items of `named` as they were read now. The same list, and the same items, where nothing has changed. */
function merged<T extends { readonly prefix: string }>(
  list: readonly T[],
  read: readonly T[],
  named: ReadonlySet<string>,
  order: (a: T, b: T) => number,
): readonly T[] {
  const standing = named.size === 0 ? [] : list.filter(({ prefix }) => named.has(prefix));
  if (same(standing, read)) return list;
  return [...list.filter(({ prefix }) => !named.has(prefix)), ...read].sort(order);
}
