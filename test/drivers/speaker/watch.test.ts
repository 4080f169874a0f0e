import { jest } from '@jest/globals';
import { type EventListener, watchEvents } from '../../../src/drivers/speaker/watch.js';
import { prefix } from '../../../src/model/address.js';
import type { Doubt } from '../../../src/ports/speaker.js';

const named: Doubt = { prefixes: [prefix('203.0.113.0/24')] };
const NOTHING: Doubt = { prefixes: [] };

/** A daemon whose streams the test speaks on. */
function scene() {
  const streams: { readonly listener: EventListener; open: boolean }[] = [];
  const wakes: Doubt[] = [];
  const source = {
    watchEvents: (listener: EventListener) => {
      const stream = { listener, open: true };
      streams.push(stream);
      return { cancel: () => void (stream.open = false) };
    },
  };
  const watch = watchEvents(source, (doubt) => wakes.push(doubt));
  return { streams, wakes, watch, last: () => streams.at(-1)!.listener, open: () => streams.map(({ open }) => open) };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('an event wakes with what it names; a loss, and the first event afterwards, with everything', () => {
  const { wakes, last, watch, open } = scene();
  last().event(named);
  last().ended();
  jest.advanceTimersByTime(50);
  expect(open()).toHaveLength(2);
  last().event(NOTHING);
  last().event(named);
  expect(wakes).toEqual([named, 'everything', 'everything', named]);
  watch.stop();
});

test('a pause closes the stream; resumed, it is there with its first event, which puts everything in doubt', async () => {
  const { wakes, last, watch, open } = scene();
  watch.pause();
  jest.advanceTimersByTime(10_000);
  expect(open()).toEqual([false]);
  let isThere = false;
  const resumed = watch.resume().then(() => (isThere = true));
  await Promise.resolve();
  expect([isThere, open()]).toEqual([false, [false, true]]);
  last().event(NOTHING);
  await resumed;
  last().event(named);
  expect(wakes).toEqual(['everything', named]);
  watch.stop();
  expect(jest.getTimerCount()).toBe(0);
});

test('a stream that stays silent is not waited for beyond a second, and one that was stopped not at all', async () => {
  const { watch, open } = scene();
  watch.pause();
  const resumed = watch.resume();
  jest.advanceTimersByTime(1_000);
  await resumed;
  watch.pause();
  watch.stop();
  await watch.resume();
  expect(open()).toEqual([false, false]);
  expect(jest.getTimerCount()).toBe(0);
});

test('a pause while a lost stream waits to be opened again opens nothing', () => {
  const { watch, last, open } = scene();
  last().ended();
  watch.pause();
  jest.advanceTimersByTime(10_000);
  expect(open()).toHaveLength(1);
  watch.stop();
});
