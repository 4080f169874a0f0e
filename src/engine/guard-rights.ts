/**
 * What the guard goes by when it decides: fleet, set, lease and drain.
 *
 * Holds no speaker and no timer. Every answer is computed for a given `now`.
 */
import { bulkRefusal, dropsOfSet, isDropped, ownersOf } from '../decide/bulk.js';
import { type DrainIntent, type DrainVerdict, judgeDrain } from '../decide/drain.js';
import { type Gate, gateOf, originsIn } from '../decide/gate.js';
import {
  adoptedLease,
  extended,
  handedOver,
  hasLapsed,
  isLive,
  judgeLease,
  type Lease,
  renewedLease,
} from '../decide/lease.js';
import type { Verdict } from '../decide/verdict.js';
import {
  adoptedSet,
  type Decisions,
  decideWire,
  leftBehind,
  redecideWire,
  goalWith,
  speakerDesired,
} from '../decide/wire.js';
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import { saidIn } from '../model/said-list.js';
import { same } from '../model/same.js';
import type { AgentState, DesiredSet, DrainProgress } from '../model/lease.js';
import type { Reason } from '../model/reason.js';
import type { Announcement, SpeakerDesired, SpeakerObserved } from '../model/path.js';
import { AskedFor } from './guard-asked.js';
import type { Flow } from './guard-traffic.js';
import type { List } from '../model/list.js';

/** Everything that a decision depends on, time included: it enters through the two verdicts only. */
interface Grounds {
  readonly gate: Gate;
  readonly announcements: List<Announcement> | undefined;
  readonly leaving: readonly Prefix[];
  readonly lease: Verdict<AgentState>;
  readonly drain: DrainVerdict;
  readonly broken: ReadonlyMap<Prefix, string>;
  readonly hold: Reason | undefined;
}

/** What was decided, and what the speaker shall hold therefore. */
export interface Outcome {
  readonly decisions: Decisions;
  readonly goal: SpeakerDesired;
}

interface Decided extends Grounds, Outcome {}

/** More changes than these are as quickly decided about with all the rest. */
const FEW = 1_000;

const sameVerdict = (a: Verdict<unknown>, b: Verdict<unknown>): boolean =>
  a.state === b.state && a.cap === b.cap && a.reason?.code === b.reason?.code;

const sameDrain = (a: DrainVerdict, b: DrainVerdict): boolean => sameVerdict(a, b) && a.leavesSite === b.leavesSite;

export class Rights {
  view: ServerView;
  private gate: Gate;
  private readonly asked = new AskedFor();
  /** Of fleets that were followed before: listed until settled, so that nobody tears down what still carries them. */
  private leaving: readonly Prefix[] = [];
  private lease: Lease | undefined;
  private adopted = false;
  private decided: Decided | undefined;
  /** Proven by this guard; the same map while nothing changes. */
  broken: ReadonlyMap<Prefix, string> = new Map();
  /** Why nothing at all may be announced. */
  hold: Reason | undefined;
  /** Of the set that was accepted last. */
  offeredGeneration: string | undefined;
  private offeredTtlMs = Number.POSITIVE_INFINITY;
  /** An operator's intent. */
  drainIntent: DrainIntent | undefined;
  /** When this guard began to end: drained like by an operator, but neither remembered nor held up by packets. */
  stoppingSince: number | undefined;
  /** Customers' packets during a drain; `undefined` while nobody can tell. */
  flow: () => Flow | undefined = () => undefined;

  constructor(
    view: ServerView,
    private readonly listenPort: number,
  ) {
    this.view = view;
    this.gate = gateOf(view);
  }

  follow(view: ServerView): void {
    const { allow } = this.gate;
    const next = gateOf(view);
    this.view = view;
    // Whoever stands beside the same prefixes need not look them up.
    this.gate = same(next.allow, allow) ? { ...next, allow } : next;
    this.leave(allow);
  }

  /** What has left the fleet and is confirmed off the wire is nobody's concern any more. */
  forget(isSettled: (prefix: Prefix) => boolean): void {
    const left = this.leaving.filter((prefix) => !isSettled(prefix));
    if (left.length < this.leaving.length) this.leaving = left;
  }

  /**
   * Why this guard must not begin: its fleet names little of what stands. The
   * speaker is left as it was found until the file is mended or an operator
   * confirms it.
   */
  obstacle(observed: SpeakerObserved): string | undefined {
    if (this.adopted || observed.state !== 'started') return undefined;
    const { view, gate } = this;
    const dropped = leftBehind(view, gate, observed.paths);
    if (dropped.length === 0) return undefined;
    const announced = [...adoptedSet(view, gate, observed.paths).map(({ prefix }) => prefix), ...dropped];
    const { maxWithdrawnShare } = view.fleet.safety;
    return bulkRefusal({ announced, dropped }, ownersOf(view), maxWithdrawnShare, undefined, () => 'culvert confirm');
  }

  /** Why a set is not accepted: it drops much of what the last one announced, and nobody has named that share. */
  refuseBulk(set: DesiredSet): string | undefined {
    const changed = this.asked.changedBy(set.announcements);
    if (changed && !saidIn(changed).some(isDropped)) return undefined;
    const originOf = originsIn(this.gate);
    const announced = this.asked.announcements?.flatMap(({ prefix, level }) =>
      level !== 'withdrawn' && originOf(prefix) ? [prefix] : [],
    );
    const change = dropsOfSet(announced ?? [], set.announcements);
    return bulkRefusal(change, ownersOf(this.view), this.view.fleet.safety.maxWithdrawnShare, set.allowance);
  }

  /**
   * The first look at the speaker: what stands there goes on, unless an agent
   * has spoken already. Answers whether anything of ours stands.
   */
  adopt(observed: SpeakerObserved, now: number): boolean {
    if (this.adopted || observed.state !== 'started') {
      this.adopted = true;
      return false;
    }
    this.adopted = true;
    this.leave(leftBehind(this.view, this.gate, observed.paths));
    const standing = adoptedSet(this.view, this.gate, observed.paths);
    if (this.lease || standing.length === 0) return standing.length > 0;
    this.asked.adopt(standing);
    this.lease = adoptedLease(this.view.fleet.safety, now);
    return true;
  }

  accept(set: DesiredSet, now: number): void {
    this.asked.accept(set.announcements);
    this.offeredGeneration = set.generation;
    this.offeredTtlMs = set.ttlMs;
    this.lease = renewedLease(this.lease, set.ttlMs, now);
  }

  /** Milliseconds: the fleet's, or the agent's own where that is shorter. */
  get leaseMs(): number {
    return Math.min(this.view.fleet.safety.leaseMs, this.offeredTtlMs);
  }

  handOver(mode: 'keep' | 'drain', now: number): void {
    if (this.lease) this.lease = handedOver(this.lease, mode, now);
  }

  /** This process did not run in between: nobody's silence counts. */
  excuse(from: number, to: number): void {
    if (this.lease) this.lease = extended(this.lease, from, to);
  }

  isHeld(now: number): boolean {
    return isLive(this.lease, now);
  }

  hasLapsed(now: number): boolean {
    return hasLapsed(this.lease, now);
  }

  agent(now: number): Verdict<AgentState> {
    return judgeLease(this.lease, this.view.fleet.safety, now);
  }

  drain(now: number): DrainVerdict {
    const { safety } = this.view.fleet;
    const { drainIntent, stoppingSince } = this;
    if (stoppingSince === undefined) return judgeDrain(drainIntent, safety, this.flow()?.hasLeft === false, now);
    const ending: DrainIntent = { want: 'out', scope: 'server', since: stoppingSince };
    return judgeDrain(drainIntent?.want === 'out' ? drainIntent : ending, safety, false, now);
  }

  drainProgress(now: number): DrainProgress | undefined {
    const { drainIntent } = this;
    const flow = this.flow();
    const { drainMs, drainMostMs, settleMs } = this.view.fleet.safety;
    if (!drainIntent || this.drain(now).state === 'in-service') return undefined;
    const { want, scope, since } = drainIntent;
    return {
      scope,
      ...(since === Number.NEGATIVE_INFINITY ? {} : { forMs: Math.round(now - since) }),
      atMostMs: want === 'back' ? settleMs : Math.max(drainMs, drainMostMs),
      ...(flow && { packetsPerSecond: Math.round(flow.packetsPerSecond) }),
    };
  }

  /** The same goal and decisions as before while nothing has changed. */
  outcome(now: number): Outcome {
    return this.reckon(now);
  }

  /** The same array as before while nothing has changed. */
  decide(now: number): Decisions {
    return this.reckon(now).decisions;
  }

  /** The same object as before while nothing has changed. */
  goal(now: number): SpeakerDesired {
    return this.reckon(now).goal;
  }

  /** When a decision changes by itself, if it does. */
  changesAt(now: number): number | undefined {
    const moments = [this.agent(now).changesAt, this.drain(now).changesAt].filter((at) => at !== undefined);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  private leave(prefixes: readonly Prefix[]): void {
    const all = new Set([...this.leaving, ...prefixes]);
    const originOf = originsIn(this.gate);
    this.leaving = [...all].filter((prefix) => !originOf(prefix));
  }

  private reckon(now: number): Decided {
    const { gate, leaving, broken, hold, view } = this;
    const { announcements } = this.asked;
    const [lease, drain] = [this.agent(now), this.drain(now)];
    const { decided } = this;
    const before =
      decided?.gate === gate &&
      decided.leaving === leaving &&
      decided.broken === broken &&
      decided.hold?.detail === hold?.detail &&
      sameVerdict(decided.lease, lease) &&
      sameDrain(decided.drain, drain)
        ? decided
        : undefined;
    if (before && before.announcements === announcements) return before;
    const facts = { view, gate, announcements, leaving, lease, drain, broken, ...(hold && { hold }) };
    const changes = before && this.asked.changedSince(before.announcements);
    const little = before && changes && changes.length <= FEW ? { before, changes } : undefined;
    const decisions = little ? redecideWire(facts, little.before.decisions, little.changes) : decideWire(facts);
    const goal = little
      ? goalWith(little.before.goal, little.before.decisions, decisions)
      : speakerDesired(view, gate, decisions, this.listenPort);
    this.decided = { gate, announcements, leaving, lease, drain, broken, hold, decisions, goal };
    this.asked.settle();
    return this.decided;
  }
}
