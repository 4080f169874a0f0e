/** nft counters as measuring instruments: a table of verify's own, in a node, for the time of a measurement. */
import { expect, type Field } from './field.js';

const TABLE = 'verify';

export type Counts = ReadonlyMap<string, { readonly packets: number; readonly bytes: number }>;

interface CounterObject {
  readonly counter?: { readonly name: string; readonly packets: number; readonly bytes: number };
}

/** Reads the named counters of a table of a node, in one of its namespaces if named. */
async function readCounters(field: Field, node: string, table = TABLE, netns?: string): Promise<Counts> {
  const enter: string[] = netns === undefined ? [] : ['nsenter', `--net=/run/netns/${netns}`];
  const [program, ...rest] = [...enter, 'nft', '-j', 'list', 'counters', 'table', 'inet', table];
  expect(program !== undefined, 'no command');
  const listing = JSON.parse(await field.run(node, [program, ...rest])) as { nftables: readonly CounterObject[] };
  return new Map(
    listing.nftables.flatMap(({ counter }) =>
      counter ? [[counter.name, { packets: counter.packets, bytes: counter.bytes }] as const] : [],
    ),
  );
}

export interface Instrument {
  readonly node: string;
  /** Chains, and sets before them; counters are written `counter name X`. */
  readonly chains: string;
}

const COUNTER_NAME = /counter name "?(\w+)"?/g;

/** Places instruments, runs `during`, takes them away again, also after a failure. */
export async function measuring<T>(
  field: Field,
  instruments: readonly Instrument[],
  during: (packets: (node: string, counter: string) => Promise<number>) => Promise<T>,
): Promise<T> {
  try {
    for (const { node, chains } of instruments) {
      const names = new Set([...chains.matchAll(COUNTER_NAME)].map((match) => match[1]));
      const counters = [...names].map((name) => `counter ${name} { }`).join('\n');
      await field.run(node, ['nft', '-f', '-'], {
        input: `add table inet ${TABLE}\ndelete table inet ${TABLE}\ntable inet ${TABLE} {\n${counters}\n${chains}\n}\n`,
      });
    }
    return await during(async (node, counter) => {
      const count = (await readCounters(field, node)).get(counter);
      expect(count !== undefined, `${node} has no counter ${counter}`);
      return count.packets;
    });
  } finally {
    for (const { node } of instruments) await field.attempt(node, ['nft', 'delete', 'table', 'inet', TABLE]);
  }
}

interface SetObject {
  readonly set?: { readonly elem?: readonly number[] };
}

/** What a set of a measurement's table has taken in: numbers, such as ports. */
export async function elementsOf(field: Field, node: string, set: string): Promise<readonly number[]> {
  const text = await field.run(node, ['nft', '-j', 'list', 'set', 'inet', TABLE, set]);
  return (JSON.parse(text) as { nftables: readonly SetObject[] }).nftables.flatMap((object) => object.set?.elem ?? []);
}

export async function forgetElements(field: Field, node: string, set: string): Promise<void> {
  await field.run(node, ['nft', 'flush', 'set', 'inet', TABLE, set]);
}
