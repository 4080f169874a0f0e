/**
 * The agent's end of the lease: says hello for an epoch, hands the latest
 * complete set over, and renews it while the agent's knowledge is fresh.
 *
 * Nothing is offered before the guard has read the wire and the agent has
 * adopted what stands there: an agent that starts beside announced prefixes
 * must not withdraw them out of ignorance.
 */
import type { DesiredSet, WireState } from '../model/lease.js';
import type { Clock } from '../ports/clock.js';
import type { GuardClient } from '../ports/guard.js';
import { isUnread } from './agent-wire.js';
import { Loop } from './loop.js';

/** What the agent wants; epoch and sequence are the holder's. */
export type Wanted = Pick<DesiredSet, 'generation' | 'ttlMs' | 'announcements' | 'allowance'>;

export interface LeaseHolderOptions {
  readonly guard: GuardClient;
  readonly clock: Clock;
  readonly server: string;
  readonly pid: number;
  /** What keeps the agent from renewing, as half a sentence; `undefined` while it knows enough. */
  whyNotRenew(): string | undefined;
  /** A new epoch has begun; the guard's view replaces what we thought stands. */
  adopted(wire: WireState): void;
  /** The guard's answer to an offer. */
  answered(wire: WireState): void;
}

/** Four renewals fit into a lease, so that three may be lost. */
const RENEWALS_PER_LEASE = 4;
const RETRY_MS = 200;
/** Before there is a set to renew. */
const IDLE_MS = 1_000;

export class LeaseHolder {
  private epoch: number | undefined;
  private sequence = 0;
  private latest: Wanted | undefined;
  /** What the guard has accepted last in this epoch. */
  private held: Wanted | undefined;
  private readonly waiting = new Set<() => void>();
  private readonly loop: Loop;
  /** The guard has said that another agent is in charge, and has not taken that back. */
  isDisplaced = false;
  /** Why the guard does not hold our latest set; absent while it does. */
  problem: string | undefined = 'not connected yet';

  constructor(private readonly options: LeaseHolderOptions) {
    this.loop = new Loop({
      clock: options.clock,
      periodMs: IDLE_MS,
      retryMs: RETRY_MS,
      pass: () => this.renew(),
      failed: (error) => {
        this.problem = error instanceof Error ? error.message : String(error);
      },
    });
  }

  start(): void {
    this.loop.wake();
  }

  /**
   * Replaces the set; resolves when the guard has answered it, or after `boundMs`
   * without an answer. One that the guard holds already is left to the next renewal.
   */
  async publish(wanted: Wanted, boundMs: number): Promise<void> {
    if (this.problem === undefined && this.latest === this.held && isSame(wanted, this.held)) return;
    this.latest = wanted;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.waiting.delete(done);
        bound.cancel();
        resolve();
      };
      const bound = this.options.clock.after(boundMs, done);
      this.waiting.add(done);
      this.loop.wake();
    });
  }

  /** Leaves in order: renewals end first, then the guard is told. */
  async leave(mode: 'keep' | 'drain'): Promise<void> {
    await this.loop.stop();
    if (this.epoch !== undefined) await this.options.guard.handover(this.epoch, mode);
  }

  private async renew(): Promise<void> {
    this.epoch ??= await this.hello();
    const wanted = this.latest;
    if (!wanted) return;
    const obstacle = this.options.whyNotRenew();
    if (obstacle !== undefined) throw new Error(`the lease is not renewed: ${obstacle}`);
    this.loop.wakeAfter(wanted.ttlMs / RENEWALS_PER_LEASE);
    const asking = [...this.waiting];
    const { server, guard } = this.options;
    const answer = await guard.offer({ server, epoch: this.epoch, sequence: ++this.sequence, ...wanted });
    if (!answer.accepted) {
      this.epoch = undefined;
      throw new Error(`guard refused our set (${answer.refusal}): ${answer.detail}`);
    }
    this.problem = undefined;
    this.held = wanted;
    this.options.answered(answer.wire);
    for (const done of asking) done();
  }

  private async hello(): Promise<number> {
    const answer = await this.options.guard.hello(this.options.server, this.options.pid);
    this.isDisplaced = !answer.accepted;
    if (!answer.accepted) throw new Error(answer.detail);
    if (isUnread(answer.wire)) {
      throw new Error(
        `guard has not read the wire yet: ${answer.wire.speakerDetail ?? `speaker ${answer.wire.speaker}`}`,
      );
    }
    this.sequence = 0;
    this.latest = undefined;
    this.held = undefined;
    this.options.adopted(answer.wire);
    return answer.epoch;
  }
}

const isSame = (a: Wanted, b: Wanted | undefined): boolean =>
  a.announcements === b?.announcements &&
  a.generation === b.generation &&
  a.ttlMs === b.ttlMs &&
  a.allowance === b.allowance;
