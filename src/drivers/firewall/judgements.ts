import type { Netns, RulesetObserved } from '../../model/kernel.js';
import type { Clock } from '../../ports/clock.js';
import type { Glance } from './glance.js';

/** Older than this, a judgement is made anew although nothing says that it must. To list 10,000 elements takes half a second. */
const OLD_MS = 600_000;

/** A namespace at this look, and the digest of the text wanted there. */
export interface Seen extends Glance {
  readonly netns: Netns;
  readonly wanted: string | undefined;
}

export type State = RulesetObserved['state'];

interface Judgement {
  readonly version: string;
  readonly wanted: string | undefined;
  readonly state: State;
  /** On the clock. */
  readonly at: number;
}

/**
 * What the kernel's own listings told, each for as long as the kernel says
 * that it still lists the same and the same text is wanted. This is
 * observation and no memory of what we did: nothing is kept because we loaded
 * it, and whoever changes a ruleset, by whatever means, changes its version.
 */
export class Judgements {
  private readonly byNetns = new Map<Netns, Judgement>();

  constructor(private readonly clock: Clock) {}

  /**
   * The states that need no listing; forgets namespaces that were not seen. Of
   * the old ones only the oldest is left out, so that no number of namespaces
   * makes a burst of listings because time has passed.
   */
  current(seen: readonly Seen[]): ReadonlyMap<Netns, State> {
    const names = new Set(seen.map(({ netns }) => netns));
    for (const netns of this.byNetns.keys()) if (!names.has(netns)) this.byNetns.delete(netns);
    const applying = seen.flatMap(({ netns, version, wanted }) => {
      const judgement = this.byNetns.get(netns);
      return judgement?.version === version && judgement.wanted === wanted ? [{ netns, ...judgement }] : [];
    });
    const oldest = Math.min(...applying.map(({ at }) => at));
    const renewed = this.clock.now() - oldest < OLD_MS ? undefined : applying.find(({ at }) => at === oldest);
    return new Map(applying.filter((one) => one !== renewed).map(({ netns, state }) => [netns, state]));
  }

  /**
   * `seen` was seen before the listing began: of a ruleset that changed in the
   * meantime the version is another one, and the judgement will not apply.
   */
  keep({ netns, version, wanted }: Seen, state: State): void {
    this.byNetns.set(netns, { version, wanted, state, at: this.clock.now() });
  }
}
