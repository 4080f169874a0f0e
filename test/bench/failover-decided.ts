/** From a decision to the UPDATE at the receiver: through the guard, and by a bare AddPath to a gobgpd beside it. */
import { gobgp3 } from '../../src/drivers/speaker/gobgp/v3.js';
import { prefix } from '../../src/model/address.js';
import type { Level } from '../../src/model/level.js';
import type { Announcement } from '../../src/model/path.js';
import { RawGobgp } from '../drivers/speaker/raw-gobgp.js';
import { fleetOfServices, guardOf, startSpeaker } from './failover-culvert.js';
import type { Row } from './failover-figures.js';
import { startGobgpd } from './failover-peers.js';
import { Rig, SECOND } from './failover-rig.js';
import { servicesOf } from './failover-services.js';
import { monotonicMs } from './monotonic.js';

const LEASE_MS = 10_000;
const BARE = '10.99.0.0';

const announcing = (level: Level, text: string, index: number): Announcement => ({
  prefix: prefix(text),
  level,
  asPath: [64_600 + index],
  reasons: [{ code: level === 'full' ? 'healthy' : 'check-down' }],
});

export async function benchDecided(cycles: number): Promise<readonly (Row | string)[]> {
  const services = servicesOf(['1 s × 3'], 20);
  const rig = await Rig.open(0, 0);
  const guard = guardOf(rig);
  try {
    await startSpeaker(rig, fleetOfServices(services, { leaseMs: LEASE_MS }));
    await startGobgpd(rig, SECOND);
    const bare = new RawGobgp(`unix:${rig.path('peer.sock')}`, 'protos', gobgp3);
    const { generation } = await guard.status();
    const welcome = await guard.hello('ams-s1', process.pid);
    if (!welcome.accepted) throw new Error(welcome.detail);
    let sequence = 0;
    const [subject = ''] = services.map((service) => service.prefix);
    /** The time of the hand-over of a set in which one prefix has this level. */
    const decide = async (level: Level): Promise<number> => {
      const announcements = services.map(({ prefix: own }, index) =>
        announcing(own === subject ? level : 'full', own, index),
      );
      const set = { server: 'ams-s1', generation, epoch: welcome.epoch, sequence: ++sequence, ttlMs: LEASE_MS };
      const at = monotonicMs();
      const answer = await guard.offer({ ...set, announcements });
      if (!answer.accepted) throw new Error(answer.detail);
      return at;
    };
    const heard = async (text: string, level: Level, since: number): Promise<number> => {
      await rig.until(`${text} ${level}`, () => rig.heardAt(text, level) > since);
      return rig.heardAt(text, level) - since;
    };
    // Until the guard believes this agent.
    await rig.until('full', async () => (await decide('full'), rig.level(subject) === 'full'));
    const samples: Record<'bare' | 'degraded' | 'withdrawn' | 'full', number[]> = {
      bare: [],
      degraded: [],
      withdrawn: [],
      full: [],
    };
    for (let cycle = 0; cycle < cycles; cycle++) {
      for (const level of ['degraded', 'withdrawn', 'full'] as const) {
        samples[level].push(await heard(subject, level, await decide(level)));
        const since = monotonicMs();
        // Another origin each time: the same path again would send nothing.
        await bare.addPath(BARE, 24, { origin: samples.bare.length % 2 });
        samples.bare.push(await heard(`${BARE}/24`, 'full', since));
      }
    }
    bare.close();
    const all = [...samples.degraded, ...samples.withdrawn, ...samples.full];
    const what = 'decided → UPDATE at the receiver';
    return [
      { what, side: 'Culvert, guard and 20 prefixes', samples: all },
      { what: `${what}, withdrawals alone`, side: 'Culvert', samples: samples.withdrawn },
      { what, side: 'bare AddPath', samples: samples.bare, culvert: all },
    ];
  } finally {
    guard.close();
    await rig.close();
  }
}
