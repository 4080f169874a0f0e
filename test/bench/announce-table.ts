/**
 * A full table announced and withdrawn: through the guard, and by a bare
 * AddPathStream to a gobgpd beside it, whose paths are messages as GoBGP's own
 * clients write them, or octets as the guard does.
 */
import type { Dialect } from '../../src/drivers/speaker/gobgp/dialect.js';
import { RawGobgp, type Writing } from '../drivers/speaker/raw-gobgp.js';
import { announcing, barePathsOf, Hand, TABLE_MS } from './announce-rig.js';
import { asnOf, manyPrefixes } from './failover-culvert.js';
import type { Row } from './failover-figures.js';
import { startGobgpd } from './failover-peers.js';
import { type Rig, SECOND } from './failover-rig.js';
import { monotonicMs } from './monotonic.js';
import { resident } from './programs.js';

const ROUNDS = 5;
const WRITINGS: readonly Writing[] = ['messages', 'octets'];

/** Milliseconds between an order and the last UPDATE that it caused. */
async function passage(rig: Rig, order: () => Promise<unknown>, standing: number): Promise<number> {
  const began = monotonicMs();
  const ordered = order();
  await rig.until(`${standing} prefixes at the receiver`, () => rig.announced() === standing, TABLE_MS);
  await ordered;
  return rig.lastUpdateAt - began;
}

/** One that a table is sent through. */
export interface Daemon {
  readonly name: string;
  readonly program: string;
  readonly dialect: Dialect;
}

export async function benchTable(prefixes: number, daemon: Daemon): Promise<readonly (Row | string)[]> {
  const hand = await Hand.open(prefixes, daemon.program);
  const { rig } = hand;
  const ordered = manyPrefixes(prefixes);
  const set = (level: 'full' | 'withdrawn') =>
    ordered.flatMap((own, customer) => own.map((text) => announcing(text, asnOf(customer), level)));
  const paths = ordered.flatMap(barePathsOf);
  const took = new Map<string, number[]>();
  const note = (what: string, ms: number) => took.set(what, [...(took.get(what) ?? []), ms]);
  try {
    await startGobgpd(rig, SECOND, daemon.program);
    const bare = new RawGobgp(`unix:${rig.path('peer.sock')}`, 'protos', daemon.dialect);
    const [full, gone] = [set('full'), set('withdrawn')];
    for (let round = 0; round < ROUNDS; round++) {
      note('announced', await passage(rig, () => hand.offer(full), prefixes));
      await hand.known('full');
      note('withdrawn', await passage(rig, () => hand.offer(gone), 0));
      await hand.known('withdrawn');
      for (const writing of WRITINGS) {
        note(`announced ${writing}`, await passage(rig, () => bare.addPathStream(paths, false, writing), prefixes));
        note(`withdrawn ${writing}`, await passage(rig, () => bare.addPathStream(paths, true, writing), 0));
      }
    }
    bare.close();
    const rows = (what: string, order: string): readonly Row[] => {
      const culvert = took.get(order) ?? [];
      const bare = WRITINGS.map((writing): Row => {
        const samples = took.get(`${order} ${writing}`) ?? [];
        return { what, side: `bare AddPathStream of ${writing}, ${daemon.name}`, samples, culvert };
      });
      return [{ what, side: `Culvert, ${daemon.name}`, samples: culvert }, ...bare];
    };
    return [
      ...rows(`${prefixes} prefixes announced → all at the receiver`, 'announced'),
      ...rows(`${prefixes} prefixes withdrawn → none at the receiver`, 'withdrawn'),
      `Guard with ${daemon.name}, after ${ROUNDS} rounds: ${await resident(rig, 'guard')} MiB resident.`,
    ];
  } finally {
    await hand.close();
  }
}
