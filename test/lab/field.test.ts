/** What Ctrl-C does to a step of verify: it fails where it stands, and what puts the lab right runs to its end. */
import { Field } from '../../src/lab/verify/field.js';
import { VirtualClock } from '../virtual-clock.js';

/** A field whose commands last until they are given up, and what was asked of its nodes. */
function scene() {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const asked: string[] = [];
  const field = new Field({
    clock,
    stop: stop.signal,
    slow: false,
    traffic: ['traffic'],
    say: () => undefined,
    nodes: {
      run: (node, argv, { signal } = {}) =>
        new Promise((resolve, reject) => {
          asked.push(`${node}: ${argv.join(' ')}`);
          if (argv[0] !== 'sleep') return resolve({ code: 0, stdout: '', stderr: '' });
          signal?.addEventListener('abort', () => reject(new Error('no longer wanted')));
        }),
      stream: () => {
        throw new Error('nothing is streamed here');
      },
    },
  });
  return { clock, stop, asked, field };
}

test.each<[string, (field: Field) => Promise<unknown>, string]>([
  ['a wait', (field) => field.sleep(60_000), 'interrupted'],
  ['waiting for what does not come', (field) => field.until('x', 60_000, async () => undefined), 'interrupted'],
  ['a command', (field) => field.run('ams-s1', ['sleep', '60']), 'no longer wanted'],
])('%s that is under way ends at once, and what follows it does not', async (_, work, why) => {
  const { clock, stop, asked, field } = scene();
  const step = async (): Promise<void> => {
    try {
      await work(field);
    } finally {
      await field.run('sjc-r1', ['mend']);
      await field.sleep(1_000);
      await field.run('sjc-r1', ['look']);
    }
  };
  const ended = step().then(
    () => 'played',
    (error: unknown) => (error as Error).message,
  );
  await clock.advance(500);
  expect([field.stopped, asked.includes('sjc-r1: mend')]).toEqual([false, false]);
  stop.abort();
  await clock.settle();
  expect([field.stopped, asked.at(-1)]).toEqual([true, 'sjc-r1: mend']);
  await clock.advance(1_000);
  expect(asked.at(-1)).toBe('sjc-r1: look');
  expect(await ended).toBe(why);
  expect(clock.timers).toBe(0);
});

test('a wait that is over hears nothing of it', async () => {
  const { clock, stop, field } = scene();
  const waited = field.sleep(100);
  await clock.advance(100);
  await waited;
  stop.abort();
  await expect(waited).resolves.toBeUndefined();
});
