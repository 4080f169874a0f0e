/** A full table announced and withdrawn: through the guard, and by a bare AddPathStream to a gobgpd beside it. */
import { gobgp3 } from '../../src/drivers/speaker/gobgp/v3.js';
import { RawGobgp } from '../drivers/speaker/raw-gobgp.js';
import { announcing, Hand, TABLE_MS } from './announce-rig.js';
import { asnOf, manyPrefixes } from './failover-culvert.js';
import { time } from './failover-figures.js';
import { startGobgpd } from './failover-peers.js';
import { type Rig, SECOND } from './failover-rig.js';
import { monotonicMs } from './monotonic.js';

/** What happened at the receiver between an order and the last UPDATE that it caused. */
interface Passage {
  readonly took: number;
  readonly updates: number;
}

async function passage(rig: Rig, order: () => Promise<unknown>, standing: number): Promise<Passage> {
  const [began, before] = [monotonicMs(), rig.updates];
  const ordered = order();
  await rig.until(`${standing} prefixes at the receiver`, () => rig.announced() === standing, TABLE_MS);
  const took = rig.lastUpdateAt - began;
  await ordered;
  return { took, updates: rig.updates - before };
}

const rate = (prefixes: number, { took }: Passage): string => `${Math.round((prefixes / took) * 1_000)}/s`;

export async function benchTable(prefixes: number): Promise<readonly string[]> {
  const hand = await Hand.open(prefixes);
  const { rig } = hand;
  const ordered = manyPrefixes(prefixes);
  const set = (level: 'full' | 'withdrawn') =>
    ordered.flatMap((own, customer) => own.map((text) => announcing(text, asnOf(customer), level)));
  try {
    await startGobgpd(rig, SECOND);
    const bare = new RawGobgp(`unix:${rig.path('peer.sock')}`, 'protos', gobgp3);
    const lines: string[] = [];
    const tell = (what: string, own: Passage, other: Passage): void => {
      lines.push(
        `${what} ${prefixes} prefixes: Culvert ${time(own.took)} (${rate(prefixes, own)}, ${own.updates} UPDATEs), ` +
          `bare AddPathStream ${time(other.took)} (${rate(prefixes, other)}), ratio ${(other.took / own.took).toFixed(2)}.`,
      );
    };
    for (let round = 0; round < 2; round++) {
      const announced = await passage(rig, () => hand.offer(set('full')), prefixes);
      const resident = await memory(rig);
      const withdrawn = await passage(rig, () => hand.offer(set('withdrawn')), 0);
      const paths = ordered.flatMap((own, customer) => own.map((text) => ({ text, asn: asnOf(customer) })));
      const bareAnnounced = await passage(rig, () => bare.addPathStream(paths), prefixes);
      const bareWithdrawn = await passage(rig, () => bare.addPathStream(paths, true), 0);
      tell('Announced', announced, bareAnnounced);
      tell('Withdrawn', withdrawn, bareWithdrawn);
      lines.push(`Guard: ${resident} MiB resident.`);
    }
    bare.close();
    return lines;
  } finally {
    await hand.close();
  }
}

async function memory(rig: Rig): Promise<number> {
  const kib = await rig.shell("ps -o rss= -p $(pgrep -f '^[^ ]*node [^ ]*cli.js guard')");
  return Math.round(Number(kib) / 1_024);
}
