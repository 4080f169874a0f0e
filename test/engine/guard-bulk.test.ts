/** A set or a file that drops much of what stands: both are refused until somebody says that it is meant. */
import { acmeFleet, amsS1 } from '../acme.js';
import { asking, COVERING, GuardWorld, V6 } from './guard-world.js';

const GLOBEX = '198.19.7.0/24';
const ALL = [asking('full'), asking('full', V6), asking('full', GLOBEX, [64513]), asking('full', COVERING, [])];
const careful = {
  ...acmeFleet,
  safety: { ...acmeFleet.safety, maxWithdrawnShare: 0.25, lostAgent: 'degrade' },
} as const;
const byFleet = (text: string) => ({ ...asking('withdrawn', text), reasons: [{ code: 'left-fleet' }] as const });

let world: GuardWorld;
beforeEach(async () => {
  world = new GuardWorld(amsS1(careful));
  await world.start();
  await world.hello();
  await world.renewing(ALL, 1_000);
});
afterEach(async () => {
  expect(world.speaker.violations).toEqual([]);
  await world.guard.abandon();
  expect(world.clock.timers).toBe(0);
});

const told = async (): Promise<readonly string[]> =>
  (await world.guard.status()).reports.map(({ text }) => text).filter((text) => text.includes('it drops'));

describe('a set', () => {
  test.each([
    ['empty', []],
    ['withdrawing by the fleet', ALL.map(({ prefix }) => byFleet(prefix))],
  ])('that is %s is refused, and the lease runs out', async (_, set) => {
    const before = world.speaker.render();
    expect(await world.offer(set)).toEqual({
      accepted: false,
      refusal: 'bulk',
      detail: expect.stringMatching(
        /^it drops 4 of 4 announced prefixes, .* culvert reload --allow-withdraw 100%$/,
      ) as unknown,
    });
    expect(world.speaker.render()).toEqual(before);
    expect(await told()).toHaveLength(1);
    await world.clock.advance(2_000);
    expect(await world.levelOf()).toEqual(['degraded', 'degraded', false, 'lease-lapsed']);
  });

  test('that somebody vouches for is accepted', async () => {
    const allowance = { share: 1, author: 'ann' };
    expect(await world.offer([], { allowance })).toMatchObject({ accepted: true });
    expect(world.speaker.render()).toEqual([]);
  });

  test('that drops one customer is accepted', async () => {
    expect(await world.offer(ALL.slice(2))).toMatchObject({ accepted: true });
    expect(world.speaker.render()).toHaveLength(2);
  });

  test('that withdraws everything for faults is accepted', async () => {
    expect(await world.offer(ALL.map(({ prefix }) => asking('withdrawn', prefix)))).toMatchObject({ accepted: true });
    expect(world.speaker.render()).toEqual([]);
  });
});

describe('a file', () => {
  const emptied = amsS1({ ...careful, generation: 'emptied', customers: [] });

  test('that names nobody leaves the speaker as it is, until an operator confirms it', async () => {
    const before = world.speaker.render();
    const { updates } = world.speaker;
    world.view = emptied;
    await world.crashAndReturn();
    await world.clock.advance(30_000);
    expect([world.speaker.render(), world.speaker.updates]).toEqual([before, updates]);
    const detail = expect.stringMatching(/^it drops 3 of 4 announced prefixes, .* culvert confirm$/) as unknown;
    expect(await world.guard.status()).toMatchObject({ speaker: 'starting', speakerDetail: detail });
    expect(await told()).toHaveLength(1);
    await world.run(world.guard.confirm());
    await world.clock.advance(1_000);
    expect(world.speaker.render()).toHaveLength(1);
    expect(await world.guard.status()).toMatchObject({ speaker: 'ready' });
  });

  test('that is mended is followed as soon as an agent goes by it', async () => {
    const { view } = world;
    const before = world.speaker.render();
    world.view = emptied;
    await world.crashAndReturn();
    world.onDisk = view;
    await world.hello();
    await world.renewing(ALL, 3_000, { generation: view.fleet.generation });
    expect(world.speaker.render()).toEqual(before);
    expect(await world.guard.status()).toMatchObject({ speaker: 'ready' });
  });
});
