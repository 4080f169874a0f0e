/** A server that comes up, a while or an age after it ran last. */
import { asking, GuardWorld } from './guard-world.js';

const FULL = '203.0.113.0/24 via 198.18.1.11 path [64512] med 0';

let world: GuardWorld;
beforeEach(async () => {
  world = new GuardWorld();
  await world.start();
});
afterEach(async () => {
  expect(world.speaker.violations).toEqual([]);
  await world.guard.abandon();
  expect(world.clock.timers).toBe(0);
});

describe('a server that comes up', () => {
  const HOUR = 3_600_000;
  const bootedAfter = async (ms: number): Promise<GuardWorld> => {
    const other = new GuardWorld();
    other.files.contents.set(
      '/state/last-run',
      `${new Date(Date.parse(other.clock.wall()) - ms).toISOString()} older\n`,
    );
    await other.start();
    await other.hello();
    return other;
  };
  const rendered = async (other: GuardWorld): Promise<readonly string[]> => {
    await other.renewing([asking('full')], 1_000);
    return other.speaker.render();
  };

  test.each([
    ['after a night', 12 * HOUR],
    ['after a day to the second', 24 * HOUR],
    ['beside a clock that is a little behind', -30_000],
  ])('%s announces', async (_, ms) => {
    const other = await bootedAfter(ms);
    expect(await rendered(other)).toEqual([FULL]);
    await other.guard.abandon();
  });

  test('after more than a day announces nothing, says so, and an operator lifts it for good', async () => {
    const other = await bootedAfter(25 * HOUR);
    const { updates } = other.speaker;
    expect(await rendered(other)).toEqual([]);
    expect(await other.levelOf()).toEqual(['withdrawn', 'withdrawn', true, 'boot-stale']);
    expect(await other.guard.status()).toMatchObject({
      hold: 'it last ran 25.0 h ago, with fleet older; bootMaxAge is 24.0 h',
    });
    expect(other.files.contents.get('/state/last-run')).toContain('older');
    await other.crashAndReturn();
    await other.hello();
    expect(await rendered(other)).toEqual([]);
    expect(other.speaker.updates).toBe(updates);
    await other.run(other.guard.confirm());
    expect(await rendered(other)).toEqual([FULL]);
    expect((await other.guard.status()).hold).toBeUndefined();
    expect(other.files.contents.get('/state/last-run')).toContain(other.view.fleet.generation);
    await other.guard.abandon();
  });

  test('with a record that cannot be understood announces nothing', async () => {
    const other = new GuardWorld();
    other.files.contents.set('/state/last-run', '');
    await other.start();
    await other.hello();
    expect(await rendered(other)).toEqual([]);
    await other.guard.abandon();
  });

  test('with a clock that is far behind waits until it is set', async () => {
    const other = await bootedAfter(-25 * HOUR);
    expect(await rendered(other)).toEqual([]);
    other.clock.setWall(25 * HOUR);
    expect(await rendered(other)).toEqual([FULL]);
    await other.guard.abandon();
  });

  test('beside what it announces already goes on, whatever the record says', async () => {
    await world.hello();
    await world.renewing([asking('full')], 1_000);
    const { updates } = world.speaker;
    world.files.contents.set('/state/last-run', '2001-01-01T00:00:00.000Z old\n');
    await world.crashAndReturn();
    await world.hello();
    await world.renewing([asking('full')], 2_000);
    expect([world.speaker.render(), world.speaker.updates]).toEqual([[FULL], updates]);
  });

  test('notes that it runs, seldom, and goes on when the disk is full', async () => {
    await world.hello();
    const first = world.files.contents.get('/state/last-run');
    await world.renewing([asking('full')], 60_000);
    expect(world.files.contents.get('/state/last-run')).toBe(first);
    world.files.full = true;
    await world.clock.advance(600_000);
    expect((await world.guard.status()).reports.map(({ text }) => text)).toContain(
      'cannot note that this server runs: Error: ENOSPC',
    );
    world.files.full = false;
    await world.clock.advance(600_000);
    expect(world.files.contents.get('/state/last-run')).not.toBe(first);
  });
});
