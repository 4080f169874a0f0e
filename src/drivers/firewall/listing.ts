/**
 * What `nft -j list table` prints (libnftables-json(5)), reduced to what the
 * table does: handles are the kernel's own numbering, counters and the
 * elements of dynamic sets are what packets have done since, and the order of
 * a set's elements is the kernel's choice.
 */
import { z } from 'zod';
import type { NamedCounter } from '../../model/kernel.js';
import { NFT_TABLE } from '../../model/naming.js';
import { KernelError } from '../../ports/kernel.js';

export interface Listing {
  /** Equal for two tables that do the same. */
  readonly form: string;
  /** Sorted by name. */
  readonly counters: readonly NamedCounter[];
}

const listingSchema = z.object({ nftables: z.array(z.record(z.string(), z.record(z.string(), z.unknown()))) });
const counterSchema = z.object({ name: z.string(), packets: z.number(), bytes: z.number() });
const tableSchema = z.object({ family: z.literal('inet'), name: z.string() });
const ourTableSchema = tableSchema.extend({ name: z.literal(NFT_TABLE) });

type NftObject = Readonly<Record<string, unknown>>;
type Listed = readonly (readonly [kind: string, object: NftObject])[];

/** Reads a listing of our table. Throws KernelError `unreadable` when it is none: then nothing is known. */
export function readListing(printed: string): Listing {
  return reading(`table ${NFT_TABLE}`, printed, (listed) => {
    ourTableSchema.parse(objectsOf('table', listed)[0]);
    const counters = objectsOf('counter', listed).map((object) => counterSchema.parse(object));
    return {
      form: listed.map(([kind, object]) => `${kind} ${JSON.stringify(lasting(object))}`).join('\n'),
      counters: counters.sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  });
}

/** Names in `nft -j list tables inet`. Throws KernelError `unreadable` when it is no such list. */
export const readTables = (printed: string): readonly string[] =>
  reading('the tables', printed, (listed) =>
    objectsOf('table', listed).map((object) => tableSchema.parse(object).name),
  );

function reading<T>(what: string, printed: string, read: (listed: Listed) => T): T {
  try {
    const { nftables } = listingSchema.parse(JSON.parse(printed));
    return read(nftables.flatMap((entry) => Object.entries(entry)).filter(([kind]) => kind !== 'metainfo'));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    throw new KernelError(
      'unreadable',
      `nft printed no listing of ${what} but ${JSON.stringify(printed.slice(0, 80))}`,
    );
  }
}

const objectsOf = (kind: string, listed: Listed): readonly NftObject[] =>
  listed.filter(([candidate]) => candidate === kind).map(([, object]) => object);

/** Without what numbers the object or changes by itself. */
function lasting(object: NftObject): NftObject {
  const { handle: _handle, packets: _packets, bytes: _bytes, elem, ...kept } = object;
  if (!Array.isArray(elem) || isDynamic(object)) return kept;
  return { ...kept, elem: elem.map((element) => JSON.stringify(element)).sort() };
}

const isDynamic = ({ flags }: NftObject): boolean => Array.isArray(flags) && flags.includes('dynamic');
