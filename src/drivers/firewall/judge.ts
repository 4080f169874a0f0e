import type { Netns, RulesetObserved, RulesetState } from '../../model/kernel.js';
import type { Exec } from '../../ports/exec.js';
import { digestOf, digestOfRuleset } from './digest.js';
import type { GlanceAt } from './glance.js';
import { listAside, listTable } from './nft.js';

/**
 * Compares our table with the text wanted, both as the kernel lists them: one
 * process per judgement, and one more the first time a text is seen, to learn
 * how it is listed. Foreign tables are not read.
 */
export class Judge {
  /** Ruleset → how it is listed when loaded, by digests. A pure function of its key on one version of nft and kernel. */
  private forms: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly exec: Exec,
    private readonly glanceAt: GlanceAt,
  ) {}

  /** Forgets all texts but those of these digests. */
  keep(rulesets: ReadonlySet<string>): void {
    this.forms = new Map([...this.forms].filter(([ruleset]) => rulesets.has(ruleset)));
  }

  /** Our table was there a moment ago. One where none is wanted differs from what is wanted. */
  async judge(netns: Netns, wanted: RulesetState | undefined): Promise<RulesetObserved['state']> {
    const live = await this.list(netns);
    if (live === undefined) return 'absent';
    if (wanted === undefined) return 'different';
    const known = this.forms.get(digestOfRuleset(wanted));
    if (live === (known ?? (await this.learn(wanted)))) return 'equal';
    // Learnt long ago, perhaps from an nft that has been replaced since: a repair must not rest on it.
    if (known !== undefined && live === (await this.learn(wanted))) return 'equal';
    return 'different';
  }

  /** `undefined` when the table went away while nft was starting. */
  private async list(netns: Netns): Promise<string | undefined> {
    try {
      return digestOf(await listTable(this.exec, netns));
    } catch (error) {
      if ((this.glanceAt(netns)?.table ?? 'absent') === 'absent') return undefined;
      throw error;
    }
  }

  private async learn(wanted: RulesetState): Promise<string> {
    const form = digestOf(await listAside(this.exec, wanted.netns, wanted.ruleset));
    this.forms = new Map(this.forms).set(digestOfRuleset(wanted), form);
    return form;
  }
}
