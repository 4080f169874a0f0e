/**
 * The agent's pass: observe the kernel, decide, repair, read back, and hand
 * the resulting set to the guard.
 *
 * Order is the safety: what is proven broken leaves the wire before it is
 * repaired, what is new is verified before it is announced, and nothing is
 * pruned before the guard has confirmed that no announcement leads to it.
 */
import { judgeDataPlane } from '../decide/data-plane.js';
import { desiredKernel } from '../decide/kernel.js';
import { climb } from '../decide/ladder.js';
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { KernelDesired, KernelObserved, KernelOp, RulesetState } from '../model/kernel.js';
import type { WireState } from '../model/lease.js';
import type { Level } from '../model/level.js';
import type { Announcement } from '../model/path.js';
import { unreadDataPlane, type DataPlaneVerdict } from '../model/verdict.js';
import { planKernel } from '../plan/kernel.js';
import type { Clock } from '../ports/clock.js';
import type { GuardClient } from '../ports/guard.js';
import type { KernelEvents } from '../ports/kernel.js';
import type { Log } from '../ports/log.js';
import type { Prober } from '../ports/prober.js';
import type { AgentStatus, DriftReport } from '../status/agent.js';
import { dataPlaneStatus } from '../status/data-plane.js';
import { describeOp } from '../status/operations.js';
import { probesOf, TunnelFacts } from './agent-facts.js';
import { applyToKernel, observeKernel, type KernelDrivers } from './kernel.js';
import { LeaseHolder } from './lease-holder.js';
import { Loop } from './loop.js';

export interface AgentParts {
  readonly pid: number;
  readonly tunnelDriver: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly kernel: KernelDrivers;
  readonly events: KernelEvents;
  readonly prober: Prober;
  readonly guard: GuardClient;
}

/** A server's place in the fleet, with the firewall text that was rendered from it. */
export interface AgentInput {
  readonly view: ServerView;
  readonly rulesets: readonly RulesetState[];
}

/** Drift that makes no event (a sysctl, an nft element) is found by looking: within this period. */
const PERIOD_MS = 900;
const RETRY_MS = 200;
/** How long a repair may wait for the withdrawal, and several faults at once for their one repair attempt. */
const WITHDRAW_BOUND_MS = 500;
/** Without a full read-back for this long, the agent no longer knows enough to renew its lease. */
const FRESH_MS = 3_000;
const DRIFT_KEPT = 100;

export class Agent {
  private readonly loop: Loop;
  private readonly lease: LeaseHolder;
  private readonly tunnels = new TunnelFacts();
  private readonly startedAt: string;
  private input: AgentInput;
  private standing = new Map<Prefix, Level>();
  private announcements: readonly Announcement[] = [];
  private dataPlane: DataPlaneVerdict = unreadDataPlane('not read yet');
  private observed: KernelObserved | undefined;
  private desired: KernelDesired | undefined;
  private readAt: number | undefined;
  private wire: WireState | undefined;
  private drift: DriftReport[] = [];
  private pass: { count: number; lastTook: number; problem: string | undefined } = { count: 0, lastTook: 0, problem: undefined };
  private stopWatching: (() => Promise<void>) | undefined;

  constructor(
    private readonly parts: AgentParts,
    input: AgentInput,
  ) {
    this.input = input;
    this.startedAt = parts.clock.wall();
    this.loop = new Loop({
      clock: parts.clock,
      periodMs: PERIOD_MS,
      retryMs: RETRY_MS,
      pass: () => this.onePass(),
      failed: (error) => this.passFailed(error),
    });
    this.lease = new LeaseHolder({
      guard: parts.guard,
      clock: parts.clock,
      server: input.view.server.name,
      pid: parts.pid,
      terms: () => ({ ttlMs: this.input.view.fleet.safety.leaseMs, generation: this.input.view.fleet.generation }),
      mayRenew: () => this.readAt !== undefined && parts.clock.now() - this.readAt < FRESH_MS,
      adopted: (wire) => this.adopt(wire),
      answered: (wire) => {
        this.wire = wire;
      },
    });
  }

  start(): void {
    const { events, prober } = this.parts;
    this.follow(this.input);
    const watch = events.watch(() => this.loop.wake());
    this.stopWatching = () => watch.stop();
    prober.start({
      sample: (sample) => {
        if (this.tunnels.take(sample)) this.loop.wake();
      },
      broken: (reason) => this.parts.log.warn('prober broken; tunnels keep their state until it ages', { reason }),
    });
    this.lease.start();
    this.loop.wake();
  }

  /** Takes a new fleet over without a restart. */
  follow(input: AgentInput): void {
    this.input = input;
    this.tunnels.follow(input.view, this.parts.clock.now());
    this.parts.prober.configure(probesOf(input.view));
    this.loop.wake();
  }

  /** Ends in order. The kernel stays as it is: packets flow on while the guard decides about the wire. */
  async stop(mode: 'keep' | 'drain'): Promise<void> {
    await this.loop.stop();
    await this.stopWatching?.();
    await Promise.allSettled([this.lease.leave(mode), this.parts.prober.stop()]);
  }

  status(): AgentStatus {
    const { view } = this.input;
    const now = this.parts.clock.now();
    return {
      server: view.server.name,
      generation: view.fleet.generation,
      pid: this.parts.pid,
      startedAt: this.startedAt,
      tunnelDriver: this.parts.tunnelDriver,
      pass: {
        count: this.pass.count,
        lastTook: Math.round(this.pass.lastTook),
        ...(this.readAt === undefined ? {} : { age: Math.round(now - this.readAt) }),
        ...(this.pass.problem === undefined ? {} : { problem: this.pass.problem }),
      },
      dataPlane: dataPlaneStatus(this.dataPlane),
      tunnels: this.tunnels.status(now),
      announcements: this.announcements,
      counters: (this.observed?.rulesets ?? []).map(({ netns, counters }) => ({ netns, counters })),
      drift: this.drift,
      ...(this.wire === undefined ? {} : { wire: this.wire }),
      ...(this.lease.problem === undefined ? {} : { guardProblem: this.lease.problem }),
    };
  }

  private async onePass(): Promise<void> {
    const { clock, kernel } = this.parts;
    const { view, rulesets } = this.input;
    const began = clock.now();
    this.tunnels.age(began);
    const desired = desiredKernel(view, {
      tunnelHealth: (customer, tunnel) => this.tunnels.health(customer, tunnel),
      rulesets,
    });
    const found = await observeKernel(kernel, desired, view.server.uplinks);
    this.see(desired, found);
    const ops = planKernel(desired, found, { prune: this.mayPrune() });
    if (ops.length > 0) {
      this.reportDrift(desired, ops);
      if (this.hurtsOneOnly()) await this.announce(WITHDRAW_BOUND_MS);
      await applyToKernel(kernel, ops);
      this.see(desired, await observeKernel(kernel, desired, view.server.uplinks));
    }
    this.desired = desired;
    await this.announce(WITHDRAW_BOUND_MS);
    this.pass = { count: this.pass.count + 1, lastTook: clock.now() - began, problem: undefined };
    if (!this.mayPrune()) this.loop.wakeAfter(view.fleet.safety.settleMs);
  }

  private see(desired: KernelDesired, observed: KernelObserved): void {
    this.observed = observed;
    this.readAt = this.parts.clock.now();
    this.dataPlane = judgeDataPlane(this.input.view, desired, observed);
  }

  private passFailed(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (this.pass.problem !== problem) this.parts.log.warn('pass failed', { problem });
    this.pass.problem = problem;
    this.dataPlane = unreadDataPlane(problem);
    void this.announce(0);
  }

  /**
   * Several customers broken at once look like somebody's `flush`, which one
   * repair mends faster than a withdrawal travels; a single proven fault
   * leaves the wire first.
   */
  private hurtsOneOnly(): boolean {
    if (this.dataPlane.endpoint.state === 'fault') return true;
    const faults = [...this.dataPlane.customers.values()].filter((verdict) => verdict.state === 'fault');
    return faults.length === 1;
  }

  private async announce(boundMs: number): Promise<void> {
    this.announcements = climb(
      this.input.view,
      {
        dataPlane: this.dataPlane,
        tunnelHealth: (customer, tunnel) => this.tunnels.health(customer, tunnel),
      },
      this.standing,
    );
    this.standing = new Map(this.announcements.map(({ prefix, level }) => [prefix, level]));
    await this.lease.publish(this.announcements, this.lease.problem === undefined ? boundMs : 0);
  }

  private adopt(wire: WireState): void {
    this.wire = wire;
    this.standing = new Map(
      wire.prefixes.flatMap(({ prefix, asked, held }): [Prefix, Level][] => {
        const level = asked ?? held;
        return level === 'unknown' ? [] : [[prefix, level]];
      }),
    );
    this.loop.wake();
  }

  /** Tear-down waits until the guard follows the same fleet and everything that this fleet no longer names is confirmed off the wire. */
  private mayPrune(): boolean {
    const { wire } = this;
    if (wire?.generation !== this.input.view.fleet.generation) return false;
    const named = new Set(this.announcements.map(({ prefix }) => prefix));
    return wire.prefixes.every(({ prefix, settled }) => named.has(prefix) || settled);
  }

  /** Work although nothing new was wanted: somebody else changed the kernel. */
  private reportDrift(desired: KernelDesired, ops: readonly KernelOp[]): void {
    if (!this.desired || JSON.stringify(this.desired) !== JSON.stringify(desired)) return;
    const at = this.parts.clock.wall();
    for (const op of ops) {
      const text = describeOp(op);
      this.parts.log.warn('drift repaired', { op: text });
      this.drift.push({ at, text });
    }
    this.drift = this.drift.slice(-DRIFT_KEPT);
  }
}
