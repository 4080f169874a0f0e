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
import type { Row } from './failover-figures.js';
import { startGobgpd } from './failover-peers.js';
import { pause, type Rig, SECOND } from './failover-rig.js';
import { monotonicMs } from './monotonic.js';

export async function benchChange(prefixes: number, trials: number): Promise<readonly (Row | string)[]> {
  const hand = await Hand.open(prefixes);
  const { rig } = hand;
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
    const what = `one prefix changed among ${prefixes}, decided → UPDATE at the receiver`;
    return [
      { what, side: 'Culvert', samples },
      { what, side: 'bare AddPathStream', samples: bare, culvert: samples },
      ...(await benchRestart(hand)),
    ];
  } finally {
    await hand.close();
  }
}

/** The guard is killed and started again beside all that stands, in turn with a bare listing of it. */
async function benchRestart({ rig, guard, prefixes }: Hand): Promise<readonly (Row | string)[]> {
  const [known, listed]: [number[], number[]] = [[], []];
  const before = rig.updates;
  for (let round = 0; round < RESTARTS; round++) {
    listed.push(await bareListing(rig));
    await signal(rig, 'KILL', 'guard');
    const from = monotonicMs();
    start(rig, 'guard');
    known.push((await readyAfter(rig, from)) - from);
    if (!isKnown(await guard.status())) throw new Error('the guard says that it is ready, and not all is known');
  }
  const what = `a guard started again beside ${prefixes.length}, to full knowledge`;
  return [
    { what, side: 'Culvert', samples: known },
    { what, side: 'bare listing of paths and allow-list', samples: listed, culvert: known },
    `UPDATEs during ${RESTARTS} restarts: ${rig.updates - before}.`,
  ];
}

const RESTARTS = 5;

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

/** `bare-listing.ts`, in milliseconds; a process that has a table of its own in it would take longer. */
const bareListing = async (rig: Rig): Promise<number> =>
  Number(
    await rig.shell(
      `cd '${process.cwd()}'; exec '${process.execPath}' '${LISTING}' /run/culvert/gobgpd.sock`,
      TABLE_MS,
    ),
  );

const LISTING = new URL('bare-listing.js', import.meta.url).pathname;

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
  const isRecorded = async (): Promise<boolean> => {
    // The record is long, and has the time in it: whoever looked all the time would only be in the way.
    await pause(500);
    return (at = await recorded()) !== undefined;
  };
  await rig.until('full knowledge', isRecorded, TABLE_MS);
  return at ?? NaN;
}

/** Both generations; times in it are CLOCK_MONOTONIC. */
const RECORDS = ['state/events-guard.jsonl.1', 'state/events-guard.jsonl'];

type Status = Awaited<ReturnType<Hand['guard']['status']>>;

const isKnown = ({ speaker, prefixes }: Status): boolean =>
  speaker === 'ready' && prefixes.every(({ held }) => held !== 'unknown');
