import type { Netns, RulesetObserved, RulesetState } from '../../model/kernel.js';
import { NFT_TABLE } from '../../model/naming.js';
import type { Exec } from '../../ports/exec.js';
import type { FirewallDriver } from '../../ports/kernel.js';
import type { Listing } from './listing.js';
import { listAside, listTable, load } from './nft.js';

type Op = Parameters<FirewallDriver['apply']>[0][number];

/** Namespaces read at the same time: enough to keep a small machine busy, few enough not to flood it. */
const READERS = 4;

/**
 * nft(8) behind the port: one process per namespace and observation, and one
 * more the first time a ruleset is seen, to learn how the kernel lists it.
 * Foreign tables are neither read nor changed.
 */
export function createFirewallDriver(exec: Exec): FirewallDriver {
  /** Ruleset → how it is listed when loaded. A pure function of its key on one version of nft and kernel. */
  let forms: ReadonlyMap<string, string> = new Map();

  async function learn({ netns, ruleset }: RulesetState): Promise<string> {
    const { form } = await listAside(exec, netns, ruleset);
    forms = new Map(forms).set(ruleset, form);
    return form;
  }

  async function judge(live: Listing, wanted: RulesetState): Promise<'equal' | 'different'> {
    const known = forms.get(wanted.ruleset);
    if (live.form === (known ?? (await learn(wanted)))) return 'equal';
    // Learnt long ago, perhaps from an nft that has been replaced since: a repair must not rest on it.
    if (known !== undefined && live.form === (await learn(wanted))) return 'equal';
    return 'different';
  }

  /** A table of ours where none is wanted differs from what is wanted. */
  async function observeOne(netns: Netns, wanted: RulesetState | undefined): Promise<RulesetObserved> {
    const live = await listTable(exec, netns);
    if (!live) return { netns, state: 'absent', counters: [] };
    return { netns, state: wanted ? await judge(live, wanted) : 'different', counters: live.counters };
  }

  return {
    async observe(wanted, present) {
      const byNetns = new Map(wanted.map((state) => [state.netns, state]));
      const rulesets = new Set(wanted.map(({ ruleset }) => ruleset));
      forms = new Map([...forms].filter(([ruleset]) => rulesets.has(ruleset)));
      const missing = wanted.filter(({ netns }) => !present.includes(netns));
      const observed = await mapInTurn([...new Set(present)], (netns) => observeOne(netns, byNetns.get(netns)));
      return [
        ...observed,
        ...missing.map(({ netns }): RulesetObserved => ({ netns, state: 'absent', counters: [] })),
      ].sort((a, b) => (a.netns < b.netns ? -1 : 1));
    },

    async apply(ops) {
      for (const op of ops) await applyOne(exec, op);
    },
  };
}

async function applyOne(exec: Exec, op: Op): Promise<void> {
  switch (op.kind) {
    case 'ruleset-replace':
      return load(exec, op.ruleset.netns, op.ruleset.ruleset, 'replace the ruleset');
    case 'ruleset-delete':
      // `add` first: deleting what is not there is harmless.
      return load(
        exec,
        op.netns,
        `add table inet ${NFT_TABLE}\ndelete table inet ${NFT_TABLE}\n`,
        'delete the ruleset',
      );
  }
}

/** Results in order; at most `READERS` under way. The first failure rejects. */
async function mapInTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const reader = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return results;
}
