/** Sites, servers, routers and the ways to customers: everything that a seed decides, built and connected. */
import type { GoverningCheck } from '../../src/decide/checks.js';
import type { Prefix } from '../../src/model/address.js';
import { viewOf, type Fleet, type ServerView } from '../../src/model/fleet.js';
import type { KernelOp, SysctlState } from '../../src/model/kernel.js';
import type { HelloAnswer, OfferAnswer, DesiredSet, WireState } from '../../src/model/lease.js';
import type { Path } from '../../src/model/path.js';
import { Coverage } from './coverage.js';
import type { Wire } from './daemon.js';
import { checksOf, enlarged, settingsOf, simulatedFleet } from './fleet.js';
import type { Process } from './process.js';
import type { Ways } from './prober.js';
import { Random } from './random.js';
import { type Entry, Router } from './router.js';
import { Server } from './server.js';
import { type Host, Timeline } from './timeline.js';
import { Trace } from './trace.js';

export type Remote = 'up' | 'down' | 'lossy';

/** Who watches what happens. Each may throw a `Violation`. */
export interface Watcher {
  /** A router's table has changed. */
  heard?(server: Server, entry: Entry, path: Path | undefined): void;
  greeted?(server: Server, agent: Process, answer: HelloAnswer): void;
  /** A set arrives at the guard; the answer is told to what this answers. */
  offering?(server: Server, agent: Process, set: DesiredSet): (answer: OfferAnswer) => void;
  /** Before a batch of the agent's operations; the answer is called after it. */
  applying?(server: Server, ops: readonly KernelOp[]): (() => void) | undefined;
  /** Something has changed, or the moment has come that was asked for. Answers when to look again. */
  look?(now: number): number | undefined;
  /** Nothing more is in store, and there was time to recover. */
  ended?(): void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly fleet?: Fleet;
  /** Every operation takes no time; otherwise the seed decides. */
  readonly instant?: boolean;
  readonly say?: (line: string) => void;
}

export class World {
  readonly timeline = new Timeline();
  readonly random: Random;
  readonly coverage = new Coverage();
  readonly trace: Trace;
  readonly fleet: Fleet;
  /** The same fleet with a customer more. */
  readonly larger: Fleet;
  /** Made at every server. */
  readonly checks: readonly GoverningCheck[];
  readonly servers: readonly Server[];
  readonly routers: ReadonlyMap<string, Router>;
  /** By `site customer/tunnel`; absent is up. */
  readonly remotes = new Map<string, Remote>();
  /** Faults under way, by server. */
  private readonly afflictions = new Map<Server, Map<string, number>>();
  private readonly watchers: Watcher[] = [];
  private readonly isInstant: boolean;
  private readonly settings: readonly SysctlState[];
  private readonly widestViews = new Map<Server, ServerView>();
  private readonly chance: Random;
  private touched = true;
  /** The first violation. */
  private found: Error | undefined;
  private lookAt = Number.POSITIVE_INFINITY;
  /** As routers have them, by `server prefix`. */
  private readonly levels = new Map<string, string>();
  private readonly script: number[] = [];
  private readonly wires = new Map<Server, WireState>();
  private readonly offeredBefore = new Map<Server, DesiredSet['announcements']>();

  constructor(options: WorldOptions) {
    this.random = new Random(options.seed);
    this.chance = this.random.fork('ways and times');
    this.trace = new Trace(this.timeline, options.say);
    this.fleet = options.fleet ?? simulatedFleet(this.random.fork('fleet'));
    this.larger = enlarged(this.fleet, 'g2');
    this.prefixes = [
      ...this.larger.provider.covering,
      ...this.larger.customers.flatMap(({ prefixes }) => prefixes.map(({ prefix }) => prefix)),
    ];
    this.isInstant = options.instant ?? this.random.fork('latency').chance(0.7);
    this.routers = new Map(
      this.fleet.sites.map(({ name }) => [name, new Router(this.timeline, (entry, path) => this.heard(entry, path))]),
    );
    this.checks = checksOf(this.fleet);
    this.settings = settingsOf([this.fleet, this.larger]);
    this.servers = this.fleet.sites.flatMap(({ servers }) => servers.map(({ name }) => this.server(name)));
  }

  /** What a seed has in store: unlike everything else, it does not wait when quiet time is skipped. */
  plan(at: number, call: () => void): void {
    this.script.push(at);
    this.timeline.at(at, call, SCRIPT);
  }

  /**
   * Nothing has happened for a while and nothing will before the script goes
   * on: the clocks of all machines stand still until then.
   */
  skipQuiet(end: number): void {
    const { now } = this.timeline;
    const next = Math.min(end, ...this.script.filter((at) => at > now));
    const ms = next - now;
    if (ms < SHORTEST_SKIP_MS) return;
    for (const { machine } of this.servers) machine.skip(ms);
    this.timeline.postpone((host) => host !== SCRIPT, ms);
    this.touch();
  }

  watch(watcher: Watcher): void {
    this.watchers.push(watcher);
  }

  start(): void {
    for (const server of this.servers) {
      server.startDaemon();
      server.startGuard();
      server.startAgent();
    }
  }

  /** Until `until`, in milliseconds from the start. Rejects with a `Violation`. */
  run(until: number): Promise<void> {
    return this.timeline.run(until, () => {
      if (this.found) throw this.found;
      if (!this.touched) return;
      this.touched = false;
      this.look();
    });
  }

  /** The last word of every watcher. */
  end(): void {
    for (const watcher of this.watchers) watcher.ended?.();
  }

  touch(): void {
    this.touched = true;
  }

  serverOf(name: string): Server {
    const server = this.servers.find((candidate) => candidate.name === name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  }

  routerOf(server: Server): Router {
    const router = this.routers.get(server.site);
    if (!router) throw new Error(`no router in ${server.site}`);
    return router;
  }

  /** As in the largest fleet, so that whatever is announced can be understood. */
  widestView(server: Server): ServerView {
    const known = this.widestViews.get(server);
    if (known) return known;
    const view = viewOf(this.larger, server.name);
    if (!view) throw new Error(`no ${server.name}`);
    this.widestViews.set(server, view);
    return view;
  }

  /** Customers' prefixes and the covering ones, of every generation. */
  readonly prefixes: readonly Prefix[];

  /** The router hears nothing any more, and lets go when its hold timer has run out. */
  holdTimerRuns(server: Server): void {
    const { daemon } = server;
    const hold = 1_000 * Math.min(...server.view.site.routers.map((router) => router.hold));
    const began = this.timeline.now;
    this.timeline.after(hold, () => {
      const isSilent = !server.connected || server.machine.paused || !daemon?.process.isRunning;
      if (!isSilent || server.daemon !== daemon || this.timeline.now < began + hold) return;
      for (const router of server.routers) daemon?.sessionLost(router);
    });
  }

  afflict(servers: readonly Server[], fault: string): void {
    for (const server of servers) {
      const faults = this.afflictions.get(server) ?? new Map<string, number>();
      faults.set(fault, (faults.get(fault) ?? 0) + 1);
      this.afflictions.set(server, faults);
    }
    this.touch();
  }

  relieve(servers: readonly Server[], fault: string): void {
    for (const server of servers) {
      const faults = this.afflictions.get(server);
      const left = (faults?.get(fault) ?? 0) - 1;
      if (left > 0) faults?.set(fault, left);
      else faults?.delete(fault);
    }
    this.touch();
  }

  faultsOf(server: Server): ReadonlyMap<string, number> {
    return this.afflictions.get(server) ?? NONE;
  }

  /** Every tunnel of the prefix's customer, as it can be reached from this server's site. */
  remotesOf(server: Server, prefix: Prefix): readonly Remote[] {
    const customer = this.larger.customers.find(({ prefixes }) => prefixes.some((own) => own.prefix === prefix));
    const tunnels = customer?.tunnels ?? [];
    if (this.remotes.size === 0) return tunnels.map(() => 'up');
    return tunnels.map(({ name }) => this.remotes.get(`${server.site} ${customer?.name ?? ''}/${name}`) ?? 'up');
  }

  /** Some tunnel cannot be reached, or not well, from this server's site. */
  hasLostWays({ site }: Server): boolean {
    return [...this.remotes].some(([key, remote]) => key.startsWith(`${site} `) && remote !== 'up');
  }

  private server(name: string): Server {
    return new Server(name, {
      timeline: this.timeline,
      random: this.random,
      fleet: this.fleet,
      settings: this.settings,
      latencyMs: () => (this.isInstant ? 0 : this.chance.between(0.1, 4)),
      connectMs: () => this.chance.between(200, 1_500),
      wire: (server) => this.wireOf(server),
      ears: (server) => ({
        greeted: (agent, answer) => {
          if (answer.accepted) server.holder = agent;
          this.touch();
          this.tell('greeted', (watcher) => watcher.greeted?.(server, agent, answer));
        },
        offering: (agent, set) => {
          this.noteOffer(server, set);
          server.offeredAt = this.timeline.now;
          const ears = this.tell('offering', (watcher) => watcher.offering?.(server, agent, set));
          return (answer) => {
            // A set that its own agent's hand-over has overtaken is refused.
            if (answer.accepted && agent === server.holder) server.handedOverAt = undefined;
            ears.forEach((heard) => this.noting(() => heard(answer)));
          };
        },
        leaving: (agent) => {
          if (agent === server.holder) server.handedOverAt = this.timeline.now;
        },
        wire: (wire) => {
          // Most answers are the same as before.
          if (this.wires.get(server) === wire) return;
          this.wires.set(server, wire);
          for (const { reasons } of wire.prefixes) for (const { code } of reasons) this.coverage.saw('reason', code);
        },
      }),
      outcome: (server) => this.outcomeOf(server),
      log: (server, who) => {
        const say = (text: string, fields: object = {}): void =>
          this.trace.note(`${server.name} ${who}: ${text} ${JSON.stringify(fields)}`);
        return { info: say, warn: say, error: say };
      },
      applying: (server, ops) => {
        const after = this.tell('applying', (watcher) => watcher.applying?.(server, ops));
        return () => after.forEach((call) => this.noting(call));
      },
      observed: () => undefined,
      touched: () => this.touch(),
    });
  }

  private wireOf(server: Server): Wire {
    const router = (): Router => this.routerOf(server);
    return {
      connected: () => server.connected,
      established: (peer) => {
        this.trace.note(`${server.name} session with ${peer} established`);
        this.touch();
      },
      announced: (_, path) => router().announced(this.widestView(server), path),
      withdrawn: (_, prefix) => router().withdrawn(server.name, prefix),
      closed: (peer) => {
        this.trace.note(`${server.name} session with ${peer} closed`);
        router().sessionEnded(server.name);
        this.touch();
      },
    };
  }

  private outcomeOf(server: Server): Ways['outcome'] {
    return ({ customer, tunnel, netns, device }) => {
      const { tunnels, uplinks } = server.kernel.truth();
      const stands = tunnels.some((found) => found.netns === netns && found.name === device && found.up);
      if (!stands) return { outcome: 'unsent', detail: `no ${device} in ${netns}` };
      if (!server.connected || !uplinks.some(({ up }) => up)) return { outcome: 'lost' };
      const remote = this.remotes.get(`${server.site} ${customer}/${tunnel}`) ?? 'up';
      const lost = remote === 'down' || (remote === 'lossy' && this.chance.chance(0.4));
      return { outcome: lost ? 'lost' : 'answered' };
    };
  }

  /** Watchers are called from inside the engine, which must not catch what they find. */
  private tell<T>(hook: keyof Watcher, call: (watcher: Watcher) => T | undefined): readonly T[] {
    const answers: T[] = [];
    for (const watcher of this.watchers) {
      if (watcher[hook] === undefined) continue;
      const answer = this.noting(() => call(watcher));
      if (answer !== undefined) answers.push(answer);
    }
    return answers;
  }

  private noting<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.found ??= error as Error;
      return undefined;
    }
  }

  private heard(entry: Entry, path: Path | undefined): void {
    const server = this.serverOf(entry.server);
    const known = this.levels.get(`${entry.server} ${entry.prefix}`) ?? 'withdrawn';
    const level = entry.level ?? 'withdrawn';
    this.levels.set(`${entry.server} ${entry.prefix}`, level);
    if (entry.by === 'update' && known !== level) this.coverage.saw('transition', `${known} → ${level}`);
    this.trace.note(`${server.site} hears ${entry.server} ${entry.prefix} ${entry.level ?? `gone (${entry.by})`}`);
    this.touch();
    this.tell('heard', (watcher) => watcher.heard?.(server, entry, path));
    // Nobody else may be there to hear the guard's reasons.
    this.timeline.after(60, () => void this.askGuard(server));
  }

  private async askGuard(server: Server): Promise<void> {
    const { guard } = server;
    if (!guard?.process.isRunning) return;
    const { prefixes } = await guard.guard.status();
    for (const { reasons } of prefixes) for (const { code } of reasons) this.coverage.saw('reason', code);
  }

  private noteOffer(server: Server, { announcements }: DesiredSet): void {
    if (this.offeredBefore.get(server) === announcements) return;
    this.offeredBefore.set(server, announcements);
    for (const { reasons } of announcements) for (const { code } of reasons) this.coverage.saw('reason', code);
  }

  private look(): void {
    const { now } = this.timeline;
    let next = Number.POSITIVE_INFINITY;
    for (const watcher of this.watchers) {
      const again = watcher.look?.(now);
      if (again !== undefined && again > now) next = Math.min(next, again);
    }
    if (next >= this.lookAt && this.lookAt > now) return;
    this.lookAt = next;
    if (next < Number.POSITIVE_INFINITY) this.timeline.at(next, () => this.touch());
  }
}

const SCRIPT: Host = { receives: () => true };
const SHORTEST_SKIP_MS = 500;
const NONE: ReadonlyMap<string, number> = new Map();
