/** A guard with very many prefixes, and an agent's hand in the bench itself. */
import { serverNumber } from '../../src/decide/attributes.js';
import { address, prefix } from '../../src/model/address.js';
import type { Level } from '../../src/model/level.js';
import type { List } from '../../src/model/list.js';
import type { Announcement, Path, PathAttributes } from '../../src/model/path.js';
import { asnOf, fleetOfMany, guardOf, manyPrefixes, startSpeaker } from './failover-culvert.js';
import { ASN, pause, Rig, SECOND } from './failover-rig.js';
import { monotonicMs } from './monotonic.js';

const LEASE_MS = 60_000;
/** A table of this size takes its time, on a slow machine too. */
export const TABLE_MS = 120_000;

const REASONS = { full: [{ code: 'healthy' }], other: [{ code: 'check-down' }] } as const;

/** As an agent has them: those of one customer share all that they say but the prefix. */
export function announcing(own: readonly string[], asn: number, level: Level): readonly Announcement[] {
  const said = { level, asPath: [asn], reasons: REASONS[level === 'full' ? 'full' : 'other'] };
  return own.map((text) => ({ prefix: prefix(text), ...said }));
}

/** What a bare side sends: with the attributes that Culvert gives to the prefixes of this customer. */
export function barePathsOf(own: readonly string[], customer: number): readonly Path[] {
  const attributes: PathAttributes = {
    ...{ asPath: [asnOf(customer)], nextHop: address(SECOND), med: 0 },
    ...{ communities: [], largeCommunities: [`${ASN}:1:${serverNumber('ams-s1')}`] },
  };
  return own.map((text) => ({ prefix: prefix(text), attributes }));
}

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

  async offer(announcements: List<Announcement>): Promise<number> {
    const { generation, epoch } = this;
    const at = monotonicMs();
    const set = { server: 'ams-s1', generation, epoch, sequence: ++this.sequence, ttlMs: LEASE_MS, announcements };
    const answer = await this.guard.offer(set);
    if (!answer.accepted) throw new Error(answer.detail);
    return at;
  }

  /** Waits until the guard has read back that all of the prefixes are held at this level. */
  async known(level: Level): Promise<void> {
    await this.rig.until(
      `${level} read back`,
      async () => {
        // A status of very many prefixes is work for the guard: asked for without a pause it would be what is measured.
        await pause(250);
        const { prefixes } = await this.guard.status();
        return prefixes.filter(({ held }) => held === level).length >= this.prefixes.length;
      },
      TABLE_MS,
    );
  }

  async close(): Promise<void> {
    this.guard.close();
    await this.rig.close();
  }
}
