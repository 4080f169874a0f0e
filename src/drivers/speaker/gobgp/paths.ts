import { type Address, type Family, familyOf, type Prefix } from '../../../model/address.js';
import type { Path } from '../../../model/path.js';
import { checkPaths, checkPrefix } from '../check-path.js';
import type { Api, PathBatch } from './api.js';
import { isLocal, pathEncoder, withdrawalOfListed, withdrawalToWire } from './convert-path.js';
import type { ListedDestination, ListedPath } from './messages.js';
import { wireFamily } from './messages.js';

const FAMILIES: readonly Family[] = [4, 6];

/** Up to here one call for each path is as fast as a stream, and says which one failed. */
const FEW = 16;
/** Paths in one message of a stream: about 50 kB, where GoBGP takes 4 MB. */
const BATCH = 500;
/** Prefixes in one filtered listing; above, the whole table is read. */
const FILTER = 500;

function* batchesOf<T>(api: Api, items: readonly T[], encode: (item: T) => Buffer): Iterable<PathBatch> {
  for (let start = 0; start < items.length; start += BATCH) {
    yield { table_type: api.values.globalTable, paths: items.slice(start, start + BATCH).map(encode) };
  }
}

/** Announces or replaces. Everything is checked before the first byte is sent; a stream that fails has had part of its effect. */
export async function announce(api: Api, paths: readonly Path[]): Promise<void> {
  checkPaths(paths);
  const encode = pathEncoder();
  if (paths.length > FEW) return api.addPathStream(batchesOf(api, paths, encode), paths.length);
  for (const path of paths.map(encode)) await api.call('AddPath', { table_type: api.values.globalTable, path });
}

/** Deletes by path and family: a delete by uuid walks the whole table, one without a family empties it. */
const deletePath = (api: Api, family: Family, path: Buffer): Promise<object> =>
  api.call('DeletePath', { table_type: api.values.globalTable, family: wireFamily(family), path });

export async function withdraw(api: Api, prefixes: readonly Prefix[]): Promise<void> {
  prefixes.forEach(checkPrefix);
  if (prefixes.length > FEW) return api.addPathStream(batchesOf(api, prefixes, withdrawalToWire), prefixes.length);
  for (const prefix of prefixes) await deletePath(api, familyOf(prefix), withdrawalToWire(prefix));
}

/** A path that came through the API, with the destination it is listed under. */
export interface LocalPath {
  readonly family: Family;
  readonly prefix: string;
  readonly listed: ListedPath;
}

interface TableName {
  readonly type: number;
  readonly name: string;
}

/**
 * What is listed of each path: only that it is there; its attributes as they
 * stand in an UPDATE; or those, and what deletes it. More takes GoBGP 3 longer.
 */
type Detail = 'none' | 'attributes' | 'all';

const requestFor = (api: Api, { type, name }: TableName, family: Family, detail: Detail) => ({
  table_type: type,
  name,
  family: wireFamily(family),
  prefixes: [],
  enable_attribute_binary: detail !== 'none',
  enable_only_binary: detail !== 'all',
});

const named = (api: Api, prefixes: readonly Prefix[]) => prefixes.map((prefix) => ({ prefix, type: api.values.exact }));

const ownTable = (api: Api): TableName => ({ type: api.values.globalTable, name: '' });

/** The whole table of our own, each path as `read` has it when it comes. */
export async function readLocal<T>(api: Api, read: (path: LocalPath) => T): Promise<readonly T[]> {
  const readEach = (family: Family) =>
    api.listPaths(requestFor(api, ownTable(api), family, 'attributes'), (destination) =>
      localIn(destination, family).map(read),
    );
  return (await Promise.all(FAMILIES.map(readEach))).flat(2);
}

const localIn = ({ prefix, paths }: ListedDestination, family: Family): readonly LocalPath[] =>
  paths.filter(isLocal).map((listed) => ({ family, prefix, listed }));

/** Paths of both families in the daemon's own table, learned ones included; asks for no list. */
export async function countPaths(api: Api): Promise<number> {
  const tables = await Promise.all(
    FAMILIES.map((family) => api.call('GetTable', { table_type: api.values.globalTable, family: wireFamily(family) })),
  );
  return tables.reduce((sum, { num_path }) => sum + num_path, 0);
}

/** Those of single prefixes. Checked first: a malformed prefix in a filter ends the daemon. */
export async function listLocalOf(api: Api, prefixes: readonly Prefix[]): Promise<readonly LocalPath[]> {
  prefixes.forEach(checkPrefix);
  const tables = FAMILIES.map(async (family) => {
    const own = prefixes.filter((prefix) => familyOf(prefix) === family);
    if (own.length === 0) return [];
    const request = { ...requestFor(api, ownTable(api), family, 'attributes'), prefixes: named(api, own) };
    return api.listPaths(request, (destination) => localIn(destination, family));
  });
  return (await Promise.all(tables)).flat(2);
}

/** Deletes exactly those local paths that are chosen, by the key that each was made with. */
export async function deleteLocal(
  api: Api,
  chosen: (path: LocalPath) => boolean,
  families: readonly Family[] = FAMILIES,
): Promise<void> {
  const listChosen = (family: Family) =>
    api.listPaths(requestFor(api, ownTable(api), family, 'all'), (destination) =>
      localIn(destination, family).filter((path) => path.listed.nlri.length > 0 && chosen(path)),
    );
  for (const path of (await Promise.all(families.map(listChosen))).flat(2)) {
    await deletePath(api, path.family, withdrawalOfListed(path.listed, path.family));
  }
}

/** Which of these prefixes stand in one peer's Adj-RIB-Out. */
export async function listSent(
  api: Api,
  peer: Address,
  family: Family,
  prefixes: readonly Prefix[],
): Promise<readonly Prefix[]> {
  const own = prefixes.filter((prefix) => familyOf(prefix) === family);
  if (own.length === 0) return [];
  own.forEach(checkPrefix);
  const table = { type: api.values.adjOutTable, name: peer };
  const request = {
    ...requestFor(api, table, family, 'none'),
    prefixes: own.length > FILTER ? [] : named(api, own),
  };
  const sent = new Set((await api.listPaths(request, (destination) => destination)).flatMap(standing));
  return own.filter((prefix) => sent.has(prefix));
}

const standing = ({ prefix, paths }: ListedDestination): readonly string[] => (paths.length > 0 ? [prefix] : []);
