/**
 * The guard's loop: the one writer of the speaker.
 *
 * Every pass looks at the speaker where that is due, decides, plans, applies
 * and reads back. Offers, speaker events and timers only wake it. What the
 * agent handed over is input; what stands on the wire is always read.
 */
import { essentialServicesOf, essentialsOf } from '../decide/essential.js';
import { isAway } from '../decide/lease.js';
import { peersOf } from '../decide/sessions.js';
import type { ServerView } from '../model/fleet.js';
import type { WireState } from '../model/lease.js';
import { SpeakerError, type Subscription } from '../ports/speaker.js';
import { Boot } from './guard-boot.js';
import { Bulletin } from './guard-bulletin.js';
import { GuardChronicle } from './guard-chronicle.js';
import { Confirmation } from './guard-confirm.js';
import { Draining, type DrainRecord } from './guard-drain.js';
import { EssentialWatch } from './guard-essential.js';
import { FleetFollower } from './guard-fleet.js';
import { Journal } from './guard-journal.js';
import { SpeakerKeeper } from './guard-keeper.js';
import type { GuardParts } from './guard-parts.js';
import { Patience } from './guard-patience.js';
import { Pulse } from './pulse.js';
import { Rights } from './guard-rights.js';
import { Settling } from './guard-settle.js';
import { Waiters } from './guard-waiters.js';
import { Absent, WireView } from './guard-wire.js';
import { Loop } from './loop.js';

const PERIOD_MS = 1_000;
/** After a pass that failed by our own fault. */
const RETRY_MS = 100;
/** While everything is on its way out, this is how often it is looked whether it has gone. */
const OUT_MS = 50;
/** Beyond drain and settle, how long an ending guard waits for a speaker that answers slowly or not at all. */
const STOP_GRACE_MS = 3_000;

export class GuardLoop {
  readonly rights: Rights;
  readonly journal: Journal;
  readonly boot: Boot;
  readonly draining: Draining;
  /** To be checked before anything that compares times. */
  readonly pulse: Pulse;
  private readonly chronicle: GuardChronicle;
  private readonly settling = new Settling();
  private readonly confirmation: Confirmation;
  private readonly keeper: SpeakerKeeper;
  private readonly fleet: FleetFollower;
  private readonly watch: EssentialWatch;
  private readonly loop: Loop;
  private readonly view = new WireView();
  private readonly absent = new Absent();
  private readonly waiters: Waiters;
  private readonly patience: Patience;
  private watching: Subscription | undefined;
  private met = false;
  /** A decision changes by itself at this time at the earliest, as the last pass saw it; the loop wakes for it. */
  private transitionAt = Number.NEGATIVE_INFINITY;
  private readonly bulletin: Bulletin;

  constructor(
    private readonly parts: GuardParts,
    view: ServerView,
    drainRecord: DrainRecord,
  ) {
    const { clock, files } = parts;
    this.waiters = new Waiters(clock);
    this.patience = new Patience(clock);
    this.journal = new Journal(clock, parts.log, parts.chronicle);
    this.chronicle = new GuardChronicle(parts.chronicle);
    this.bulletin = new Bulletin(this.journal);
    this.boot = new Boot({ files, clock, journal: this.journal }, `${parts.stateDir}/last-run`);
    this.rights = new Rights(view, parts.listenPort);
    this.draining = new Draining(drainRecord, this.rights, { ...parts, changed: () => this.loop.wake() });
    this.confirmation = new Confirmation({
      ...{ speaker: parts.speaker, clock, journal: this.journal, chronicle: this.chronicle, settling: this.settling },
      answered: () => this.loop.wake(),
    });
    this.keeper = new SpeakerKeeper(parts.speaker, clock, this.journal, this.chronicle, this.confirmation);
    this.fleet = new FleetFollower(clock, this.journal, () => parts.reload());
    this.watch = new EssentialWatch({
      checks: parts.essential,
      checker: parts.checker,
      clock,
      journal: this.journal,
      changed: () => {
        this.rights.broken = this.watch.broken;
        this.loop.wake();
      },
    });
    const leaseMs = (): number => this.rights.leaseMs;
    this.pulse = new Pulse(clock, leaseMs, (from, to) => {
      this.journal.warn(`this process stood still for ${Math.round(to - from)} ms; leases are extended by as much`);
      this.rights.excuse(from, to);
      // What happened meanwhile may not have been heard yet.
      this.keeper.doubt('everything');
    });
    this.loop = new Loop({
      clock,
      periodMs: PERIOD_MS,
      retryMs: RETRY_MS,
      pass: () => this.pass(),
      failed: (error) => this.journal.condition('pass', String(error)),
    });
  }

  /** Begins to write; does not wait for the speaker. */
  start(): void {
    this.watching = this.parts.speaker.watch((doubt) => {
      this.keeper.doubt(doubt);
      this.loop.wake();
    });
    this.pulse.start();
    this.loop.wake();
    // The speaker is being read meanwhile: of very many prefixes both take their time.
    this.followEssentials(this.rights.view);
  }

  /** Drains, waits until everything is confirmed and settled, and ends. Bounded; the speaker keeps its sessions. */
  async stop(): Promise<void> {
    const { clock } = this.parts;
    const { drainMs, settleMs } = this.rights.view.fleet.safety;
    const began = clock.now();
    this.rights.stoppingSince = began;
    await this.afterNextPass(STOP_GRACE_MS);
    while (!this.isOut(began) && clock.now() < began + drainMs + settleMs + STOP_GRACE_MS) {
      await new Promise<void>((resolve) => clock.after(OUT_MS, resolve));
    }
    await this.boot.end(this.rights.view);
    await this.abandon();
  }

  /** Ends at once and leaves the wire as it is. */
  async abandon(): Promise<void> {
    this.watching?.stop();
    this.pulse.stop();
    this.confirmation.stop();
    this.draining.stop();
    await Promise.all([this.loop.stop(), this.watch.stop()]);
    this.parts.speaker.close();
  }

  /** As things stand now; nothing is asked for it. The same object as before while nothing has changed. */
  wire(): WireState {
    const now = this.parts.clock.now();
    return this.view.of({
      view: this.rights.view,
      decisions: this.rights.decide(now),
      observed: this.keeper.observed,
      speaker: this.keeper.status,
      lease: this.rights.agent(now),
      drain: this.rights.drain(now),
      hold: this.rights.hold,
      settling: this.settling,
      reports: this.journal.reports,
      now,
    });
  }

  /** The same, and how far a drain has come, which changes all the time. */
  status(): WireState {
    const drainProgress = this.rights.drainProgress(this.parts.clock.now());
    return { ...this.wire(), ...(drainProgress && { drainProgress }) };
  }

  /** Nothing is left to withdraw, or nobody who could. */
  private isOut(stoppingSince: number): boolean {
    const { speaker } = this.keeper.status;
    if (speaker === 'refused' || this.keeper.gone) return true;
    if (speaker === 'unreachable') return this.parts.clock.now() >= stoppingSince + STOP_GRACE_MS;
    return this.wire().prefixes.every(({ settled }) => settled);
  }

  /** A pass that began now would change nothing, and the next one comes in time: what renews a lease is answered without one. */
  isAtRest(): boolean {
    const now = this.parts.clock.now();
    const { view, offeredGeneration } = this.rights;
    const follows = offeredGeneration === undefined || offeredGeneration === view.fleet.generation;
    const inTime = (this.rights.changesAt(now) ?? Number.POSITIVE_INFINITY) >= this.transitionAt;
    return follows && inTime && this.keeper.holds(this.rights.goal(now));
  }

  /** Wakes the loop and waits for the pass that begins now or next, but no longer than `boundMs`. */
  afterNextPass(boundMs: number): Promise<void> {
    const answered = this.waiters.wait(boundMs);
    this.loop.wake();
    return answered;
  }

  private async pass(): Promise<void> {
    const answer = this.waiters.served();
    this.pulse.check();
    const patience = this.patience.left();
    try {
      if (patience > 0) return this.loop.wakeAfter(patience);
      await this.followFleet();
      await this.bringAbout();
      this.patience.succeeded();
    } catch (error) {
      this.giveUpForNow(error);
    } finally {
      answer();
    }
    await this.noteTransitions();
  }

  private async bringAbout(): Promise<void> {
    const { clock } = this.parts;
    const { asn, v4 } = this.rights.view.server;
    const { reachedGoal } = this.keeper;
    const changeWaits = reachedGoal !== undefined && this.rights.goal(clock.now()) !== reachedGoal;
    const looked = await this.keeper.look({ asn, routerId: v4, peers: peersOf(this.rights.view) }, changeWaits);
    const obstacle = this.boot.isConfirmed ? undefined : this.rights.obstacle(looked);
    this.bulletin.tellObstacle(obstacle);
    if (obstacle !== undefined) return this.keeper.held(obstacle);
    this.boot.decide(this.rights.adopt(looked, clock.now()));
    this.rights.hold = this.boot.hold(this.rights.view);
    this.met = true;
    const observed = await this.keeper.converge(() => this.rights.outcome(clock.now()), looked);
    const absent = this.absent.from(this.rights.decide(clock.now()), observed);
    const inHurry = this.rights.stoppingSince !== undefined;
    this.loop.wakeAfter(this.confirmation.attend(absent, observed, inHurry));
    const { settleMs } = this.rights.view.fleet.safety;
    this.rights.forget((prefix) => this.settling.isSettled(prefix, settleMs, clock.now()));
    this.loop.wakeAfter(Math.max(0, this.keeper.lookDueIn()));
    this.keeper.succeeded();
  }

  private giveUpForNow(error: unknown): void {
    this.keeper.failed(error);
    this.loop.wakeAfter(this.patience.failed(this.keeper.status.speaker !== 'unreachable'));
    const hopeless = error instanceof SpeakerError && ['not-ours', 'unsupported-version'].includes(error.reason);
    if (hopeless && !this.met) this.parts.fatal(error);
  }

  private async followFleet(): Promise<void> {
    const { view, offeredGeneration } = this.rights;
    const next = await this.fleet.successor(view, offeredGeneration);
    if (!next) return;
    this.rights.follow(next);
    this.followEssentials(next);
  }

  private followEssentials(view: ServerView): void {
    this.watch.follow(essentialsOf(view), essentialServicesOf(view));
  }

  /** What time alone brings about, and when it will next. */
  private async noteTransitions(): Promise<void> {
    const now = this.parts.clock.now();
    const [agent, drain] = [this.rights.agent(now), this.rights.drain(now)];
    const decisions = this.rights.decide(now);
    this.bulletin.tell(agent.state, this.rights.hold, decisions);
    this.watch.attend(isAway(agent.state), decisions);
    this.transitionAt = this.rights.changesAt(now) ?? Number.POSITIVE_INFINITY;
    this.loop.wakeAfter(Math.max(0, this.transitionAt - now));
    // Time went on while the speaker was asked: what has changed by itself meanwhile must not wait for the period.
    if (this.keeper.status.speaker === 'ready' && this.rights.goal(now) !== this.keeper.reachedGoal)
      this.loop.wakeAfter(0);
    await this.draining.note(drain);
    await this.boot.note(this.rights.view);
  }
}
