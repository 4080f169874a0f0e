import { address, type Prefix } from '../../src/model/address.js';
import type { Fleet } from '../../src/model/fleet.js';
import type { AgentState, DesiredSet, WirePrefix, WireState } from '../../src/model/lease.js';
import type { Level } from '../../src/model/level.js';
import type { SessionState } from '../../src/model/path.js';
import { LocalError, type GuardClient } from '../../src/ports/guard.js';
import type { VirtualClock } from '../virtual-clock.js';

interface Standing {
  readonly asked?: Level;
  readonly held: Level | 'unknown';
  readonly since: number;
}

/**
 * A guard that does as it is asked, at once, and remembers. `settle` counts
 * from the withdrawal; prefixes that an offer no longer names are withdrawn
 * and listed until they have settled.
 */
export class FakeGuard {
  /** Why nobody answers. */
  away: string | undefined;
  /** It has the connection and says nothing for as long. */
  answerMs = 0;
  speaker: WireState['speaker'] = 'ready';
  agent: AgentState = 'never-seen';
  /** The pid of another agent that has the seat. */
  heldBy: number | undefined;
  /** With the site's router. */
  session: SessionState = 'established';
  /** The fleet it reads; follows the agent's when undefined. */
  generation: string | undefined;
  readonly offers: DesiredSet[] = [];
  hellos = 0;
  handovers: string[] = [];
  private readonly standing = new Map<Prefix, Standing>();
  private followed: string;
  private epoch = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly fleet: Fleet,
    private readonly say: (text: string) => void,
  ) {
    this.followed = fleet.generation;
  }

  /** What an earlier agent had asked for, and what stands. */
  remember(prefix: string, asked: Level | undefined, held: Level | 'unknown'): void {
    this.standing.set(prefix as Prefix, { ...(asked ? { asked } : {}), held, since: this.clock.now() });
  }

  held(prefix: Prefix): Level | 'unknown' | undefined {
    return this.standing.get(prefix)?.held;
  }

  /** Another agent takes the seat while ours does not look. */
  giveAway(pid: number): void {
    this.heldBy = pid;
    this.epoch += 1;
  }

  /** It restarts: epochs end, and what it was told is forgotten; the speaker goes on. */
  restart(): void {
    this.epoch += 1000;
    for (const [prefix, { held, since }] of this.standing) this.standing.set(prefix, { held, since });
  }

  client(): GuardClient {
    const call = async <T>(answer: () => T): Promise<T> => {
      if (this.away !== undefined) throw new LocalError('unreachable', this.away);
      if (this.answerMs > 0) await new Promise<void>((resolve) => this.clock.after(this.answerMs, resolve));
      return answer();
    };
    return {
      hello: () =>
        call(() => {
          this.hellos++;
          if (this.heldBy !== undefined) return { accepted: false, detail: `another agent runs, pid ${this.heldBy}` };
          return { accepted: true, epoch: ++this.epoch, wire: this.wire() };
        }),
      offer: (set) =>
        call(() => {
          if (set.epoch !== this.epoch) {
            return { accepted: false, refusal: 'stale-epoch', detail: `epoch ${set.epoch} has ended` };
          }
          this.take(set);
          return { accepted: true, wire: this.wire() };
        }),
      handover: (_, mode) =>
        call(() => {
          this.handovers.push(mode);
          this.say(`handover ${mode}`);
        }),
      drain: () => call(() => undefined),
      undrain: () => call(() => undefined),
      confirm: () => call(() => undefined),
      status: () => call(() => this.wire()),
      close: () => undefined,
    };
  }

  private take(set: DesiredSet): void {
    this.offers.push(set);
    this.agent = 'leased';
    this.followed = this.generation ?? set.generation;
    const named = new Set(set.announcements.map(({ prefix }) => prefix));
    for (const { prefix, level } of set.announcements) this.change(prefix, level, level);
    for (const prefix of this.standing.keys()) if (!named.has(prefix)) this.change(prefix, undefined, 'withdrawn');
  }

  private change(prefix: Prefix, asked: Level | undefined, level: Level): void {
    const now = this.standing.get(prefix);
    if (now?.held !== level) this.say(`wire: ${prefix} ${level}`);
    this.standing.set(prefix, {
      ...(asked ? { asked } : {}),
      held: level,
      since: now?.held === level ? now.since : this.clock.now(),
    });
  }

  private wire(): WireState {
    const { settleMs } = this.fleet.safety;
    const now = this.clock.now();
    const listed = [...this.standing].map(([prefix, { asked, held, since }]): WirePrefix => ({
      prefix,
      ...(asked ? { asked } : {}),
      level: asked ?? 'withdrawn',
      reasons: [],
      held,
      settled: held === 'withdrawn' && now >= since + settleMs,
    }));
    return {
      speaker: this.speaker,
      generation: this.followed,
      agent: this.agent,
      drain: 'in-service',
      prefixes: listed,
      peers: [{ address: address('198.18.1.1'), asn: 64500, state: this.session }],
      reports: [],
    };
  }
}
