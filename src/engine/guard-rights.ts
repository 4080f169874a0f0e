/**
 * What the guard goes by when it decides: fleet, set, lease and drain.
 *
 * Holds no speaker and no timer. Every answer is computed for a given `now`.
 */
import { type Gate, gateOf } from '../decide/gate.js';
import {
  adoptedLease,
  type DrainIntent,
  extended,
  handedOver,
  isLive,
  judgeDrain,
  judgeLease,
  type Lease,
  renewedLease,
  type Verdict,
} from '../decide/lease.js';
import { adoptedSet, decideWire, type PrefixDecision, speakerDesired } from '../decide/wire.js';
import type { ServerView } from '../model/fleet.js';
import type { AgentState, DesiredSet, DrainState } from '../model/lease.js';
import type { Announcement, SpeakerDesired, SpeakerObserved } from '../model/path.js';

export class Rights {
  view: ServerView;
  private gate: Gate;
  private announcements: readonly Announcement[] | undefined;
  private lease: Lease | undefined;
  private adopted = false;
  /** Of the set that was accepted last. */
  offeredGeneration: string | undefined;
  /** An operator's intent. */
  drainIntent: DrainIntent | undefined;
  /** This guard's own end: drained like by an operator, but not remembered. */
  stopping: DrainIntent | undefined;

  constructor(
    view: ServerView,
    private readonly listenPort: number,
  ) {
    this.view = view;
    this.gate = gateOf(view);
  }

  follow(view: ServerView): void {
    this.view = view;
    this.gate = gateOf(view);
  }

  /** The first look at the speaker: what stands there goes on, unless an agent has spoken already. */
  adopt(observed: SpeakerObserved, now: number): void {
    if (this.adopted) return;
    this.adopted = true;
    if (this.lease || observed.state !== 'started') return;
    const standing = adoptedSet(this.view, this.gate, observed.paths);
    if (standing.length === 0) return;
    this.announcements = standing;
    this.lease = adoptedLease(this.view.fleet.safety, now);
  }

  accept(set: DesiredSet, now: number): void {
    this.announcements = set.announcements;
    this.offeredGeneration = set.generation;
    this.lease = renewedLease(set.ttlMs, now);
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

  agent(now: number): Verdict<AgentState> {
    return judgeLease(this.lease, this.view.fleet.safety, now);
  }

  drain(now: number): Verdict<DrainState> {
    return judgeDrain(this.drainIntent ?? this.stopping, this.view.fleet.safety, now);
  }

  decide(now: number): readonly PrefixDecision[] {
    return decideWire({
      view: this.view,
      gate: this.gate,
      announcements: this.announcements,
      lease: this.agent(now),
      drain: this.drain(now),
    });
  }

  goal(now: number): SpeakerDesired {
    return speakerDesired(this.view, this.gate, this.decide(now), this.listenPort);
  }

  /** When a decision changes by itself, if it does. */
  changesAt(now: number): number | undefined {
    const moments = [this.agent(now).changesAt, this.drain(now).changesAt].filter((at) => at !== undefined);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }
}
