import { desiredKernel } from '../../src/decide/kernel.js';
import { Agent } from '../../src/engine/agent.js';
import type { AgentInput } from '../../src/engine/agent-fleet.js';
import type { KernelDrivers } from '../../src/engine/kernel.js';
import type { Prefix } from '../../src/model/address.js';
import type { CheckSample, CheckSpec } from '../../src/model/check.js';
import type { Fleet } from '../../src/model/fleet.js';
import type { ProbeSample } from '../../src/model/health.js';
import type { KernelDesired, KernelOp, Netns } from '../../src/model/kernel.js';
import { sysctlKey } from '../../src/model/kernel-order.js';
import { netnsOf } from '../../src/model/naming.js';
import type { Checker } from '../../src/ports/checker.js';
import { KernelError } from '../../src/ports/kernel.js';
import type { ProbeSpec, Prober } from '../../src/ports/prober.js';
import { describeOp } from '../../src/status/operations.js';
import { acmeFleet, amsS1 } from '../acme.js';
import { FakeKernel } from '../plan/fake-kernel.js';
import { VirtualClock } from '../virtual-clock.js';
import { FakeChronicle } from './fake-chronicle.js';
import { FakeGuard } from './fake-guard.js';
import { MemoryFiles } from './memory-files.js';

export function inputOf(fleet: Fleet): AgentInput {
  const rulesets = ['', ...fleet.customers.map(({ name }) => netnsOf(name))].map((netns) => ({
    netns,
    ruleset: `table in ${netns}`,
  }));
  return { view: amsS1(fleet), rulesets };
}

export const withGeneration = (generation: string, change: Partial<Fleet>): Fleet => ({
  ...acmeFleet,
  ...change,
  generation,
});

/** One agent on a kernel, a guard and remote routers that remember. `journal` has what reached them, in order. */
export class AgentWorld {
  readonly clock = new VirtualClock();
  readonly journal: string[] = [];
  readonly logged: string[] = [];
  readonly guard: FakeGuard;
  readonly files = new MemoryFiles();
  readonly chronicle = new FakeChronicle(this.clock, 'agent');
  readonly kernel: FakeKernel;
  agent!: Agent;
  /** What the routers at the far ends do, by `customer/tunnel`; the prober reports nothing while it is undefined. */
  answers: ((tunnel: string) => ProbeSample['outcome']) | undefined = () => 'answered';
  /** What checks end like, by key; `undefined` for those that the checker says nothing about. */
  checked: (key: string) => CheckSample['outcome'] | undefined = () => 'ok';
  checkSpecs: readonly CheckSpec[] = [];
  /** Why the kernel cannot be read. */
  unreadable: string | undefined;
  /** What every dump leaves out. */
  blindTo: keyof Omit<KernelDesired, 'rulesets'> | undefined;
  /** Why an operation fails. */
  refusal: (op: KernelOp) => string | undefined = () => undefined;
  applyMs = 0;
  /** Our own operations raise events too. */
  repairsAreTold = false;
  lookMs = 0;
  observations = 0;
  private notice: () => void = () => undefined;
  private probes: readonly ProbeSpec[] = [];
  private stopped = false;

  constructor(readonly fleet: Fleet = acmeFleet) {
    const { view, rulesets } = inputOf(fleet);
    const { sysctls } = desiredKernel(view, { tunnelHealth: () => 'up', rulesets, hashing: 'resilient' });
    const texts = new Map<Netns, string>(rulesets.map(({ netns, ruleset }) => [netns, ruleset]));
    this.kernel = new FakeKernel(['eth1'], sysctls, texts);
    this.guard = new FakeGuard(this.clock, fleet, (text) => this.journal.push(text));
  }

  async start(fleet: Fleet = this.fleet): Promise<void> {
    const say = (text: string, fields: object = {}): void => void this.logged.push(`${text} ${JSON.stringify(fields)}`);
    this.agent = new Agent(
      {
        pid: 7,
        tunnelDriver: 'fake',
        groups: { kind: 'resilient' },
        clock: this.clock,
        log: { info: say, warn: say, error: say },
        chronicle: this.chronicle,
        kernel: this.drivers(),
        events: {
          watch: (wake) => {
            this.notice = wake;
            return { stop: () => void this.journal.push('events stopped') };
          },
        },
        prober: this.prober(),
        checker: this.checker(),
        guard: this.guard.client(),
        intents: { files: this.files, path: '/state/intents' },
      },
      inputOf(fleet),
    );
    this.agent.start();
    await this.clock.settle();
  }

  /** Started, probed, announced, and nothing left to do. */
  async startAndSettle(): Promise<void> {
    await this.start();
    await this.clock.advance(3_000);
    this.journal.length = 0;
  }

  async stop(mode: 'keep' | 'drain'): Promise<void> {
    let over = false;
    const done = this.agent.stop(mode).then(() => (over = true));
    while (!over) await this.clock.advance(10);
    await done;
  }

  /** What somebody else does, and the kernel tells. */
  async damage(harm: (kernel: FakeKernel) => void, ms = 2_000): Promise<void> {
    harm(this.kernel);
    this.notice();
    await this.clock.advance(ms);
  }

  levelOf(prefix: string): string {
    const found = this.agent.status().announcements.find((announcement) => announcement.prefix === prefix);
    return found ? `${found.level} ${found.reasons.map(({ code }) => code).join()}` : 'unnamed';
  }

  /** Position of the first entry that contains `text`; fails when there is none. */
  at(text: string): number {
    const index = this.journal.findIndex((entry) => entry.includes(text));
    if (index < 0) throw new Error(`no "${text}" in\n${this.journal.join('\n')}`);
    return index;
  }

  wire(prefix: Prefix | string): string | undefined {
    return this.guard.held(prefix as Prefix);
  }

  follow(fleet: Fleet): string | undefined {
    return this.agent.follow(inputOf(fleet));
  }

  private checker(): Checker {
    let stopped = false;
    return {
      configure: (checks) => void (this.checkSpecs = checks),
      start: ({ sample }) => {
        const round = (): void => {
          if (stopped) return;
          for (const { key } of this.checkSpecs) {
            const outcome = this.checked(key);
            if (outcome !== undefined) sample({ check: key, outcome, sentAt: this.clock.now(), took: 0 });
          }
          this.clock.after(200, round);
        };
        this.clock.after(200, round);
      },
      stop: async () => void (stopped = true),
    };
  }

  private prober(): Prober {
    return {
      configure: (probes) => void (this.probes = probes),
      start: ({ sample }) => {
        this.stopped = false;
        const round = (): void => {
          if (this.stopped) return;
          const { answers } = this;
          const at = this.clock.now();
          for (const { customer, tunnel } of answers ? this.probes : []) {
            const outcome = answers?.(`${customer}/${tunnel}`) ?? 'unsent';
            sample({ customer, tunnel, at, outcome });
          }
          this.clock.after(200, round);
        };
        this.clock.after(200, round);
      },
      stop: async () => {
        this.stopped = true;
        this.journal.push('prober stopped');
      },
    };
  }

  private drivers(): KernelDrivers {
    const observe = async () => {
      this.observations++;
      await Promise.resolve();
      if (this.lookMs > 0) await new Promise<void>((resolve) => this.clock.after(this.lookMs, resolve));
      if (this.unreadable !== undefined) throw new KernelError('unreadable', this.unreadable);
      const found = this.kernel.observe();
      return this.blindTo === undefined ? found : { ...found, [this.blindTo]: [] };
    };
    const apply = async (ops: readonly KernelOp[]): Promise<void> => {
      if (this.applyMs > 0) await new Promise<void>((resolve) => this.clock.after(this.applyMs, resolve));
      for (const op of ops) {
        const refusal = this.refusal(op);
        if (refusal !== undefined) throw new KernelError('failed', refusal);
      }
      for (const op of ops) {
        this.journal.push(`apply: ${describeOp(op)}`);
        // What a dump leaves out is there all the same: to add it again is harmless.
        if (this.blindTo === undefined) this.kernel.execute(op);
      }
      if (this.repairsAreTold) this.clock.after(1, () => this.notice());
    };
    return {
      link: { observe, apply },
      route: { observe, apply },
      sysctl: {
        observe: async (wanted) => {
          const keys = new Set(wanted.map(sysctlKey));
          return (await observe()).sysctls.filter((sysctl) => keys.has(sysctlKey(sysctl)));
        },
        apply,
      },
      firewall: { observe: async () => (await observe()).rulesets, apply },
      tunnel: {
        kind: 'tun',
        probe: async () => ({ works: true }),
        observe: async () => (await observe()).tunnels,
        apply,
      },
    };
  }
}
