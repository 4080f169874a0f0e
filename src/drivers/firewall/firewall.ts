import { setImmediate } from 'node:timers/promises';
import type { Netns, RulesetObserved, RulesetState } from '../../model/kernel.js';
import type { Clock } from '../../ports/clock.js';
import type { Exec } from '../../ports/exec.js';
import type { FirewallDriver } from '../../ports/kernel.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { Netlink } from '../../ports/netlink.js';
import { digestOfRuleset } from './digest.js';
import { createGlanceAt, type Glance } from './glance.js';
import { Judge } from './judge.js';
import { Judgements, type Seen, type State } from './judgements.js';
import { Replacer } from './replace.js';

type Op = Parameters<FirewallDriver['apply']>[0][number];

/** Namespaces listed at the same time: enough to keep a small machine busy, few enough not to flood it. */
const LISTERS = 4;

/** A glance at a namespace takes about 0.1 ms; everything else in this process waits no longer than this. */
const SLICE_MS = 3;

/** A flagged table is not listed: nft 1.0.6 prints rubbish where its flags should stand. */
const STATE_AT_A_GLANCE = {
  absent: 'absent',
  flagged: 'different',
  plain: undefined,
} as const satisfies Record<Glance['table'], State | undefined>;

export interface FirewallParts {
  readonly exec: Exec;
  readonly netlink: Netlink;
  readonly namespaces: Namespaces;
  readonly clock: Clock;
}

/**
 * nf_tables behind the port. Each look asks the kernel, without a process, for
 * the counters and for the generation of each namespace's ruleset, which
 * changes with every transaction by anybody. nft(8) lists a ruleset only where
 * the last judgement no longer applies: see `Judgements`. Foreign tables are
 * neither read nor changed.
 */
export function createFirewallDriver({ exec, netlink, namespaces, clock }: FirewallParts): FirewallDriver {
  const glanceAt = createGlanceAt(netlink, namespaces);
  const judge = new Judge(exec, glanceAt);
  const judgements = new Judgements(clock);
  const replacer = new Replacer(exec);

  async function glanceAtAll(
    names: Iterable<Netns>,
    texts: ReadonlyMap<Netns, RulesetState>,
  ): Promise<readonly Seen[]> {
    const seen: Seen[] = [];
    let since = clock.now();
    for (const netns of names) {
      const glance = glanceAt(netns);
      const text = texts.get(netns);
      if (glance) seen.push({ ...glance, netns, wanted: text && digestOfRuleset(text) });
      if (clock.now() - since < SLICE_MS) continue;
      await setImmediate();
      since = clock.now();
    }
    return seen;
  }

  async function judgeNow(seen: Seen, text: RulesetState | undefined): Promise<State> {
    const state = await judge.judge(seen.netns, text);
    judgements.keep(seen, state);
    return state;
  }

  return {
    async observe(wanted, present) {
      const texts = new Map(wanted.map((text) => [text.netns, text]));
      judge.keep(new Set(wanted.map((text) => digestOfRuleset(text))));
      const seen = await glanceAtAll(new Set(present), texts);
      const current = judgements.current(seen.filter(({ table }) => table === 'plain'));
      const observed = await mapInTurn(seen, async (one): Promise<RulesetObserved> => {
        const state =
          STATE_AT_A_GLANCE[one.table] ?? current.get(one.netns) ?? (await judgeNow(one, texts.get(one.netns)));
        return state === 'absent' ? absent(one.netns) : { netns: one.netns, state, counters: one.counters };
      });
      const there = new Set(seen.map(({ netns }) => netns));
      const missing = new Set([...present, ...texts.keys()].filter((netns) => !there.has(netns)));
      return [...observed, ...[...missing].map(absent)].sort((a, b) => (a.netns < b.netns ? -1 : 1));
    },

    async apply(ops) {
      for (const op of ops) await applyOne(replacer, op);
    },
  };
}

const absent = (netns: Netns): RulesetObserved => ({ netns, state: 'absent', counters: [] });

function applyOne(replacer: Replacer, op: Op): Promise<void> {
  switch (op.kind) {
    case 'ruleset-replace':
      return replacer.replace(op.ruleset.netns, op.ruleset.ruleset);
    case 'ruleset-delete':
      return replacer.delete(op.netns);
  }
}

/** Results in order; at most `LISTERS` under way. The first failure rejects. */
async function mapInTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const lister = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: LISTERS }, lister));
  return results;
}
