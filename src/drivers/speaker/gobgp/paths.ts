import { type Address, type Family, familyOf, type Prefix } from '../../../model/address.js';
import type { Path } from '../../../model/path.js';
import { checkPaths, checkPrefix } from '../check-path.js';
import type { Api, PathBatch } from './api.js';
import { isLocal, pathEncoder, withdrawalOfListed, withdrawalToWire } from './convert-path.js';
import type { ListedDestination, ListedPath, WirePath } from './messages.js';
import { wireFamily } from './messages.js';

const FAMILIES: readonly Family[] = [4, 6];

/** Up to here one call for each path is as fast as a stream, and says which one failed. */
const FEW = 16;
/** Paths in one message of a stream: about 100 kB, where GoBGP takes 4 MB. */
const BATCH = 500;
/** Prefixes in one filtered listing; above, the whole table is read. */
const FILTER = 500;

function* batchesOf<T>(api: Api, items: readonly T[], encode: (item: T) => WirePath): Iterable<PathBatch> {
  for (let start = 0; start < items.length; start += BATCH) {
    yield { table_type: api.values.globalTable, paths: items.slice(start, start + BATCH).map(encode) };
  }
}

/** Announces or replaces. Everything is checked before the first byte is sent; a stream that fails has had part of its effect. */
export async function announce(api: Api, paths: readonly Path[]): Promise<void> {
  checkPaths(paths);
  const encode = pathEncoder(api.codec);
  if (paths.length > FEW) return api.addPathStream(batchesOf(api, paths, encode), paths.length);
  for (const path of paths.map(encode)) await api.call('AddPath', { table_type: api.values.globalTable, path });
}

/** Deletes by path and family: a delete by uuid walks the whole table, one without a family empties it. */
const deletePath = (api: Api, path: WirePath): Promise<object> =>
  api.call('DeletePath', { table_type: api.values.globalTable, family: path.family, path });

export async function withdraw(api: Api, prefixes: readonly Prefix[]): Promise<void> {
  prefixes.forEach(checkPrefix);
  const encode = (prefix: Prefix): WirePath => withdrawalToWire(api.codec, prefix);
  if (prefixes.length > FEW) return api.addPathStream(batchesOf(api, prefixes, encode), prefixes.length);
  for (const path of prefixes.map(encode)) await deletePath(api, path);
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

const requestFor = (api: Api, { type, name }: TableName, family: Family, prefixes: readonly Prefix[]) => ({
  table_type: type,
  name,
  family: wireFamily(family),
  prefixes: prefixes.map((prefix) => ({ prefix, type: api.values.exact })),
});

async function listTable(
  api: Api,
  table: TableName,
  family: Family,
  prefixes: readonly Prefix[] = [],
): Promise<readonly ListedDestination[]> {
  const request = requestFor(api, table, family, prefixes);
  return (await api.list('ListPath', request)).flatMap(({ destination }) => destination ?? []);
}

/** The whole table of our own, each path as `read` has it when it comes. */
export async function readLocal<T>(api: Api, read: (path: LocalPath) => T): Promise<readonly T[]> {
  const readEach = (family: Family) =>
    api.listAs('ListPath', requestFor(api, { type: api.values.globalTable, name: '' }, family, []), (answer) =>
      answer.destination ? localIn(answer.destination, family).map(read) : [],
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

async function listOwn(api: Api, family: Family, prefixes: readonly Prefix[]): Promise<readonly LocalPath[]> {
  const destinations = await listTable(api, { type: api.values.globalTable, name: '' }, family, prefixes);
  return destinations.flatMap((destination) => localIn(destination, family));
}

async function listLocal(api: Api, families: readonly Family[] = FAMILIES): Promise<readonly LocalPath[]> {
  return (await Promise.all(families.map((family) => listOwn(api, family, [])))).flat();
}

/** Those of single prefixes. Checked first: a malformed prefix in a filter ends the daemon. */
export async function listLocalOf(api: Api, prefixes: readonly Prefix[]): Promise<readonly LocalPath[]> {
  prefixes.forEach(checkPrefix);
  const tables = FAMILIES.map(async (family) => {
    const own = prefixes.filter((prefix) => familyOf(prefix) === family);
    return own.length === 0 ? [] : listOwn(api, family, own);
  });
  return (await Promise.all(tables)).flat();
}

/** Deletes exactly those local paths that are chosen, by the key that each was made with. */
export async function deleteLocal(
  api: Api,
  chosen: (path: LocalPath) => boolean,
  families: readonly Family[] = FAMILIES,
): Promise<void> {
  for (const path of await listLocal(api, families)) {
    if (path.listed.nlri.length === 0 || !chosen(path)) continue;
    await deletePath(api, withdrawalOfListed(path.listed, path.family));
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
  const destinations = await listTable(api, table, family, own.length > FILTER ? [] : own);
  const sent = new Set(destinations.filter(({ paths }) => paths.length > 0).map(({ prefix }) => prefix));
  return own.filter((prefix) => sent.has(prefix));
}
