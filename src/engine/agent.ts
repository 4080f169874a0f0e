/**
 * The agent's pass: observe the kernel, decide, repair, read back, and hand
 * the resulting set to the guard.
 *
 * Order is the safety: what is proven broken leaves the wire before it is
 * repaired, what is new is verified before it is announced, and nothing is
 * pruned before the guard has confirmed that no announcement leads to it.
 */
import type { Intents } from '../decide/intents.js';
import type { Intent, IntentRequest } from '../model/intent.js';
import type { BulkAllowance, WireState } from '../model/lease.js';
import type { AgentStatus } from '../status/agent.js';
import { AgentChronicle } from './agent-chronicle.js';
import { Evidence } from './agent-evidence.js';
import { FleetInForce, type AgentInput } from './agent-fleet.js';
import { IntentBook } from './agent-intents.js';
import { KernelSide } from './agent-kernel.js';
import { AgentLadder } from './agent-ladder.js';
import { Outlook } from './agent-outlook.js';
import type { AgentParts } from './agent-parts.js';
import { Probes } from './agent-probes.js';
import { agentReport } from './agent-report.js';
import { Vigil } from './agent-vigil.js';
import { mayPrune } from './agent-wire.js';
import { LeaseHolder } from './lease-holder.js';
import { Loop } from './loop.js';

/** Drift makes events; a full look at this period is for what they might miss, and for the counters in `status`. */
const PERIOD_MS = 4_000;
/** It comes seldomer where there is much to read: to read and compare one object takes some 15 µs. */
const PERIOD_PER_OBJECT_MS = 3;
const LONGEST_PERIOD_MS = 60_000;
const RETRY_MS = 200;
/** How long a repair may wait for the withdrawal of what it mends. */
const WITHDRAW_BOUND_MS = 500;
/** An agent that has not looked for longer, or is busy with one pass for longer, does not renew its lease. */
const PERIODS_UNREAD = 3;
const LONGEST_PASS_MS = 2 * PERIOD_MS;
const NO_INTENTS: Intents = new Map();

export class Agent {
  private readonly loop: Loop;
  private readonly lease: LeaseHolder;
  private readonly probes: Probes;
  private readonly startedAt: string;
  private readonly fleet: FleetInForce;
  private readonly intents: IntentBook | undefined;
  private readonly ladder: AgentLadder;
  private readonly outlook: Outlook;
  private readonly evidence: Evidence;
  private readonly kernel: KernelSide;
  private readonly chronicle: AgentChronicle;
  private readonly vigil: Vigil;
  private wire: WireState | undefined;
  private pass: { count: number; lastTook: number; problem: string | undefined } = {
    count: 0,
    lastTook: 0,
    problem: undefined,
  };
  private watching: { stop(): void } | undefined;
  private reacting: Promise<void> | undefined;

  constructor(
    private readonly parts: AgentParts,
    input: AgentInput,
  ) {
    const { clock, log, guard, pid } = parts;
    this.fleet = new FleetInForce(input);
    this.outlook = new Outlook(parts.groups.kind);
    this.intents = parts.intents && new IntentBook(clock, log, parts.intents);
    this.chronicle = new AgentChronicle(parts.chronicle);
    this.probes = new Probes(parts, () => this.react());
    const { tunnels, checks } = this.probes;
    this.evidence = new Evidence(clock, tunnels, this.outlook, input.view);
    this.ladder = new AgentLadder({
      clock,
      tunnels,
      checks,
      intents: () => this.intents?.current ?? NO_INTENTS,
      intentsChangeAt: () => this.intents?.changesAt,
    });
    this.startedAt = clock.wall();
    const leaseMs = (): number => this.fleet.input.view.fleet.safety.leaseMs;
    this.vigil = new Vigil(
      clock,
      () => ({ readBack: PERIODS_UNREAD * this.periodMs, pass: LONGEST_PASS_MS }),
      leaseMs,
      () => this.loop.wake(),
    );
    this.kernel = new KernelSide({
      parts,
      evidence: this.evidence,
      outlook: this.outlook,
      vigil: this.vigil,
      retryMs: RETRY_MS,
      leave: () => this.announce(WITHDRAW_BOUND_MS),
      overdue: () => void this.announce(0),
      isDisplaced: () => this.lease.isDisplaced,
      again: (ms) => this.loop.wakeAfter(ms),
    });
    this.loop = new Loop({
      clock,
      periodMs: LONGEST_PERIOD_MS,
      retryMs: RETRY_MS,
      pass: () => this.vigil.during(() => this.onePass()),
      failed: (error) => this.passFailed(error),
    });
    this.lease = new LeaseHolder({
      guard,
      clock,
      server: input.view.server.name,
      pid,
      whyNotRenew: () => this.fleet.obstacle ?? this.vigil.whyNotRenew(),
      adopted: (wire) => {
        this.wire = wire;
        this.ladder.adopt(wire);
        this.fleet.adopt(wire);
        this.loop.wake();
      },
      answered: (wire) => {
        this.wire = wire;
        this.probes.heard(wire);
      },
    });
  }

  start(): void {
    const { pid, chronicle } = this.parts;
    chronicle.record({ kind: 'started', detail: `pid ${pid}, fleet ${this.fleet.input.view.fleet.generation}` });
    this.begin();
    this.watching = this.parts.events.watch(
      () => {
        this.evidence.event();
        this.loop.wake();
      },
      () => this.kernel.settings,
    );
    this.probes.start();
    this.vigil.start();
    this.lease.start();
    this.loop.wake();
  }

  /** Takes a new fleet over without a restart; otherwise says why not, and nothing has changed. */
  follow(input: AgentInput, allowance?: BulkAllowance): string | undefined {
    const refusal = this.fleet.replace(input, this.wire, allowance);
    if (refusal === undefined) {
      this.parts.chronicle.record({ kind: 'note', text: `fleet ${input.view.fleet.generation} is in force` });
      this.begin();
    }
    return refusal;
  }

  /** Takes an operator's word. Rejects when it could not come true. */
  async intend(request: IntentRequest): Promise<Intent> {
    if (!this.intents) throw new Error('this agent has no place to keep intents; start it with --state-dir');
    const intent = await this.intents.put(request, this.fleet.input.view);
    const { at: _, ...word } = intent;
    this.parts.chronicle.record({ kind: 'intent', ...word });
    this.react();
    return intent;
  }

  private begin(): void {
    this.probes.follow(this.fleet.input.view);
    this.loop.wake();
  }

  /**
   * Liveness needs no look at the kernel: what was seen last still stands, and
   * the pass that moves flows comes after. Probes end together, and what they
   * change together is announced once.
   */
  private react(): void {
    this.reacting ??= Promise.resolve().then(() => {
      this.reacting = undefined;
      void this.announce(0);
      this.loop.wake();
    });
  }

  /** Ends in order. The kernel stays as it is: packets flow on while the guard decides about the wire. */
  async stop(mode: 'keep' | 'drain'): Promise<void> {
    await this.loop.stop();
    this.watching?.stop();
    this.vigil.stop();
    await Promise.allSettled([this.lease.leave(mode), this.probes.stop()]);
    this.parts.chronicle.record({ kind: 'stopped', detail: mode === 'keep' ? 'handed over' : 'handed over: drain' });
  }

  status(): AgentStatus {
    const { pid, tunnelDriver, groups, clock } = this.parts;
    return agentReport({
      input: this.fleet.input,
      process: { pid, tunnelDriver, groups, startedAt: this.startedAt },
      pass: this.pass,
      readAge: this.vigil.readAge,
      dataPlane: this.evidence.proven,
      tunnels: this.probes.tunnels.status(clock.now()),
      checks: this.probes.checks.status(clock.now()),
      intents: this.intents?.current ?? new Map(),
      announcements: this.ladder.announcements,
      observed: this.kernel.observed,
      drift: this.kernel.drift.reports,
      wire: this.wire,
      guardProblem: this.lease.problem,
    });
  }

  private async onePass(): Promise<void> {
    const { clock } = this.parts;
    const { input } = this.fleet;
    const { view } = input;
    const began = clock.now();
    await this.intents?.refresh();
    const tunnelHealth = (customer: string, tunnel: string) => this.probes.tunnels.lastVerdict(customer, tunnel);
    const desired = this.outlook.desired(input, tunnelHealth);
    const { prune } = await this.kernel.pursue(input, desired, () => mayPrune(view, this.wire));
    this.pass = { count: this.pass.count + 1, lastTook: clock.now() - began, problem: undefined };
    this.loop.wakeAfter(prune ? this.periodMs : Math.min(this.periodMs, view.fleet.safety.settleMs));
  }

  private get periodMs(): number {
    const { routes = [], nexthops = [], addresses = [], sysctls = [] } = this.kernel.observed ?? {};
    const destinations = routes.reduce((sum, alike) => sum + alike.destinations.length, 0);
    const objects = destinations + nexthops.length + addresses.length + sysctls.length;
    return Math.min(LONGEST_PERIOD_MS, Math.max(PERIOD_MS, objects * PERIOD_PER_OBJECT_MS));
  }

  private passFailed(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (this.pass.problem !== problem) this.parts.log.warn('pass failed', { problem });
    this.pass.problem = problem;
    void this.announce(0);
  }

  /** Hands over what follows from the last judgement; waits up to `boundMs` for a guard that answered before. */
  private async announce(boundMs: number): Promise<void> {
    const { view } = this.evidence;
    this.vigil.concluded();
    const { proven } = this.evidence;
    this.chronicle.facts(view, { proven, probed: this.probes.revision }, () => [
      ...this.evidence.standing(proven),
      ...this.probes.standing,
    ]);
    this.ladder.climb(view, proven);
    this.chronicle.decided(this.ladder.announcements);
    const { changesIn } = this.ladder;
    if (changesIn !== undefined) this.loop.wakeAfter(changesIn);
    const { generation, safety } = view.fleet;
    const { announcements } = this.ladder;
    const wanted = { generation, ttlMs: safety.leaseMs, announcements, ...this.fleet.permitted };
    await this.lease.publish(wanted, this.lease.problem === undefined ? boundMs : 0);
  }
}
