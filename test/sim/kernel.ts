/**
 * One server's kernel and the drivers in front of it: it holds objects, loses
 * them when told to, and can be read well, badly or not at all.
 */
import type { KernelDrivers } from '../../src/engine/kernel.js';
import type { KernelOp, Netns, RulesetState, SysctlState } from '../../src/model/kernel.js';
import { sysctlKey } from '../../src/model/kernel-order.js';
import { gathered, routesIn } from '../../src/model/routes-alike.js';
import { KernelError, type KernelEvents } from '../../src/ports/kernel.js';
import { FakeKernel } from '../plan/fake-kernel.js';
import type { Process } from './process.js';
import type { Timeline } from './timeline.js';

type Observed = ReturnType<FakeKernel['observe']>;
export type DumpName = 'link' | 'route' | 'sysctl' | 'firewall' | 'tunnel';

/** How a dump goes. `empty` and `partial` are the ones that lie: they look like success. */
export type DumpFault = 'failing' | 'reshaped' | 'hanging' | 'empty' | 'partial';
export type EventFault = 'lost' | 'late' | 'storm';

/** iproute2's own deadline in the drivers. */
const DUMP_DEADLINE_MS = 10_000;
/** From a change to whoever watches. */
const EVENT_MS = 1;
const LATE_MS = 3_000;
const STORM = 20;

export class SimKernel {
  readonly world: FakeKernel;
  /** By driver; the others answer truthfully. */
  readonly dumpFaults = new Map<DumpName, DumpFault>();
  eventFault: EventFault | undefined;
  /** Operations are refused for this reason. */
  refusal: string | undefined;
  /** Of a dump, and of a batch. */
  latencyMs: () => number = () => 0;
  /** On top of it: a kernel that is busy. */
  slowMs = 0;
  /** Somebody else's last change. */
  damagedAt = Number.NEGATIVE_INFINITY;
  /** Somebody else's last change that no event told. */
  untoldAt = Number.NEGATIVE_INFINITY;
  private hung: { readonly reader: Process; readonly until: number } | undefined;
  private readonly down = new Set<string>();
  private read: Observed | undefined;
  private readonly answers = new Map<string, unknown>();
  private asked: Record<'sysctls' | 'wanted' | 'answer', Observed['sysctls']> | undefined;
  private watchers = new Set<() => void>();

  constructor(
    private readonly timeline: Timeline,
    private readonly uplinks: readonly string[],
    settings: readonly SysctlState[],
    private readonly told: {
      changed(): void;
      /** Before and after each batch of ours. */
      applying(ops: readonly KernelOp[]): () => void;
      observed(driver: DumpName, fault: DumpFault): void;
    },
  ) {
    this.world = new FakeKernel(uplinks, settings, new Map());
  }

  /** Whoever asks is told the truth, and soon. A dump that hangs goes on hanging when its cause is gone. */
  get isReadable(): boolean {
    const hangs = this.hung?.reader.isAlive === true && this.timeline.now < this.hung.until;
    return this.dumpFaults.size === 0 && !hangs;
  }

  get isLying(): boolean {
    return [...this.dumpFaults.values()].some((fault) => fault === 'empty' || fault === 'partial');
  }

  /** The guard may not look either. */
  isBlinding = false;

  get isSlow(): boolean {
    return this.slowMs > 0;
  }

  get isRefusing(): boolean {
    return this.refusal !== undefined;
  }

  /** What is there, whatever dumps say. */
  truth(): Observed {
    this.read ??= {
      ...this.world.observe(),
      uplinks: this.uplinks.map((name) => ({ name, up: !this.down.has(name) })),
    };
    return this.read;
  }

  /** An answer that stands until something changes. */
  remembered<T>(subject: string, answer: (truth: Observed) => T): T {
    if (!this.answers.has(subject)) this.answers.set(subject, answer(this.truth()));
    return this.answers.get(subject) as T;
  }

  /** Somebody else's hands. */
  damage(harm: (world: FakeKernel) => void): void {
    harm(this.world);
    this.damagedAt = this.timeline.now;
    if (this.eventFault !== undefined) this.untoldAt = this.timeline.now;
    this.changed();
    this.notify();
  }

  /** Something happens that is nothing to us. */
  stir(): void {
    this.notify();
  }

  setUplink(name: string, up: boolean): void {
    if (up) this.down.delete(name);
    else this.down.add(name);
    this.damagedAt = this.timeline.now;
    this.changed();
    this.notify();
  }

  drivers(reader: Process): KernelDrivers {
    const dump = <T>(driver: DumpName, whole: (truth: Observed) => T, some: (truth: Observed, share: number) => T) =>
      this.dump(reader, driver, whole, some);
    const apply = (ops: readonly KernelOp[]): Promise<void> => this.apply(reader, ops);
    return {
      link: {
        observe: () =>
          dump(
            'link',
            ({ namespaces, veths, addresses, uplinks }) => ({ namespaces, veths, addresses, uplinks }),
            ({ namespaces, veths, addresses, uplinks }, share) => ({
              namespaces: portion(namespaces, share),
              veths: portion(veths, share),
              addresses: portion(addresses, share),
              uplinks,
            }),
          ),
        apply,
      },
      route: {
        observe: () =>
          dump(
            'route',
            ({ rules, routes, nexthops }) => ({ rules, routes, nexthops }),
            ({ rules, routes, nexthops }, share) => ({
              rules: portion(rules, share),
              routes: gathered(portion(routesIn(routes), share)),
              nexthops: portion(nexthops, share),
            }),
          ),
        apply,
      },
      sysctl: {
        observe: (wanted) =>
          dump(
            'sysctl',
            ({ sysctls }) => this.settings(sysctls, wanted),
            ({ sysctls }, share) => portion(this.settings(sysctls, wanted), share),
          ),
        apply,
      },
      tunnel: {
        kind: 'kernel',
        probe: async () => ({ works: true }),
        observe: () =>
          dump(
            'tunnel',
            ({ tunnels }) => tunnels,
            ({ tunnels }, share) => portion(tunnels, share),
          ),
        apply,
      },
      firewall: {
        observe: (wanted, present) =>
          dump(
            'firewall',
            () => this.compared(wanted, present),
            (_, share) => portion(this.compared(wanted, present), share),
          ),
        apply,
      },
    };
  }

  events(watcher: Process): KernelEvents {
    return {
      watch: (wake) => {
        const heard = (): void => void watcher.after(EVENT_MS, wake);
        this.watchers.add(heard);
        watcher.onEnd(() => this.watchers.delete(heard));
        return { stop: () => this.watchers.delete(heard) };
      },
    };
  }

  tookMs(): number {
    return this.latencyMs() + this.slowMs;
  }

  private changed(): void {
    this.read = undefined;
    this.answers.clear();
    this.told.changed();
  }

  private notify(): void {
    const { eventFault } = this;
    if (eventFault === 'lost') return;
    const times = eventFault === 'storm' ? STORM : 1;
    const tell = (): void => this.watchers.forEach((heard) => heard());
    for (let n = 0; n < times; n++) {
      if (eventFault === 'late') this.timeline.after(LATE_MS, tell);
      else if (n > 0) this.timeline.after(n * 7, tell);
      else tell();
    }
  }

  /** Those of `sysctls` that are asked for; most looks ask what the one before has asked. */
  private settings(sysctls: Observed['sysctls'], wanted: readonly SysctlState[]): Observed['sysctls'] {
    const { asked } = this;
    if (asked?.sysctls === sysctls && sameItems(asked.wanted, wanted)) return asked.answer;
    const keys = new Set(wanted.map(sysctlKey));
    const answer = sysctls.filter((sysctl) => keys.has(sysctlKey(sysctl)));
    this.asked = { sysctls, wanted, answer };
    return answer;
  }

  private compared(wanted: readonly RulesetState[], present: readonly Netns[]): Observed['rulesets'] {
    const texts = new Map(wanted.map(({ netns, ruleset }) => [netns, ruleset]));
    return [...this.world.rulesets]
      .filter(([netns]) => present.includes(netns))
      .map(
        ([netns, text]) => ({ netns, state: text === texts.get(netns) ? 'equal' : 'different', counters: [] }) as const,
      )
      .sort((a, b) => (a.netns < b.netns ? -1 : 1));
  }

  private async dump<T>(
    reader: Process,
    driver: DumpName,
    whole: (truth: Observed) => T,
    some: (truth: Observed, share: number) => T,
  ): Promise<T> {
    const fault = this.dumpFaults.get(driver);
    if (fault) this.told.observed(driver, fault);
    switch (fault) {
      case undefined:
        return reader.hears(this.tookMs(), () => whole(this.truth()));
      case 'failing':
        return reader.hears(this.tookMs(), () => refuse('failed', `${driver}: Cannot send dump request`));
      case 'reshaped':
        return reader.hears(this.tookMs(), () => refuse('unreadable', `${driver}: field "ifname" is missing`));
      case 'hanging':
        this.hung = { reader, until: this.timeline.now + DUMP_DEADLINE_MS };
        this.timeline.at(this.hung.until, () => this.told.changed());
        return reader.hears(DUMP_DEADLINE_MS, () => refuse('timeout', `${driver}: no end within 10000 ms`));
      case 'empty':
        return reader.hears(this.tookMs(), () => some(this.truth(), 0));
      case 'partial':
        return reader.hears(this.tookMs(), () => some(this.truth(), 0.5));
    }
  }

  /** A batch takes effect in two halves: whoever dies in between has done the first. */
  private async apply(writer: Process, ops: readonly KernelOp[]): Promise<void> {
    const applied = this.told.applying(ops);
    const ms = this.tookMs();
    const half = ms > 0 ? Math.ceil(ops.length / 2) : ops.length;
    try {
      await writer.hears(ms / 2, () => this.execute(ops.slice(0, half)));
      if (half < ops.length) await writer.hears(ms / 2, () => this.execute(ops.slice(half)));
    } finally {
      applied();
    }
  }

  private execute(ops: readonly KernelOp[]): void {
    let told = false;
    try {
      for (const op of ops) {
        if (this.refusal !== undefined) refuse('failed', `${op.kind}: ${this.refusal}`);
        const changed = this.carryOut(op);
        // Settings make no events.
        told ||= changed && op.kind !== 'sysctl-set';
      }
    } finally {
      this.changed();
      if (told) this.notify();
    }
  }

  /** True when something has changed; what is there already is as good as done. A replacement is told even when it is by the same. */
  private carryOut(op: KernelOp): boolean {
    if (op.kind === 'namespace-add' && this.world.namespaces.has(op.namespace.name)) return false;
    try {
      this.world.execute(op);
      return true;
    } catch (error) {
      const text = (error as Error).message;
      if (!text.endsWith('exists')) refuse('failed', text);
      return false;
    }
  }
}

const sameItems = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

function refuse(reason: KernelError['reason'], text: string): never {
  throw new KernelError(reason, text);
}

/** The first ones, as a dump that ended early has them. */
const portion = <T>(items: readonly T[], share: number): readonly T[] =>
  items.slice(0, Math.floor(items.length * share));
