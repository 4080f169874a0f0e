/**
 * A full table announced and withdrawn: through the guard, and by bare
 * AddPathStreams to a gobgpd beside it. One has paths as GoBGP's own clients
 * write them, and nothing else. The other shows how much of the guard's time is
 * GoBGP's: its paths are octets as the guard's are, behind the same allow-list.
 */
import type { Dialect } from '../../src/drivers/speaker/gobgp/dialect.js';
import { createGobgpSpeaker } from '../../src/drivers/speaker/gobgp.js';
import { POLICY } from '../../src/drivers/speaker/gobgp/convert-policy.js';
import { prefix } from '../../src/model/address.js';
import { RawGobgp, type Writing } from '../drivers/speaker/raw-gobgp.js';
import { announcing, barePathsOf, Hand, TABLE_MS } from './announce-rig.js';
import { asnOf, manyPrefixes } from './failover-culvert.js';
import type { Row } from './failover-figures.js';
import { startGobgpd } from './failover-peers.js';
import { pause, type Rig, SECOND } from './failover-rig.js';
import { monotonicMs } from './monotonic.js';
import { resident } from './programs.js';

interface Bare {
  readonly side: string;
  readonly writing: Writing;
  readonly isGuarded: boolean;
}
const BARE: readonly Bare[] = [
  { side: 'bare AddPathStream', writing: 'messages', isGuarded: false },
  { side: 'bare octets behind the allow-list', writing: 'octets', isGuarded: true },
];

const [IMPORT, EXPORT] = [1, 2] as const;
const [ACCEPT, REJECT] = [1, 2] as const;

/** What the guard's gobgpd has: an allow-list of everything. */
async function installBarrier(rig: Rig, prefixes: readonly string[]): Promise<void> {
  const address = `unix:${rig.path('peer.sock')}`;
  const speaker = createGobgpSpeaker({ address, protoDir: 'protos', deadlineMs: TABLE_MS });
  try {
    await speaker.apply([{ kind: 'install-barrier', allow: prefixes.map(prefix) }]);
  } finally {
    speaker.close();
  }
}

async function guarded(bare: RawGobgp, isGuarded: boolean): Promise<void> {
  for (const direction of [IMPORT, EXPORT] as const)
    await bare.assign(direction, isGuarded ? [POLICY] : [], isGuarded ? REJECT : ACCEPT);
}

/** The guard gives memory back by and by. */
const REST_MS = 30_000;

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
  /** Each takes GoBGP 3.10 a minute, and 4.8 a quarter of that. */
  readonly rounds: number;
}

export async function benchTable(prefixes: number, daemon: Daemon): Promise<readonly (Row | string)[]> {
  const hand = await Hand.open(prefixes, daemon.program);
  const { rig } = hand;
  const ordered = manyPrefixes(prefixes);
  const set = (level: 'full' | 'withdrawn') =>
    ordered.flatMap((own, customer) => announcing(own, asnOf(customer), level));
  const paths = ordered.flatMap(barePathsOf);
  const took = new Map<string, number[]>();
  const note = (what: string, ms: number) => took.set(what, [...(took.get(what) ?? []), ms]);
  try {
    await startGobgpd(rig, SECOND, daemon.program);
    await installBarrier(rig, ordered.flat());
    const bare = new RawGobgp(`unix:${rig.path('peer.sock')}`, 'protos', daemon.dialect);
    const [full, gone] = [set('full'), set('withdrawn')];
    for (let round = 0; round < daemon.rounds; round++) {
      note('announced', await passage(rig, () => hand.offer(full), prefixes));
      await hand.known('full');
      note('withdrawn', await passage(rig, () => hand.offer(gone), 0));
      await hand.known('withdrawn');
      for (const { side, writing, isGuarded } of BARE) {
        // Renews the lease, which is shorter than a round.
        await hand.offer(gone);
        await guarded(bare, isGuarded);
        note(`announced ${side}`, await passage(rig, () => bare.addPathStream(paths, false, writing), prefixes));
        note(`withdrawn ${side}`, await passage(rig, () => bare.addPathStream(paths, true, writing), 0));
      }
    }
    bare.close();
    const atOnce = await resident(rig, 'guard');
    await pause(REST_MS);
    const rows = (what: string, order: string): readonly Row[] => {
      const culvert = took.get(order) ?? [];
      const others = BARE.map(({ side }): Row => ({
        what,
        side: `${side}, ${daemon.name}`,
        samples: took.get(`${order} ${side}`) ?? [],
        culvert,
      }));
      return [{ what, side: `Culvert, ${daemon.name}`, samples: culvert }, ...others];
    };
    return [
      ...rows(`${prefixes} prefixes announced → all at the receiver`, 'announced'),
      ...rows(`${prefixes} prefixes withdrawn → none at the receiver`, 'withdrawn'),
      `Guard with ${daemon.name}, after ${daemon.rounds} rounds: ${atOnce} MiB resident, ${await resident(rig, 'guard')} MiB half a minute later.`,
    ];
  } finally {
    await hand.close();
  }
}
