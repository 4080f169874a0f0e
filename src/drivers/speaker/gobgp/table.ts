/** The daemon's own paths: listed whole, or those of single prefixes while the rest stands. */
import { familyOf, type Prefix } from '../../../model/address.js';
import { withPrefixes } from '../../../model/edited.js';
import { inOrder, itemOf } from '../../../model/in-order.js';
import type { ForeignPath, LargeCommunity, Path, SpeakerRunning } from '../../../model/path.js';
import { same } from '../../../model/same.js';
import type { Api } from './api.js';
import { pathReader, strangerTo } from './convert-path.js';
import { countPaths, listLocalOf, type LocalPath, readLocal } from './paths.js';
import type { List } from '../../../model/list.js';

type Table = Pick<SpeakerRunning, 'paths' | 'foreignPaths'>;

/** One listed path as it was read. */
type Entry = { readonly path: Path } | { readonly foreign: ForeignPath };

const byText = (a: ForeignPath, b: ForeignPath): number =>
  `${a.prefix} ${a.detail}` < `${b.prefix} ${b.detail}` ? -1 : 1;

export class OwnTable {
  private readonly read: (local: LocalPath) => Entry;

  /** What bears the tag is ours; without one everything that could be is. It may be known only when the table has been read. */
  constructor(
    private readonly api: Api,
    private readonly tag: Promise<LargeCommunity | undefined>,
  ) {
    const readPath = pathReader();
    this.read = ({ family, prefix, listed }) => {
      const read = readPath(prefix, listed);
      return read.ours ? { path: read.path } : { foreign: { family, prefix, detail: read.detail } };
    };
  }

  async list(): Promise<Table> {
    return tableOf(await readLocal(this.api, this.read), await this.tag);
  }

  /**
   * The table as before but for these prefixes; the same lists where nothing
   * has changed. Where it is `counted`, which a daemon with 100,000 paths
   * stands still for 28 ms for: `undefined` when there are more or fewer
   * paths. Others have come or gone then, or a peer has sent some.
   */
  async recheck(before: Table, doubted: readonly Prefix[], counted: boolean): Promise<Table | undefined> {
    const [count, listed] = await Promise.all([
      counted ? countPaths(this.api) : undefined,
      listLocalOf(this.api, doubted),
    ]);
    const read = tableOf(listed.map(this.read), await this.tag);
    const paths = pathsWith(before.paths, read.paths, doubted);
    const foreignPaths = foreignWith(before.foreignPaths, read.foreignPaths, doubted);
    const isAccountedFor = count === undefined || count === paths.length + foreignPaths.length;
    return isAccountedFor ? { paths, foreignPaths } : undefined;
  }
}

function tableOf(entries: readonly Entry[], tag: LargeCommunity | undefined): Table {
  const paths: Path[] = [];
  const foreignPaths: ForeignPath[] = [];
  for (const entry of entries) {
    if ('foreign' in entry) {
      foreignPaths.push(entry.foreign);
      continue;
    }
    const { path } = entry;
    const detail = strangerTo(tag, path);
    if (detail === undefined) paths.push(path);
    else foreignPaths.push({ family: familyOf(path.prefix), prefix: path.prefix, detail });
  }
  return { paths: inOrder(paths, ({ prefix }) => prefix), foreignPaths: foreignPaths.sort(byText) };
}

/** `list` with the paths of `named` as they were read now. The same list where nothing has changed. */
function pathsWith(list: List<Path>, read: List<Path>, named: readonly Prefix[]): List<Path> {
  const found = new Map(read.map((path) => [path.prefix, path]));
  const changed = new Map<Prefix, Path | undefined>();
  for (const prefix of named)
    if (!same(itemOf(prefix, list), found.get(prefix))) changed.set(prefix, found.get(prefix));
  return changed.size === 0 ? list : withPrefixes(list, changed);
}

function foreignWith(
  list: readonly ForeignPath[],
  read: readonly ForeignPath[],
  named: readonly Prefix[],
): readonly ForeignPath[] {
  const isNamed = new Set<string>(named);
  const standing = list.filter(({ prefix }) => isNamed.has(prefix));
  if (same(standing, read)) return list;
  return [...list.filter(({ prefix }) => !isNamed.has(prefix)), ...read].sort(byText);
}
