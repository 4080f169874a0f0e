/** One prefix of very many: from the decision to the UPDATE at the receiver; and a guard that restarts beside them. */
import { readFile } from 'node:fs/promises';
import type { Level } from '../../src/model/level.js';
import { withItems } from '../../src/model/edited.js';
import type { List } from '../../src/model/list.js';
import type { Announcement } from '../../src/model/path.js';
import { gobgp3 } from '../../src/drivers/speaker/gobgp/v3.js';
import { RawGobgp } from '../drivers/speaker/raw-gobgp.js';
import { announcing, barePathsOf, Hand, TABLE_MS } from './announce-rig.js';
import { asnOf, manyPrefixes, signal, start } from './failover-culvert.js';
import { time, type Row } from './failover-figures.js';
import { startGobgpd } from './failover-peers.js';
import { type Rig, SECOND } from './failover-rig.js';
import { monotonicMs } from './monotonic.js';

export async function benchChange(prefixes: number, trials: number): Promise<readonly (Row | string)[]> {
  const hand = await Hand.open(prefixes);
  const { rig, guard } = hand;
  try {
    let set: List<Announcement> = manyPrefixes(prefixes).flatMap((own, customer) =>
      announcing(own, asnOf(customer), 'full'),
    );
    await hand.offer(set);
    await hand.known('full');
    const samples: number[] = [];
    const levels: readonly Level[] = ['degraded', 'withdrawn', 'full'];
    for (let trial = 0; trial < trials; trial++) {
      const level = levels[trial % levels.length] ?? 'full';
      const place = Math.floor((Math.floor(trial / levels.length) * set.length) / trials);
      const { prefix, asPath } = set.at(place)!;
      // As an agent does, whose lists remember what they were made from.
      set = withItems(set, new Map([[place, announcing([prefix], asPath[0]!, level)[0]!]]));
      const at = monotonicMs();
      const offered = hand.offer(set);
      await rig.until(`${prefix} ${level}`, () => rig.heardAt(prefix, level) > at);
      samples.push(rig.heardAt(prefix, level) - at);
      await offered;
    }
    const bare = await bareChanges(rig, prefixes, trials);
    const listing = await bareListing(rig);
    const before = rig.updates;
    await signal(rig, 'KILL', 'guard');
    const from = monotonicMs();
    start(rig, 'guard');
    const took = (await readyAfter(rig, from)) - from;
    if (!isKnown(await guard.status())) throw new Error('the guard says that it is ready, and not all is known');
    const what = `one prefix changed among ${prefixes}, decided → UPDATE at the receiver`;
    return [
      { what, side: 'Culvert', samples },
      { what, side: 'bare AddPathStream', samples: bare, culvert: samples },
      `Guard killed and started again beside ${prefixes} prefixes: ${time(took)} to full knowledge, ${rig.updates - before} UPDATEs. A bare listing of its paths and its allow-list: ${time(listing)}.`,
    ];
  } finally {
    await hand.close();
  }
}

/** A table is through when nothing has come for so long. */
const QUIET_MS = 1_000;

/** The same changes, one path in a stream of its own each time, to a gobgpd beside it. */
async function bareChanges(rig: Rig, prefixes: number, trials: number): Promise<readonly number[]> {
  await startGobgpd(rig, SECOND);
  const bare = new RawGobgp(`unix:${rig.path('peer.sock')}`, 'protos', gobgp3);
  const paths = manyPrefixes(prefixes).flatMap(barePathsOf);
  await bare.addPathStream(paths);
  await rig.until('the bare table', () => monotonicMs() - rig.lastUpdateAt > QUIET_MS, TABLE_MS);
  const samples: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const path = paths[Math.floor((Math.floor(trial / 2) * paths.length) / trials)]!;
    const level = trial % 2 === 0 ? 'withdrawn' : 'full';
    const at = monotonicMs();
    const streamed = bare.addPathStream([path], level === 'withdrawn');
    await rig.until(`${path.prefix} ${level}`, () => rig.heardAt(path.prefix, level) > at);
    samples.push(rig.heardAt(path.prefix, level) - at);
    await streamed;
  }
  bare.close();
  return samples;
}

/** What a guard that knows nothing has to be told at least. */
async function bareListing(rig: Rig): Promise<number> {
  const bare = new RawGobgp(`unix:${rig.path('culvert/gobgpd.sock')}`, 'protos', gobgp3);
  const { globalTable, prefixSet } = gobgp3.values;
  const from = monotonicMs();
  await Promise.all([
    bare.list('ListPath', { table_type: globalTable, family: { afi: 1, safi: 1 } }),
    bare.list('ListDefinedSet', { defined_type: prefixSet }),
  ]);
  bare.close();
  return monotonicMs() - from;
}

/**
 * When the guard first recorded that it has read, compared and found all as it
 * shall be. Its record is read, not the guard asked: a status of very many
 * prefixes is work that would be measured too.
 */
async function readyAfter(rig: Rig, from: number): Promise<number> {
  const recorded = async (): Promise<number | undefined> => {
    const texts = await Promise.all(RECORDS.map((name) => readFile(rig.path(name), 'utf8').catch(() => '')));
    const lines = texts.flatMap((text) => text.split('\n').filter((line) => line.includes('"kind":"speaker"')));
    const events = lines.map((line) => JSON.parse(line) as { readonly ms: number; readonly state: string });
    return events.find(({ ms, state }) => ms > from && state === 'ready')?.ms;
  };
  let at: number | undefined;
  await rig.until('full knowledge', async () => (at = await recorded()) !== undefined, TABLE_MS);
  return at ?? NaN;
}

/** Both generations; times in it are CLOCK_MONOTONIC. */
const RECORDS = ['state/events-guard.jsonl.1', 'state/events-guard.jsonl'];

type Status = Awaited<ReturnType<Hand['guard']['status']>>;

const isKnown = ({ speaker, prefixes }: Status): boolean =>
  speaker === 'ready' && prefixes.every(({ held }) => held !== 'unknown');
