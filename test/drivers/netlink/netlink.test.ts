import { createClock } from '../../../src/drivers/clock/clock.js';
import { createKernelEvents } from '../../../src/drivers/netlink/netlink.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { Exec, StreamHandlers } from '../../../src/ports/exec.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';

/** An exec whose streams the test drives, and a clock that runs when told. */
function stage() {
  const streams: { handlers: StreamHandlers; stopped: boolean }[] = [];
  const timers: { ms: number; call: () => void; cancelled: boolean }[] = [];
  let now = 0;
  const exec: Exec = {
    run: () => Promise.reject(new Error('not expected')),
    stream: (_, handlers) => {
      const stream = { handlers, stopped: false };
      streams.push(stream);
      return {
        write: () => undefined,
        stop: () => {
          stream.stopped = true;
          handlers.ended('stopped');
          return Promise.resolve();
        },
      };
    },
  };
  const clock: Clock = {
    now: () => now,
    wall: () => '',
    after: (ms, call) => {
      const timer = { ms, call, cancelled: false };
      timers.push(timer);
      return { cancel: () => void (timer.cancelled = true) };
    },
  };
  return { exec, clock, streams, timers, pass: (ms: number) => void (now += ms) };
}

test('lines wake; loss and return wake; the wait doubles and begins anew after a long life', async () => {
  const { exec, clock, streams, timers, pass } = stage();
  let wakes = 0;
  const watch = createKernelEvents(exec, clock).watch(() => void wakes++);
  expect(wakes).toBe(1);
  streams[0]?.handlers.line('[nsid 0]Deleted 4: gre-us');
  expect(wakes).toBe(2);
  const waits: number[] = [];
  for (let n = 0; n < 8; n++) {
    streams.at(-1)?.handlers.ended('gone');
    waits.push(timers.at(-1)?.ms ?? 0);
    timers.at(-1)?.call();
  }
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(wakes).toBe(2 + 2 * 8);
  pass(6_000);
  streams.at(-1)?.handlers.ended('gone');
  expect(timers.at(-1)?.ms).toBe(100);
  await watch.stop();
  expect(timers.at(-1)?.cancelled).toBe(true);
  const before = wakes;
  streams.at(-1)?.handlers.ended('late');
  expect([wakes, streams.length]).toEqual([before, 9]);
});

test('stop ends the running monitor and starts no other', async () => {
  const { exec, clock, streams, timers } = stage();
  const watch = createKernelEvents(exec, clock).watch(() => undefined);
  await watch.stop();
  expect([streams[0]?.stopped, timers.length]).toEqual([true, 0]);
});

const obstacle = await whyNoAnchor();
if (obstacle !== undefined) console.warn(`kernel tests skipped: ${obstacle}`);

(obstacle === undefined ? describe : describe.skip)('in a real kernel', () => {
  let anchor: Anchor;
  beforeAll(async () => {
    anchor = await openAnchor();
  });
  afterAll(() => anchor?.close());

  test('changes in the default namespace and in a customer’s wake', async () => {
    const { exec } = anchor;
    let wakes = 0;
    let woken: () => void = () => undefined;
    const watch = createKernelEvents(exec, createClock()).watch(() => {
      wakes++;
      woken();
    });
    const next = async (command: readonly [string, ...string[]]): Promise<void> => {
      const before = wakes;
      const wake = new Promise<void>((resolve) => (woken = () => wakes > before && resolve()));
      expect((await exec.run(command)).code).toBe(0);
      await wake;
    };
    await exec.run(['ip', 'netns', 'add', 'cv-acme']);
    await exec.run([
      'ip',
      'link',
      'add',
      'name',
      'cv-acme',
      'type',
      'veth',
      'peer',
      'name',
      'edge0',
      'netns',
      'cv-acme',
    ]);
    // The monitor listens once it has reported anything at all; until then, keep something happening.
    for (let n = 0; wakes < 3 && n < 200; n++)
      await exec.run(['ip', 'link', 'set', 'dev', 'lo', 'mtu', String(60_000 + n)]);
    await next(['ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo']);
    await next(['ip', 'rule', 'add', 'preference', '7', 'lookup', '7']);
    await next(['ip', '-n', 'cv-acme', 'link', 'set', 'dev', 'edge0', 'up']);
    await next(['ip', '-n', 'cv-acme', 'route', 'add', 'unreachable', '203.0.113.0/24']);
    await next(['ip', '-n', 'cv-acme', 'link', 'delete', 'dev', 'edge0']);
    await watch.stop();
  });
});
