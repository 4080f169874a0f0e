/**
 * The agent's end of the lease: says hello for an epoch, hands the latest
 * complete set over, and renews it while the agent's knowledge is fresh.
 *
 * Nothing is offered before the guard's own view has been adopted: an agent
 * that starts beside announced prefixes must not withdraw them out of
 * ignorance.
 */
import type { DesiredSet, WireState } from '../model/lease.js';
import type { Announcement } from '../model/path.js';
import type { Clock } from '../ports/clock.js';
import type { GuardClient } from '../ports/guard.js';
import { Loop } from './loop.js';

export interface LeaseHolderOptions {
  readonly guard: GuardClient;
  readonly clock: Clock;
  readonly server: string;
  readonly pid: number;
  /** Time-to-live of every set, and generation it derives from. */
  terms(): { readonly ttlMs: number; readonly generation: string };
  /** False while the agent does not know enough to renew. */
  mayRenew(): boolean;
  /** A new epoch has begun; the guard's view replaces what we thought stands. */
  adopted(wire: WireState): void;
  /** The guard's answer to an offer. */
  answered(wire: WireState): void;
}

/** Four renewals fit into a lease, so that three may be lost. */
const RENEWALS_PER_LEASE = 4;
const RETRY_MS = 100;

export class LeaseHolder {
  private epoch: number | undefined;
  private sequence = 0;
  private latest: readonly Announcement[] | undefined;
  private waiting: (() => void)[] = [];
  private readonly loop: Loop;
  /** Why the guard does not hold our latest set; absent while it does. */
  problem: string | undefined = 'not connected yet';

  constructor(private readonly options: LeaseHolderOptions) {
    this.loop = new Loop({
      clock: options.clock,
      periodMs: options.terms().ttlMs / RENEWALS_PER_LEASE,
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

  /** Replaces the set; resolves when the guard has answered it, or after `boundMs` without an answer. */
  async publish(announcements: readonly Announcement[], boundMs: number): Promise<void> {
    this.latest = announcements;
    await new Promise<void>((resolve) => {
      const bound = this.options.clock.after(boundMs, resolve);
      this.waiting.push(() => {
        bound.cancel();
        resolve();
      });
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
    const announcements = this.latest;
    if (!announcements || !this.options.mayRenew()) return;
    const { ttlMs, generation } = this.options.terms();
    const answered = this.waiting;
    this.waiting = [];
    const set: DesiredSet = {
      server: this.options.server,
      generation,
      epoch: this.epoch,
      sequence: ++this.sequence,
      ttlMs,
      announcements,
    };
    try {
      const answer = await this.options.guard.offer(set);
      if (!answer.accepted) {
        this.epoch = undefined;
        throw new Error(`guard refused our set (${answer.refusal}): ${answer.detail}`);
      }
      this.problem = undefined;
      this.options.answered(answer.wire);
    } catch (error) {
      this.waiting.push(...answered);
      throw error;
    }
    for (const done of answered) done();
  }

  private async hello(): Promise<number> {
    const answer = await this.options.guard.hello(this.options.server, this.options.pid);
    if (!answer.accepted) throw new Error(answer.detail);
    this.sequence = 0;
    this.latest = undefined;
    this.options.adopted(answer.wire);
    return answer.epoch;
  }
}
