/**
 * What `nft -j list table` prints (libnftables-json(5)), reduced to what the
 * table does: handles are the kernel's own numbering, counters and the
 * elements of dynamic sets are what packets have done since, and the order of
 * a set's elements is the kernel's choice.
 */
import { z } from 'zod';
import { NFT_TABLE } from '../../model/naming.js';
import { KernelError } from '../../ports/kernel.js';

const listingSchema = z.object({ nftables: z.array(z.record(z.string(), z.record(z.string(), z.unknown()))) });
const ourTableSchema = z.object({ family: z.literal('inet'), name: z.literal(NFT_TABLE) });

/** What a table consists of besides rules. */
export interface ObjectName {
  readonly kind: 'chain' | 'map' | 'set' | 'counter';
  readonly name: string;
}

const KINDS = ['chain', 'map', 'set', 'counter'] as const;

type NftObject = Readonly<Record<string, unknown>>;

/**
 * A form that is equal for two tables that do the same. Throws KernelError
 * `unreadable` when this is no listing of our table: then nothing is known.
 */
export const readListing = (printed: string): string =>
  objectsIn(printed)
    .map(([kind, object]) => ({ owner: ownerOf(kind, object), text: `${kind} ${JSON.stringify(lasting(object))}` }))
    .sort((a, b) => (a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : 0))
    .map(({ text }) => text)
    .join('\n');

/** What is listed in no order that matters, by name; rules in theirs, by their chain. */
const ownerOf = (kind: string, { name, chain }: NftObject): string =>
  `${kind} ${String(kind === 'rule' ? chain : name)}`;

/** The named objects of our table, rules left out. Throws KernelError `unreadable` likewise. */
export const readNames = (printed: string): readonly ObjectName[] =>
  objectsIn(printed).flatMap(([listed, { name }]) => {
    const kind = KINDS.find((known) => known === listed);
    return kind && typeof name === 'string' ? [{ kind, name }] : [];
  });

function objectsIn(printed: string): readonly (readonly [kind: string, object: NftObject])[] {
  try {
    const { nftables } = listingSchema.parse(JSON.parse(printed));
    const listed = nftables.flatMap((entry) => Object.entries(entry)).filter(([kind]) => kind !== 'metainfo');
    ourTableSchema.parse(listed.find(([kind]) => kind === 'table')?.[1]);
    return listed;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    throw new KernelError(
      'unreadable',
      `nft printed no listing of table ${NFT_TABLE} but ${JSON.stringify(printed.slice(0, 80))}`,
    );
  }
}

/** Without what numbers the object or changes by itself. */
function lasting(object: NftObject): NftObject {
  const { handle: _handle, packets: _packets, bytes: _bytes, elem, ...kept } = object;
  if (!Array.isArray(elem) || isDynamic(object)) return kept;
  return { ...kept, elem: elem.map((element) => JSON.stringify(element)).sort() };
}

const isDynamic = ({ flags }: NftObject): boolean => Array.isArray(flags) && flags.includes('dynamic');
