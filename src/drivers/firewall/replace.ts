/**
 * Replaces our table so that every packet meets the old rules or the new ones,
 * whole.
 *
 * A table that is deleted and added in one transaction does not give that: a
 * packet that met the old chain just before the change looks its map up just
 * after it, and the kernel answers from the new generation, in which the
 * elements of a deleted map do not exist (nf_tables_api.c,
 * `nft_mapelem_deactivate`). A packet to a customer then goes unmarked. Sets
 * and maps that stay, emptied and filled again in the transaction, have an
 * answer in both generations.
 */
import type { Netns } from '../../model/kernel.js';
import { NFT_TABLE } from '../../model/naming.js';
import type { Exec } from '../../ports/exec.js';
import { KernelError } from '../../ports/kernel.js';
import { digestOf } from './digest.js';
import { type ObjectName, readNames } from './listing.js';
import { listNames, load } from './nft.js';

const TABLE = `table inet ${NFT_TABLE}`;

/** `add` first: deleting what is not there is harmless. */
export const DELETE = `add ${TABLE}\ndelete ${TABLE}\n`;

/** What refers to others is deleted before what it refers to. */
const DELETED_IN_TURN = ['chain', 'map', 'set', 'counter'] as const;

const isFilled = ({ kind }: ObjectName): boolean => kind === 'map' || kind === 'set';

const keyOf = ({ kind, name }: ObjectName): string => `${kind} ${name}`;

/** The names in a text of ours. */
const namesIn = (ruleset: string): ReadonlySet<string> =>
  new Set([...ruleset.matchAll(/^\s+((?:chain|map|set|counter) \S+) \{/gm)].map(([, key = '']) => key));

/** From what stands to `ruleset`; whatever keeps its name keeps its place, and counters their values. */
export function transition(standing: readonly ObjectName[], ruleset: string): string {
  const wanted = namesIn(ruleset);
  const stale = standing.filter((object) => !wanted.has(keyOf(object)));
  return [
    `flush ${TABLE}`,
    ...standing.filter(isFilled).map(({ kind, name }) => `flush ${kind} inet ${NFT_TABLE} ${name}`),
    ...DELETED_IN_TURN.flatMap((turn) =>
      stale.filter(({ kind }) => kind === turn).map(({ kind, name }) => `delete ${kind} inet ${NFT_TABLE} ${name}`),
    ),
    ruleset,
  ].join('\n');
}

export class Replacer {
  /** Digests of texts brought about by a transition. Kernels before 6.2 take a set whose type changed for the same. */
  private readonly passed = new Map<Netns, string>();

  constructor(private readonly exec: Exec) {}

  /** Rejects with KernelError, and what was there stays. */
  async replace(netns: Netns, ruleset: string): Promise<void> {
    const digest = digestOf(ruleset);
    const insufficient = this.passed.get(netns) === digest;
    this.passed.delete(netns);
    if (!insufficient && (await this.pass(netns, ruleset))) this.passed.set(netns, digest);
    else await load(this.exec, netns, DELETE + ruleset, 'replace the ruleset');
  }

  async delete(netns: Netns): Promise<void> {
    this.passed.delete(netns);
    await load(this.exec, netns, DELETE, 'delete the ruleset');
  }

  /** False where nothing stands yet, or nothing that can be read, or where something that keeps its name changes its kind. */
  private async pass(netns: Netns, ruleset: string): Promise<boolean> {
    try {
      const printed = await listNames(this.exec, netns);
      if (printed === undefined) return false;
      await load(this.exec, netns, transition(readNames(printed), ruleset), 'replace the ruleset');
      return true;
    } catch (error) {
      if (error instanceof KernelError && ['failed', 'unreadable'].includes(error.reason)) return false;
      throw error;
    }
  }
}
