/** A speaker that is read before anybody asks: the look is handed over once, soon, and with all that it may have missed. */
import { readAhead } from '../../../src/drivers/speaker/ahead.js';
import { prefix } from '../../../src/model/address.js';
import type { SpeakerObserved } from '../../../src/model/path.js';
import type { Doubt, Speaker } from '../../../src/ports/speaker.js';
import { VirtualClock } from '../../virtual-clock.js';

const DOUBT: Doubt = { prefixes: [prefix('203.0.113.0/24')] };

interface Look {
  readonly done: (observed: SpeakerObserved) => void;
  readonly failed: (error: Error) => void;
}

function world() {
  const looks: Look[] = [];
  const wakes: ((doubt: Doubt) => void)[] = [];
  let stopped = 0;
  const speaker = {
    ...{ name: 'fake', program: 'fake' },
    observe: () =>
      new Promise((done, failed) => {
        looks.push({ done, failed });
      }),
    watch: (wake: (doubt: Doubt) => void) => {
      wakes.push(wake);
      return { stop: () => stopped++ };
    },
  } as unknown as Speaker;
  const clock = new VirtualClock();
  const heard: Doubt[] = [];
  return {
    ...{ clock, looks, wakes, heard, ahead: readAhead(speaker, clock) },
    hear: (doubt: Doubt): void => void heard.push(doubt),
    stopped: () => stopped,
  };
}

const NOT_STARTED: SpeakerObserved = { state: 'not-started' };
/** Until what has been resolved has been noticed. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('it is read and watched at once, and the look handed over once', async () => {
  const { ahead, looks, wakes } = world();
  expect([looks.length, wakes.length]).toEqual([1, 1]);
  const first = ahead.observe();
  expect(looks).toHaveLength(1);
  looks[0]!.done(NOT_STARTED);
  await expect(first).resolves.toBe(NOT_STARTED);
  void ahead.observe();
  expect(looks).toHaveLength(2);
});

test('what was in doubt before the look was asked for is told when it is handed over, heard already or not', () => {
  const { ahead, wakes, heard, hear } = world();
  wakes[0]!(DOUBT);
  ahead.watch(hear);
  expect(heard).toEqual([]);
  wakes[0]!('everything');
  expect(heard).toEqual(['everything']);
  void ahead.observe();
  expect(heard).toEqual(['everything', DOUBT, 'everything']);
  wakes[0]!(DOUBT);
  expect(heard).toEqual(['everything', DOUBT, 'everything', DOUBT]);
});

test('of very many doubts it is told that there were', () => {
  const { ahead, wakes, heard, hear } = world();
  ahead.watch(hear);
  for (let n = 0; n < 1_001; n++) wakes[0]!(DOUBT);
  heard.length = 0;
  void ahead.observe();
  expect(heard).toEqual(['everything']);
});

test('a look that ended a while ago is made again, and tells nothing of the first', async () => {
  const { ahead, looks, wakes, clock, heard, hear } = world();
  ahead.watch(hear);
  looks[0]!.done(NOT_STARTED);
  await settled();
  wakes[0]!(DOUBT);
  heard.length = 0;
  await clock.advance(1_001);
  void ahead.observe();
  expect(looks).toHaveLength(2);
  expect(heard).toEqual([]);
});

test('a look that has failed is made again; one that fails later has failed for whoever took it', async () => {
  const early = world();
  early.looks[0]!.failed(new Error('gone'));
  await settled();
  void early.ahead.observe();
  expect(early.looks).toHaveLength(2);
  const late = world();
  const taken = late.ahead.observe();
  late.looks[0]!.failed(new Error('gone'));
  await expect(taken).rejects.toThrow('gone');
});

test('the first who watches has the stream that is open; stopping ends it', () => {
  const { ahead, wakes, hear, stopped } = world();
  const watching = ahead.watch(hear);
  expect(wakes).toHaveLength(1);
  ahead.watch(hear);
  expect(wakes).toHaveLength(2);
  watching.stop();
  expect(stopped()).toBe(1);
});
