/** One server: a machine, its kernel, its gobgpd, and the real guard and agent on it. */
import { Agent } from '../../src/engine/agent.js';
import { Guard } from '../../src/engine/guard.js';
import type { Address, Prefix } from '../../src/model/address.js';
import type { Fleet, ServerView } from '../../src/model/fleet.js';
import type { IntentRequest } from '../../src/model/intent.js';
import type { KernelOp, SysctlState } from '../../src/model/kernel.js';
import type { Chronicle } from '../../src/ports/chronicle.js';
import type { Log } from '../../src/ports/log.js';
import { MemoryFiles } from '../engine/memory-files.js';
import { type CheckerFault, type Services, simulatedChecker } from './checker.js';
import { Daemon, type Wire } from './daemon.js';
import { simulatedEssential } from './essential.js';
import { inputOf, wantedBy } from './fleet.js';
import { type DumpFault, type DumpName, SimKernel } from './kernel.js';
import { Link, type LinkEars } from './link.js';
import { simulatedProber, type ProberFault, type Ways } from './prober.js';
import { Machine, type Process } from './process.js';
import type { Random } from './random.js';
import { simulatedSpeaker } from './speaker.js';
import type { Timeline } from './timeline.js';

export interface Surroundings {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly fleet: Fleet;
  /** Whatever settings this fleet and its successors want turned. */
  readonly settings: readonly SysctlState[];
  latencyMs(): number;
  connectMs(): number;
  wire(server: Server): Wire;
  ears(server: Server): LinkEars;
  outcome: (server: Server) => Ways['outcome'];
  log(server: Server, who: string): Log;
  /** Before and after each batch of the agent's operations. */
  applying(server: Server, ops: readonly KernelOp[]): () => void;
  observed(driver: DumpName, fault: DumpFault): void;
  /** Something that decides about a server has changed. */
  touched(): void;
}

type Role = 'agent' | 'guard';

/** systemd's RestartSec in our unit. */
const RESTART_MS = 1_000;
/** How long an operator takes to look after a server that came up. */
const VISIT_MS = 8_000;

/** Where agents keep what operators said. */
export const INTENTS = '/state/intents';

/** What happens here is watched, not read up later. */
const unrecorded: Chronicle = { record: () => undefined };

export class Server {
  readonly machine: Machine;
  readonly kernel: SimKernel;
  readonly link: Link;
  readonly files = new MemoryFiles();
  proberFault: ProberFault | undefined;
  checkerFault: CheckerFault | undefined;
  /** Checks that would fail, by their keys. */
  readonly downServices = new Set<string>();
  /** What an operator last asked to withdraw and has not asked for again; `for a while` where it may have ended by itself. */
  readonly takenOut = new Map<Prefix, 'for good' | 'for a while'>();
  /** Words that no agent has taken yet. */
  private readonly unheard = new Map<Prefix, IntentRequest>();
  /** Packets between this server and its router. */
  connected = true;
  daemon: Daemon | undefined;
  guard: { readonly process: Process; readonly guard: Guard } | undefined;
  agent: { readonly process: Process; readonly agent: Agent } | undefined;
  /** What ends in order, and whether it shall start again afterwards. */
  private readonly endings = new Map<Role, { readonly process: Process; again: boolean }>();
  /** Whom the guard has given its epoch. */
  holder: Process | undefined;
  /** When the agent that runs was started: it has to find out everything anew. */
  agentAt = Number.NEGATIVE_INFINITY;
  /** When a set arrived last, wherever it had been. */
  offeredAt = Number.NEGATIVE_INFINITY;
  /** When the last agent left in order, while none has been heard since. */
  handedOverAt: number | undefined;
  /** When an operator saw last that nothing waits for a confirmation. */
  visitedAt = Number.NEGATIVE_INFINITY;
  /** When the fleet file changed last. */
  fleetAt = Number.NEGATIVE_INFINITY;
  /** Whatever a good fleet file of this server has ever let it announce. */
  readonly allowed = new Set<Prefix>();
  private file: Fleet | Error;
  private goodView: ServerView | undefined;
  private routersOfSite: readonly Address[] = [];
  /** What the last good fleet file wants announced. */
  wanted: ReadonlySet<Prefix> = new Set();
  private readonly restartEars = new Set<() => void>();
  private readonly isCounting: boolean;
  private pids = 100;

  constructor(
    readonly name: string,
    private readonly around: Surroundings,
  ) {
    const { timeline, random, fleet } = around;
    this.isCounting = random.fork(`traffic ${name}`).chance(0.5);
    this.file = fleet;
    this.write(fleet);
    this.machine = new Machine(timeline);
    this.kernel = new SimKernel(timeline, this.view.server.uplinks, around.settings, {
      changed: () => around.touched(),
      applying: (ops) => around.applying(this, ops),
      observed: (driver, fault) => around.observed(driver, fault),
    });
    this.kernel.latencyMs = () => around.latencyMs();
    this.link = new Link(timeline, random.fork(`link ${name}`), around.ears(this));
    this.link.latencyMs = () => around.latencyMs();
  }

  /** The fleet file of this server, or what is wrong with it. */
  get disk(): Fleet | Error {
    return this.file;
  }

  write(file: Fleet | Error): void {
    this.file = file;
    if (file instanceof Error) return;
    const { view } = inputOf(file, this.name);
    this.goodView = view;
    this.routersOfSite = view.site.routers.flatMap(({ v4 }) => v4 ?? []);
    this.wanted = wantedBy(file);
    this.fleetAt = this.around.timeline.now;
    for (const { prefixes } of file.customers)
      for (const { prefix, advertise, onDemand } of prefixes) if (advertise || onDemand) this.allowed.add(prefix);
    for (const covering of file.provider.covering) this.allowed.add(covering);
    this.around.touched();
  }

  /** Of the last good fleet file. */
  get view(): ServerView {
    if (!this.goodView) throw new Error(`${this.name} never had a fleet`);
    return this.goodView;
  }

  isEnding(role: Role): boolean {
    return this.endings.has(role);
  }

  get site(): string {
    return this.view.site.name;
  }

  get routers(): readonly Address[] {
    return this.routersOfSite;
  }

  startDaemon(): void {
    if (this.daemon?.process.isAlive) return;
    const daemon = new Daemon(
      this.machine.process(),
      this.around.wire(this),
      () => this.around.connectMs(),
      () => this.around.touched(),
    );
    this.daemon = daemon;
    daemon.process.onEnd(() => (this.daemon = undefined));
    this.restarted();
  }

  startGuard(): void {
    this.startsAgain('guard');
    if (this.guard?.process.isAlive || this.disk instanceof Error) return;
    const process = this.machine.process();
    const { around } = this;
    const speaker = simulatedSpeaker(process, {
      daemon: () => this.daemon,
      latencyMs: () => around.latencyMs(),
      onRestart: (heard) => {
        this.restartEars.add(heard);
        return { stop: () => this.restartEars.delete(heard) };
      },
    });
    const parts = {
      speaker,
      clock: process.clock,
      files: this.files,
      log: around.log(this, 'guard'),
      chronicle: unrecorded,
      stateDir: '/state',
      essential: simulatedEssential(process, this.kernel),
      // Packets that never end hold a drain up as long as they may; what cannot be counted holds nothing up.
      traffic: { packets: () => (this.isCounting ? Math.floor(around.timeline.now) : undefined) },
      checker: this.checker(process),
      listenPort: 179,
      reload: async () => this.read().view,
      fatal: (error: Error) => {
        around.log(this, 'guard').error(`must not run: ${error.message}`);
        process.end();
        around.timeline.after(RESTART_MS, () => this.startGuard());
      },
    };
    process.onEnd(() => {
      this.ended('guard', process);
      if (this.guard?.process === process) this.guard = undefined;
      this.holder = undefined;
      around.touched();
    });
    void Guard.open(parts, this.view).then((guard) => {
      if (!process.isAlive) return;
      this.guard = { process, guard };
      this.link.serve({ desk: guard, process });
      guard.start();
      around.timeline.after(VISIT_MS, () => void this.visit(guard, process));
      around.touched();
    });
  }

  startAgent(): void {
    this.startsAgain('agent');
    if (this.agent?.process.isAlive || this.disk instanceof Error) return;
    this.agent = this.anotherAgent();
    this.agentAt = this.around.timeline.now;
  }

  /** An agent beside the one that should be alone. */
  anotherAgent(): { readonly process: Process; readonly agent: Agent } {
    const process = this.machine.process();
    const { around } = this;
    const agent = new Agent(
      {
        pid: ++this.pids,
        tunnelDriver: 'simulated',
        groups: { kind: 'resilient' },
        clock: process.clock,
        log: around.log(this, 'agent'),
        chronicle: unrecorded,
        kernel: this.kernel.drivers(process),
        events: this.kernel.events(process),
        prober: simulatedProber(process, { fault: () => this.proberFault, outcome: around.outcome(this) }),
        checker: this.checker(process),
        guard: this.link.client(process),
        intents: { files: this.files, path: INTENTS },
      },
      this.read(),
    );
    process.onEnd(() => {
      this.ended('agent', process);
      if (this.agent?.process === process) this.agent = undefined;
      around.touched();
    });
    agent.start();
    around.touched();
    return { process, agent };
  }

  /** SIGTERM; resolves in simulated time. */
  endAgent(mode: 'keep' | 'drain'): void {
    const ending = this.agent;
    if (!ending) return;
    this.endings.set('agent', { process: ending.process, again: false });
    this.around.touched();
    const gone = (): void => this.gone('agent', ending.process);
    // A process that is stopped hears of it when it goes on.
    ending.process.after(0, () => void ending.agent.stop(mode).then(gone, gone));
  }

  endGuard(): void {
    const ending = this.guard;
    if (!ending) return;
    this.endings.set('guard', { process: ending.process, again: false });
    this.around.touched();
    void ending.guard.stop().then(() => this.gone('guard', ending.process));
  }

  /** An operator looks after a guard that has started, and vouches for the fleet when it asks for that. */
  private async visit(guard: Guard, process: Process): Promise<void> {
    if (!process.isRunning || !this.guard) return;
    const { hold } = await guard.status();
    this.visitedAt = this.around.timeline.now;
    if (hold !== undefined) {
      this.around.log(this, 'operator').info(`confirms: ${hold}`);
      await guard.confirm();
    }
    this.around.touched();
  }

  /** The operator's command, repeated until a guard is there to hear it. */
  async undrain(): Promise<void> {
    const { guard } = this;
    if (guard?.process.isRunning) await guard.guard.undrain();
    else this.around.timeline.after(RESTART_MS, () => void this.undrain());
  }

  /** An operator's word, repeated until an agent is there to take it, or another word about the same prefix is said. */
  says(word: IntentRequest): void {
    this.unheard.set(word.prefix, word);
    this.tell(word);
  }

  private tell(word: IntentRequest): void {
    const { agent } = this;
    if (this.unheard.get(word.prefix) !== word) return;
    if (!agent?.process.isRunning || this.isEnding('agent')) {
      this.around.timeline.after(RESTART_MS, () => this.tell(word));
      return;
    }
    this.unheard.delete(word.prefix);
    if (word.want === 'withdraw') this.takenOut.set(word.prefix, word.forMs === undefined ? 'for good' : 'for a while');
    else this.takenOut.delete(word.prefix);
    this.around.touched();
    void agent.agent.intend(word);
  }

  /** SIGHUP. The guard reads for itself. */
  reload(): void {
    const { agent } = this;
    if (!agent || this.disk instanceof Error) return;
    const input = this.read();
    agent.process.after(0, () => {
      const refusal = agent.agent.follow(input);
      if (refusal !== undefined) this.around.log(this, 'agent').warn(`fleet refused: ${refusal}`);
    });
  }

  private checker(owner: Process): ReturnType<typeof simulatedChecker> {
    const outcome: Services['outcome'] = ({ key, netns }) => {
      const isThere = netns === '' || this.kernel.truth().namespaces.some(({ name }) => name === netns);
      if (!isThere) return { outcome: 'unsent', detail: `no ${netns}` };
      if (this.checkerFault === 'unsent') return { outcome: 'unsent', detail: 'Too many open files' };
      return this.downServices.has(key) ? { outcome: 'failed', detail: 'connection refused' } : { outcome: 'ok' };
    };
    return simulatedChecker(owner, { fault: () => this.checkerFault, outcome });
  }

  private gone(role: Role, process: Process): void {
    const ending = this.endings.get(role);
    if (role === 'agent') this.handedOverAt = this.around.timeline.now;
    process.end();
    if (ending?.process !== process || !ending.again) return;
    if (role === 'agent') this.startAgent();
    else this.startGuard();
  }

  /** In order or not. */
  private ended(role: Role, process: Process): void {
    if (this.endings.get(role)?.process === process) this.endings.delete(role);
  }

  private startsAgain(role: Role): void {
    const ending = this.endings.get(role);
    if (ending) ending.again = true;
  }

  private read(): ReturnType<typeof inputOf> {
    if (this.disk instanceof Error) throw this.disk;
    return inputOf(this.disk, this.name);
  }

  private restarted(): void {
    for (const heard of this.restartEars) heard();
    this.around.touched();
  }
}
