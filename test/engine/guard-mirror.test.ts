import { SpeakerMirror } from '../../src/engine/guard-mirror.js';
import { address, prefix } from '../../src/model/address.js';
import type { Path, SpeakerRunning } from '../../src/model/path.js';
import { type Since, type Speaker, SpeakerError } from '../../src/ports/speaker.js';
import { rechecked } from '../rechecked.js';
import { VirtualClock } from '../virtual-clock.js';
import { changedPath } from '../paths.js';

const path = (text: string): Path => ({
  prefix: prefix(text),
  attributes: { asPath: [64_512], nextHop: address('198.18.1.11'), communities: [], largeCommunities: [] },
});

type Look = 'listed' | 'counted' | 'named';

const V4 = '203.0.113.0/24';
const running = (paths: readonly Path[]): SpeakerRunning => ({
  ...{ state: 'started', asn: 64_500, routerId: address('198.18.1.11'), listenPort: 179 },
  ...{ barrier: { state: 'held', allow: [] }, paths, foreignPaths: [], peers: [] },
});

/** A daemon whose table takes `listMs` to list and `countMs` to count. */
function daemon({ listMs, countMs }: { readonly listMs: number; readonly countMs: number }) {
  const clock = new VirtualClock();
  const asked: Look[] = [];
  const slow = { countMs, listMs };
  const state = { paths: [path(V4)], fails: false };
  const busy = (ms: number): Promise<void> => new Promise((done) => clock.after(ms, done));
  const looks: Since[] = [];
  const answer = async (ms: number, kind: Look): Promise<void> => {
    if (state.fails) throw new SpeakerError('unreachable', 'nobody there');
    await busy(ms);
    asked.push(kind);
  };
  const speaker: Pick<Speaker, 'observe' | 'recheck' | 'apply'> = {
    observe: async () => {
      await answer(slow.listMs, 'listed');
      return running([...state.paths]);
    },
    recheck: async (since) => {
      looks.push(since);
      await answer(slow.countMs, since.barrier ? 'counted' : 'named');
      return rechecked(running(state.paths), since);
    },
    apply: () => Promise.resolve(),
  };
  const mirror = new SpeakerMirror(speaker as Speaker, clock);
  /** As the guard's loop does: reads whenever that is due, for so long. */
  const live = async (ms: number): Promise<readonly Look[]> => {
    asked.length = 0;
    for (const end = clock.now() + ms; clock.now() < end;) {
      const due = mirror.dueIn();
      if (due > 0) await clock.advance(Math.min(due, end - clock.now()));
      else {
        const read = mirror.read();
        await clock.advance(slow.countMs);
        await clock.advance(slow.listMs);
        await read;
      }
    }
    return [...asked];
  };
  return { clock, mirror, state, slow, live, looks };
}

test('a small table is listed every few seconds, and what raises no event is read every two', async () => {
  const { live } = daemon({ listMs: 2, countMs: 1 });
  const looks = await live(60_000);
  expect(looks.length).toBeGreaterThan(25);
  expect(looks.filter((kind) => kind === 'listed').length).toBeGreaterThan(7);
});

test('a large one is listed every ten minutes at the latest, and counted every few seconds', async () => {
  const { live } = daemon({ listMs: 1_000, countMs: 20 });
  await live(10_000);
  const looks = await live(1_200_000);
  expect(looks.filter((kind) => kind === 'listed')).toHaveLength(2);
  expect(looks.filter((kind) => kind === 'counted').length).toBeGreaterThan(200);
});

test('one count that was held up does not put off the next ones', async () => {
  const { live, slow } = daemon({ listMs: 50, countMs: 1 });
  await live(10_000);
  slow.countMs = 30_000;
  await live(40_000);
  slow.countMs = 1;
  await live(160_000);
  const looks = await live(60_000);
  expect(looks.filter((kind) => kind === 'counted').length).toBeGreaterThan(4);
});

test('a daemon that stood still for a moment, whatever was asked, is looked at as often as before', async () => {
  const { mirror, live, slow } = daemon({ listMs: 1, countMs: 1 });
  await live(10_000);
  slow.listMs = 270;
  mirror.doubt('everything');
  await live(280);
  slow.listMs = 1;
  slow.countMs = 270;
  await live(2_500);
  slow.countMs = 1;
  await live(1_000);
  const looks = await live(20_000);
  expect(looks.filter((kind) => kind !== 'named').length).toBeGreaterThan(8);
});

test('a table that has another size is listed at the next look', async () => {
  const { live, state, mirror } = daemon({ listMs: 1_000, countMs: 20 });
  await live(20_000);
  state.paths = [...state.paths, path('192.0.2.0/24')];
  expect(await live(5_000)).toContain('listed');
  expect(mirror.observed).toMatchObject({ paths: [{}, {}] });
});

test('after a loss everything is listed, and so is a daemon that did not answer', async () => {
  const { mirror, live, clock, state } = daemon({ listMs: 100, countMs: 1 });
  await live(10_000);
  mirror.doubt('everything');
  expect(mirror.isSound).toBe(false);
  expect(await live(450)).toEqual(['listed']);
  state.fails = true;
  mirror.doubt('everything');
  await clock.advance(1_000);
  await expect(mirror.read()).rejects.toThrow('nobody there');
  expect(mirror.observed).toBeUndefined();
  state.fails = false;
  expect(await live(150)).toEqual(['listed']);
});

test('an event and a change of our own are followed by a look at what they name, however large the table', async () => {
  const { mirror, live, clock, state, looks } = daemon({ listMs: 1_000, countMs: 20 });
  await live(10_000);
  state.paths = [changedPath(path(V4), { med: 7 })];
  mirror.doubt({ prefixes: [prefix(V4)] });
  expect(mirror.isSound).toBe(true);
  looks.length = 0;
  expect(await live(150)).toEqual(['named']);
  expect(looks).toMatchObject([{ doubted: [V4], barrier: false }]);
  expect(mirror.observed).toMatchObject({ paths: [{ attributes: { med: 7 } }] });
  state.paths = [path(V4)];
  const applied = mirror.apply([{ kind: 'announce', paths: [path(V4)] }]);
  await clock.advance(20);
  expect(await applied).toMatchObject({ paths: [path(V4)] });
  expect(looks.at(-1)).toMatchObject({ doubted: [V4], barrier: false });
});

test('a change of the allow-list reads the barrier, and a full barrier everything', async () => {
  const { mirror, live, clock, looks } = daemon({ listMs: 100, countMs: 1 });
  await live(10_000);
  const allowed = mirror.apply([{ kind: 'allow', prefixes: [prefix(V4)] }]);
  await clock.advance(100);
  await allowed;
  expect(looks.at(-1)).toMatchObject({ doubted: [], barrier: true });
  const seen = looks.length;
  const installed = mirror.apply([{ kind: 'install-barrier', allow: [] }]);
  await clock.advance(100);
  await installed;
  expect(looks).toHaveLength(seen);
});

test('what happens during a look is looked at again', async () => {
  const { mirror, live, clock } = daemon({ listMs: 100, countMs: 10 });
  await live(10_000);
  mirror.doubt({ prefixes: [prefix(V4)] });
  const read = mirror.read();
  mirror.doubt({ prefixes: [prefix('192.0.2.0/24')] });
  await clock.advance(10);
  await read;
  expect(mirror.dueIn()).toBeLessThanOrEqual(40);
  expect(await live(200)).toContain('named');
});

test('events about very many prefixes are one list', async () => {
  const { mirror, live } = daemon({ listMs: 10, countMs: 1 });
  await live(10_000);
  for (let n = 0; n < 501; n++) mirror.doubt({ prefixes: [prefix(`10.${n >> 8}.${n & 255}.0/24`)] });
  expect(await live(60)).toEqual(['listed']);
});

test('what is seen again is the same object', async () => {
  const { mirror, live } = daemon({ listMs: 2, countMs: 1 });
  await live(100);
  const before = mirror.observed;
  expect(before).toBeDefined();
  await live(60_000);
  expect(mirror.observed).toBe(before);
});
