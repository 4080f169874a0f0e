/** A guard with very many prefixes, and an agent's hand in the bench itself. */
import { prefix } from '../../src/model/address.js';
import type { Level } from '../../src/model/level.js';
import type { Announcement } from '../../src/model/path.js';
import { fleetOfMany, guardOf, manyPrefixes, startSpeaker } from './failover-culvert.js';
import { Rig } from './failover-rig.js';
import { monotonicMs } from './monotonic.js';

const LEASE_MS = 60_000;
/** A table of this size takes its time, on a slow machine too. */
export const TABLE_MS = 120_000;

const REASONS = { full: [{ code: 'healthy' }], other: [{ code: 'check-down' }] } as const;

export const announcing = (text: string, asn: number, level: Level): Announcement => ({
  prefix: prefix(text),
  level,
  asPath: [asn],
  reasons: REASONS[level === 'full' ? 'full' : 'other'],
});

/** Offers sets as an agent does; each is handed over at the time that is returned. */
export class Hand {
  private sequence = 0;

  private constructor(
    readonly rig: Rig,
    readonly guard: ReturnType<typeof guardOf>,
    private readonly generation: string,
    private readonly epoch: number,
    readonly prefixes: readonly string[],
  ) {}

  static async open(count: number, program = 'gobgpd'): Promise<Hand> {
    const rig = await Rig.open(0, 0);
    try {
      await startSpeaker(rig, fleetOfMany(count, { leaseMs: LEASE_MS }), { withinMs: TABLE_MS, program });
      const guard = guardOf(rig);
      const { generation } = await guard.status();
      const welcome = await guard.hello('ams-s1', process.pid);
      if (!welcome.accepted) throw new Error(welcome.detail);
      return new Hand(rig, guard, generation, welcome.epoch, manyPrefixes(count).flat());
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  async offer(announcements: readonly Announcement[]): Promise<number> {
    const { generation, epoch } = this;
    const at = monotonicMs();
    const set = { server: 'ams-s1', generation, epoch, sequence: ++this.sequence, ttlMs: LEASE_MS, announcements };
    const answer = await this.guard.offer(set);
    if (!answer.accepted) throw new Error(answer.detail);
    return at;
  }

  async close(): Promise<void> {
    this.guard.close();
    await this.rig.close();
  }
}
