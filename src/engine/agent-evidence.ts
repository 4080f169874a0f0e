/** The agent's looks at the kernel, and what of them is proven. */
import {
  afterLook,
  ENDPOINT,
  isAwaitingRepair,
  proven,
  type Doubts,
  type RepairOutcome,
  type Subject,
} from '../decide/proof.js';
import type { ServerView } from '../model/fleet.js';
import type { KernelDesired, KernelObserved } from '../model/kernel.js';
import { unreadDataPlane, type DataPlaneVerdict, type Verdict } from '../model/verdict.js';
import type { Clock } from '../ports/clock.js';
import type { Standing } from './agent-chronicle.js';
import type { TunnelFacts } from './agent-facts.js';
import type { Outlook } from './agent-outlook.js';

/** Always with the view that it was judged by: a newer fleet's prefixes are not verified by an older look. */
interface Seen {
  readonly view: ServerView;
  readonly verdict: DataPlaneVerdict;
}

export class Evidence {
  private seen: Seen;
  private doubts: Doubts = new Map();
  /** What has been in order since this fleet came: only that can break. */
  private stood: ReadonlySet<Subject> = new Set();
  private knownAt: number;
  private told = false;
  /** When the kernel told first of what the next look will show. */
  private toldAt: number | undefined;
  /** When the first sign of each doubt was seen. */
  private signs: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly clock: Clock,
    private readonly tunnels: TunnelFacts,
    private readonly outlook: Outlook,
    view: ServerView,
  ) {
    this.knownAt = clock.now();
    this.seen = { view, verdict: unreadDataPlane('not read yet', this.knownAt) };
  }

  get view(): ServerView {
    return this.seen.view;
  }

  /** The kernel tells that something has changed. */
  event(): void {
    this.told = true;
    this.toldAt ??= this.clock.now();
  }

  /** Reads the kernel and judges what is there; a kernel that cannot be read proves nothing. `repair` is what the look reads back. */
  async look(
    view: ServerView,
    desired: KernelDesired,
    read: () => Promise<KernelObserved>,
    repair?: RepairOutcome,
  ): Promise<KernelObserved> {
    const told = this.told;
    const sign = this.toldAt ?? this.clock.now();
    this.told = false;
    this.toldAt = undefined;
    if (view !== this.seen.view) this.stood = new Set();
    try {
      const observed = await read();
      const verdict = this.outlook.judge(view, desired, observed);
      const at = this.clock.now();
      this.knownAt = at;
      this.stood = new Set([...this.stood, ...inOrder(verdict)]);
      this.seen = { view, verdict };
      const lostSince = (subject: string, since: number): boolean =>
        subject === ENDPOINT ? this.tunnels.allLostSince(since) : this.tunnels.lostSince(subject, since);
      this.doubts = afterLook(this.doubts, {
        at,
        verdict,
        told,
        lostSince,
        ...(repair === undefined ? {} : { repair }),
      });
      this.signs = new Map([...this.doubts.keys()].map((subject) => [subject, this.signs.get(subject) ?? sign]));
      return observed;
    } catch (error) {
      this.told ||= told;
      if (told) this.toldAt ??= sign;
      const detail = error instanceof Error ? error.message : String(error);
      this.seen = { view, verdict: unreadDataPlane(detail, this.knownAt) };
      throw error;
    }
  }

  /** What is proven now; what only looks broken is unknown. The same object as before while nothing is in doubt. */
  get proven(): DataPlaneVerdict {
    return this.doubts.size === 0 ? this.seen.verdict : proven(this.doubts, this.seen.verdict, this.clock.now());
  }

  /** The same for the record, endpoint first. */
  standing({ endpoint, customers }: DataPlaneVerdict): readonly Standing[] {
    const standingOf = (key: string, subject: string, verdict: Verdict): Standing => {
      const sign = this.signs.get(key);
      return {
        about: 'data-plane',
        subject,
        ...(key === ENDPOINT ? {} : { customer: subject }),
        state: verdict.state,
        ...detailOf(verdict),
        ...(verdict.state === 'verified' || sign === undefined ? {} : { sign }),
      };
    };
    return [
      standingOf(ENDPOINT, 'endpoint', endpoint),
      ...[...customers].map(([name, verdict]) => standingOf(name, name, verdict)),
    ];
  }

  /** What a new fleet has not got yet is no fault. */
  get hasProvenFault(): boolean {
    const { endpoint, customers } = proven(this.broken, this.seen.verdict, this.clock.now());
    return [endpoint, ...customers.values()].some(({ state }) => state === 'fault');
  }

  /** A fault that is proven only when its repair takes too long. */
  get isAwaitingRepair(): boolean {
    return isAwaitingRepair(this.broken, this.seen.verdict, this.clock.now());
  }

  private get broken(): Doubts {
    return new Map([...this.doubts].filter(([subject]) => this.stood.has(subject)));
  }
}

function inOrder({ endpoint, customers }: DataPlaneVerdict): readonly Subject[] {
  const subjects: readonly (readonly [Subject, Verdict])[] = [[ENDPOINT, endpoint], ...customers];
  return subjects.flatMap(([subject, { state }]) => (state === 'verified' ? [subject] : []));
}

function detailOf(verdict: Verdict): Pick<Standing, 'detail'> {
  switch (verdict.state) {
    case 'verified':
      return {};
    case 'fault':
      return { detail: verdict.details.join('; ') };
    case 'unknown':
      return { detail: verdict.detail };
  }
}
