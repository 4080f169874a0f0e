/** Everything that the agent knows from probes: tunnels and checks, who probes them, and what they found. */
import { checkSpecsOf } from '../decide/checks.js';
import type { ServerView } from '../model/fleet.js';
import type { WireState } from '../model/lease.js';
import { CheckFacts } from './agent-checks.js';
import { probesOf, TunnelFacts } from './agent-facts.js';
import type { Standing } from './agent-chronicle.js';
import type { AgentParts } from './agent-parts.js';

export class Probes {
  readonly tunnels = new TunnelFacts();
  readonly checks = new CheckFacts();

  constructor(
    private readonly parts: Pick<AgentParts, 'clock' | 'log' | 'prober' | 'checker'>,
    /** The health of a tunnel or a check has changed. */
    private readonly changed: () => void,
  ) {}

  start(): void {
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

  /** Lets knowledge without fresh proof lapse. */
  age(): void {
    const now = this.parts.clock.now();
    this.tunnels.age(now);
    this.checks.age(now);
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.parts.prober.stop(), this.parts.checker?.stop()]);
  }

  private noted(isChange: boolean): void {
    if (isChange) this.changed();
  }
}
