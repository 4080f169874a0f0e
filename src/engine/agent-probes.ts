/** Everything that the agent knows from probes: tunnels and checks, who probes them, and what they found. */
import { checkSpecsOf } from '../decide/checks.js';
import type { ServerView } from '../model/fleet.js';
import type { WireState } from '../model/lease.js';
import type { Timer } from '../ports/clock.js';
import { CheckFacts } from './agent-checks.js';
import { probesOf, TunnelFacts } from './agent-facts.js';
import type { Standing } from './agent-chronicle.js';
import type { AgentParts } from './agent-parts.js';

/** How often knowledge is asked whether it still counts, however seldom the kernel is read. */
const AGE_MS = 4_000;

export class Probes {
  readonly tunnels = new TunnelFacts();
  readonly checks = new CheckFacts();
  private aging: Timer | undefined;

  constructor(
    private readonly parts: Pick<AgentParts, 'clock' | 'log' | 'prober' | 'checker'>,
    /** The health of a tunnel or a check has changed. */
    private readonly changed: () => void,
  ) {}

  start(): void {
    this.ageLater();
    const { log, prober, checker } = this.parts;
    prober.start({
      sample: (sample) => this.noted(this.tunnels.take(sample)),
      broken: (reason) => log.warn('prober broken; tunnels keep their state until it ages', { reason }),
    });
    checker?.start({
      sample: (sample) => this.noted(this.checks.take(sample)),
      broken: (reason) => log.warn('checker broken; checks keep their state until it ages', { reason }),
    });
  }

  /** Takes a new fleet over. */
  follow(view: ServerView): void {
    const { clock, prober, checker } = this.parts;
    this.tunnels.follow(view, clock.now());
    this.checks.follow(view, clock.now());
    prober.configure(probesOf(view));
    checker?.configure(checkSpecsOf(view));
  }

  /** Sessions are checked by what the guard tells. */
  heard(wire: WireState): void {
    this.noted(this.checks.takeSessions(wire, this.parts.clock.now()));
  }

  /** Everything, for the record. */
  get standing(): readonly Standing[] {
    return [...this.tunnels.standing, ...this.checks.standing];
  }

  /** Lets knowledge without fresh proof lapse, again and again. */
  private ageLater(): void {
    const { clock } = this.parts;
    this.aging = clock.after(AGE_MS, () => {
      const before = this.revision;
      this.tunnels.age(clock.now());
      this.checks.age(clock.now());
      this.noted(this.revision !== before);
      this.ageLater();
    });
  }

  /** Grows whenever something else is known. */
  get revision(): number {
    return this.tunnels.revision + this.checks.revision;
  }

  async stop(): Promise<void> {
    this.aging?.cancel();
    await Promise.allSettled([this.parts.prober.stop(), this.parts.checker?.stop()]);
  }

  private noted(isChange: boolean): void {
    if (isChange) this.changed();
  }
}
