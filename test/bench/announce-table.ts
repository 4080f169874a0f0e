/** A full table announced and withdrawn: through the guard, and by a bare AddPathStream to a gobgpd beside it. */
import type { Dialect } from '../../src/drivers/speaker/gobgp/dialect.js';
import { RawGobgp } from '../drivers/speaker/raw-gobgp.js';
import { announcing, barePathsOf, Hand, TABLE_MS } from './announce-rig.js';
import { asnOf, manyPrefixes } from './failover-culvert.js';
import type { Row } from './failover-figures.js';
import { startGobgpd } from './failover-peers.js';
import { type Rig, SECOND } from './failover-rig.js';
import { monotonicMs } from './monotonic.js';
import { resident } from './programs.js';

const ROUNDS = 3;

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
  const took = { announced: [], withdrawn: [], bareAnnounced: [], bareWithdrawn: [] } as Record<string, number[]>;
  try {
    await startGobgpd(rig, SECOND, daemon.program);
    const bare = new RawGobgp(`unix:${rig.path('peer.sock')}`, 'protos', daemon.dialect);
    const [full, gone] = [set('full'), set('withdrawn')];
    for (let round = 0; round < ROUNDS; round++) {
      took.announced?.push(await passage(rig, () => hand.offer(full), prefixes));
      await hand.known('full');
      took.withdrawn?.push(await passage(rig, () => hand.offer(gone), 0));
      await hand.known('withdrawn');
      took.bareAnnounced?.push(await passage(rig, () => bare.addPathStream(paths), prefixes));
      took.bareWithdrawn?.push(await passage(rig, () => bare.addPathStream(paths, true), 0));
    }
    bare.close();
    const rows = (what: string, own: string, other: string): readonly Row[] => [
      { what, side: `Culvert, ${daemon.name}`, samples: took[own] ?? [] },
      { what, side: `bare AddPathStream, ${daemon.name}`, samples: took[other] ?? [], culvert: took[own] ?? [] },
    ];
    return [
      ...rows(`${prefixes} prefixes announced → all at the receiver`, 'announced', 'bareAnnounced'),
      ...rows(`${prefixes} prefixes withdrawn → none at the receiver`, 'withdrawn', 'bareWithdrawn'),
      `Guard with ${daemon.name}, after ${ROUNDS} rounds: ${await resident(rig, 'guard')} MiB resident.`,
    ];
  } finally {
    await hand.close();
  }
}
