/** The guard as its socket serves it: who may speak, what is refused, and when an answer is ready. */
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { DesiredSet, DrainScope, HelloAnswer, OfferAnswer, SentTo, WireState } from '../model/lease.js';
import { type Caller, type GuardDesk, LocalError } from '../ports/guard.js';
import { DrainRecord } from './guard-drain.js';
import { GuardLoop } from './guard-loop.js';
import type { GuardParts } from './guard-parts.js';
import { Seat } from './guard-seat.js';

/** An answer waits for the pass that applied the set, but never so long that renewals would stop. */
const LONGEST_ANSWER_MS = 2_000;

export class Guard implements GuardDesk {
  private readonly seat = new Seat();

  private constructor(
    private readonly parts: GuardParts,
    private readonly loop: GuardLoop,
  ) {}

  /** Reads what an earlier guard left and touches nothing else: whoever speaks to this guard finds it drained from the first word on. */
  static async open(parts: GuardParts, view: ServerView): Promise<Guard> {
    const drainRecord = new DrainRecord(parts.files, `${parts.stateDir}/drain`);
    await drainRecord.load(parts.clock.now());
    const loop = new GuardLoop(parts, view, drainRecord);
    await loop.boot.load();
    return new Guard(parts, loop);
  }

  /** Begins to write; does not wait for the speaker. */
  start(): void {
    const { view } = this.loop.rights;
    this.parts.chronicle.record({ kind: 'started', detail: `fleet ${view.fleet.generation}` });
    this.loop.start();
  }

  /** Drains, waits until everything is confirmed and settled, and ends. Bounded; the speaker keeps its sessions. */
  async stop(): Promise<void> {
    this.loop.journal.note('this guard ends: drain');
    await this.loop.stop();
    this.parts.chronicle.record({ kind: 'stopped', detail: 'drained' });
  }

  /** Ends at once and leaves the wire as it is. */
  abandon(): Promise<void> {
    return this.loop.abandon();
  }

  async hello(server: string, pid: number, caller: Caller): Promise<HelloAnswer> {
    const { clock } = this.parts;
    const ours = this.loop.rights.view.server.name;
    if (server !== ours) return { accepted: false, detail: `this guard serves ${ours}, not ${server}` };
    this.loop.pulse.check();
    const seat = this.seat.take(
      { caller, pid },
      {
        now: clock.now(),
        wallMs: Date.parse(clock.wall()),
        leaseLive: this.loop.rights.isHeld(clock.now()),
        helloMs: this.loop.rights.view.fleet.safety.leaseMs,
      },
    );
    if ('heldBy' in seat) {
      return { accepted: false, detail: `another agent for ${ours} is running, pid ${seat.heldBy}; stop it first` };
    }
    await this.loop.afterNextPass(LONGEST_ANSWER_MS / 2);
    return { accepted: true, epoch: seat.epoch, wire: this.loop.wire() };
  }

  async offer(set: DesiredSet): Promise<OfferAnswer> {
    const ours = this.loop.rights.view.server.name;
    if (set.server !== ours) {
      return { accepted: false, refusal: 'other-server', detail: `this guard serves ${ours}, not ${set.server}` };
    }
    this.loop.pulse.check();
    const now = this.parts.clock.now();
    if (this.loop.rights.hasLapsed(now)) this.seat.lapse();
    const refusal = this.seat.refuse(set);
    if (refusal) return { accepted: false, ...refusal };
    const bulk = this.loop.rights.refuseBulk(set);
    this.loop.journal.condition('bulk', bulk && `the agent's set is refused: ${bulk}`);
    if (bulk !== undefined) return { accepted: false, refusal: 'bulk', detail: bulk };
    this.loop.rights.accept(set, now);
    if (!this.loop.isAtRest()) await this.loop.afterNextPass(Math.min(LONGEST_ANSWER_MS, set.ttlMs / 2));
    return { accepted: true, wire: this.loop.wire() };
  }

  async handover(epoch: number, mode: 'keep' | 'drain'): Promise<void> {
    this.loop.pulse.check();
    if (!this.seat.leave(epoch))
      throw new LocalError('refused', `epoch ${epoch} has ended already: nothing to hand over`);
    this.loop.rights.handOver(mode, this.parts.clock.now());
    this.loop.journal.note(mode === 'keep' ? 'the agent has handed over' : 'the agent has handed over: drain');
    await this.loop.afterNextPass(LONGEST_ANSWER_MS);
  }

  left(caller: Caller): void {
    this.seat.left(caller);
  }

  async drain(scope: DrainScope): Promise<void> {
    await this.loop.draining.begin(scope, this.parts.clock.now());
    this.loop.journal.note(`drain: an operator takes this ${scope} out`);
    await this.loop.afterNextPass(LONGEST_ANSWER_MS);
  }

  async undrain(): Promise<void> {
    await this.loop.draining.end(this.parts.clock.now());
    this.loop.journal.note('undrain: back in service');
    await this.loop.afterNextPass(LONGEST_ANSWER_MS);
  }

  async confirm(): Promise<void> {
    this.loop.boot.confirm();
    this.loop.journal.note('confirm: an operator vouches for the fleet');
    await this.loop.afterNextPass(LONGEST_ANSWER_MS);
  }

  sent(prefix: Prefix): Promise<readonly SentTo[]> {
    const { speaker } = this.parts;
    return Promise.all(
      this.loop.wire().peers.map(async ({ address, state }): Promise<SentTo> => {
        if (state !== 'established') return { peer: address, sent: 'no-session' };
        const sent = await speaker.stillSent([prefix], [address]).then(
          (found) => (found.length > 0 ? 'yes' : 'no'),
          () => 'unknown' as const,
        );
        return { peer: address, sent };
      }),
    );
  }

  async status(): Promise<WireState> {
    return this.loop.status();
  }
}
