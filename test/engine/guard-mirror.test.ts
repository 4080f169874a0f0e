import { SpeakerMirror } from '../../src/engine/guard-mirror.js';
import { address, prefix } from '../../src/model/address.js';
import type { Path, SpeakerObserved } from '../../src/model/path.js';
import { type Speaker, SpeakerError } from '../../src/ports/speaker.js';
import { VirtualClock } from '../virtual-clock.js';

const path = (text: string): Path => ({
  ...{ prefix: prefix(text), asPath: [64_512], nextHop: address('198.18.1.11') },
  ...{ communities: [], largeCommunities: [] },
});

/** A daemon whose table takes `listMs` to list and `countMs` to count. */
function daemon({ listMs, countMs }: { readonly listMs: number; readonly countMs: number }) {
  const clock = new VirtualClock();
  const asked: ('listed' | 'counted')[] = [];
  const slow = { countMs };
  const state = { paths: [path('203.0.113.0/24')], fails: false };
  const busy = (ms: number): Promise<void> => new Promise((done) => clock.after(ms, done));
  const speaker: Pick<Speaker, 'observe' | 'apply'> = {
    observe: async (before): Promise<SpeakerObserved> => {
      if (state.fails) throw new SpeakerError('unreachable', 'nobody there');
      const same = before?.state === 'started' && before.paths.length === state.paths.length;
      await busy(same ? slow.countMs : listMs);
      asked.push(same ? 'counted' : 'listed');
      return {
        ...{ state: 'started', asn: 64_500, routerId: address('198.18.1.11'), listenPort: 179 },
        barrier: { state: 'held', allow: [] },
        ...{ paths: same ? before.paths : [...state.paths], foreignPaths: [], peers: [] },
      };
    },
    apply: () => Promise.resolve(),
  };
  const mirror = new SpeakerMirror(speaker as Speaker, clock);
  /** As the guard's loop does: reads whenever that is due, for so long. */
  const live = async (ms: number): Promise<readonly string[]> => {
    asked.length = 0;
    for (const end = clock.now() + ms; clock.now() < end;) {
      const due = mirror.dueIn();
      if (due > 0) await clock.advance(Math.min(due, end - clock.now()));
      else {
        const read = mirror.read();
        await clock.advance(Math.max(listMs, slow.countMs));
        await read;
      }
    }
    return [...asked];
  };
  return { clock, mirror, state, slow, live };
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

test('a table that has another size is listed at the next look', async () => {
  const { live, state, mirror } = daemon({ listMs: 1_000, countMs: 20 });
  await live(20_000);
  state.paths = [...state.paths, path('192.0.2.0/24')];
  expect(await live(5_000)).toContain('listed');
  expect(mirror.observed).toMatchObject({ paths: [{}, {}] });
});

test('an event, a change of our own and a lost daemon are each followed by a list', async () => {
  const { mirror, live, clock, state } = daemon({ listMs: 100, countMs: 1 });
  await live(10_000);
  mirror.doubt();
  expect(await live(450)).toEqual(['listed']);
  const applied = mirror.apply([]);
  await clock.advance(100);
  await applied;
  expect(await live(300)).toEqual([]);
  state.fails = true;
  mirror.doubt();
  await clock.advance(1_000);
  await expect(mirror.read()).rejects.toThrow('nobody there');
  expect(mirror.observed).toBeUndefined();
  state.fails = false;
  expect(await live(150)).toEqual(['listed']);
});

test('what is seen again is the same object', async () => {
  const { mirror, live } = daemon({ listMs: 2, countMs: 1 });
  await live(100);
  const before = mirror.observed;
  expect(before).toBeDefined();
  await live(60_000);
  expect(mirror.observed).toBe(before);
});
