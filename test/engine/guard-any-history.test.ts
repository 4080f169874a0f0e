import fc from 'fast-check';
import type { Level } from '../../src/model/level.js';
import { LEVELS } from '../../src/model/level.js';
import type { Announcement } from '../../src/model/path.js';
import { asking, GuardWorld } from './guard-world.js';

type Event = (world: GuardWorld) => Promise<unknown>;

const PREFIXES: readonly (readonly [text: string, asPath: readonly number[]])[] = [
  ['203.0.113.0/24', [64512]],
  ['2001:db8:acf::/48', [64512]],
  ['192.0.2.0/24', []],
  ['198.19.7.0/24', [64513]],
  // None of these is ours to announce.
  ['198.51.100.0/24', [64512]],
  ['203.0.113.128/25', [64512]],
  ['0.0.0.0/0', []],
  ['198.19.7.0/24', [64512]],
];
const ALLOWED = new Set(['203.0.113.0/24', '2001:db8:acf::/48', '192.0.2.0/24', '198.19.7.0/24', '2001:db8:e::/48']);

const announcement: fc.Arbitrary<Announcement> = fc
  .tuple(fc.constantFrom(...PREFIXES), fc.constantFrom<Level>(...LEVELS))
  .map(([[text, asPath], level]) => asking(level, text, asPath));
const set = fc.uniqueArray(announcement, { selector: ({ prefix }) => prefix, maxLength: 5 });

const named = (name: string, act: Event): Event => Object.assign(act, { [fc.toStringMethod]: () => name });

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: set.map((announcements) =>
      named(`offer ${JSON.stringify(announcements.map((a) => [a.prefix, a.level]))}`, (world) =>
        world.offer(announcements),
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(100, 900, 1_100, 3_000, 30_000)
      .map((ms) => named(`${ms} ms pass`, (world) => world.clock.advance(ms))),
  },
  { weight: 2, arbitrary: fc.constant(named('hello', (world) => world.hello())) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('keep' as const, 'drain' as const)
      .map((mode) =>
        named(`hand over, ${mode}`, (world) =>
          world.run(world.guard.handover(world.currentEpoch, mode)).catch(() => undefined),
        ),
      ),
  },
  { weight: 1, arbitrary: fc.constant(named('drain', (world) => world.run(world.guard.drain('server')))) },
  { weight: 1, arbitrary: fc.constant(named('undrain', (world) => world.run(world.guard.undrain()))) },
  { weight: 1, arbitrary: fc.constant(named('speaker dies', async (world) => world.speaker.kill())) },
  { weight: 2, arbitrary: fc.constant(named('speaker is there', async (world) => world.speaker.restart())) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom('unreachable', 'timeout', 'rejected', 'invalid', 'barrier-not-held'), {
        minLength: 1,
        maxLength: 4,
      })
      .map((failures) =>
        named(
          `speaker fails: ${failures.join(', ')}`,
          async (world) => void (world.speaker.failures = [...failures] as never),
        ),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('accepting', 'gone')
      .map((how) =>
        named(`barrier ${how}`, async (world) =>
          world.speaker.meddle(
            (bgp) => (bgp.barrier = how === 'gone' ? { state: 'absent' } : { state: 'wrong', detail: 'accepts' }),
          ),
        ),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      named('foreign path', async (world) =>
        world.speaker.meddle((bgp) => bgp.foreign.push({ family: 4, prefix: '10.0.0.0/8', detail: 'no tag' })),
      ),
    ),
  },
  { weight: 1, arbitrary: fc.constant(named('guard restarts', (world) => world.crashAndReturn())) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(500, 60_000)
      .map((ms) => named(`${ms} ms standing still`, (world) => world.clock.freeze(ms))),
  },
);

test('whatever happens: nothing leaves that may not, no peer comes before the barrier, and the guard finds its way back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 25 }), async (events) => {
      const world = new GuardWorld();
      await world.start();
      await world.hello();
      for (const act of events) {
        await act(world);
        expect(world.speaker.violations).toEqual([]);
        for (const { prefix, attributes } of world.speaker.paths) {
          expect(ALLOWED).toContain(prefix);
          if (prefix === '198.19.7.0/24') expect(attributes.asPath).toEqual([64513]);
        }
      }
      // Afterwards everything is well again, and everything comes back.
      world.speaker.failures = [];
      world.speaker.restart();
      await world.clock.advance(2_000);
      await world.hello();
      await world.run(world.guard.undrain());
      await world.renewing([asking('full')], 3_000);
      expect(world.speaker.render()).toEqual(['203.0.113.0/24 via 198.18.1.11 path [64512] med 0']);
      expect(await world.guard.status()).toMatchObject({ speaker: 'ready', agent: 'leased', drain: 'in-service' });
      await world.guard.abandon();
      expect(world.clock.timers).toBe(0);
    }),
    { numRuns: 100 },
  );
}, 60_000);
