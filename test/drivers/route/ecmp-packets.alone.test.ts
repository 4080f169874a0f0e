/** Groups in the real kernel, with packets: which flows move, and which do not. */
import { probeGroups } from '../../../src/drivers/route/probe.js';
import { createExec } from '../../../src/drivers/exec/exec.js';
import { whyNoAnchor } from '../../kernel-anchor.js';
import { until } from '../speaker/until.js';
import { customerWith, FlowScene, moved, NETNS, NOTHING, shares } from './flow-scene.js';

async function obstacle(): Promise<string | undefined> {
  const anchor = await whyNoAnchor();
  if (anchor !== undefined) return anchor;
  const groups = await probeGroups(createExec());
  return groups.kind === 'resilient' ? undefined : `no resilient groups here: ${groups.detail}`;
}

const why = await obstacle();
if (why !== undefined) console.warn(`kernel tests skipped: ${why}`);

const FLOWS = 400;
const customer = customerWith({ a: 2, b: 1, c: 1 });
/** Nothing moves unless it must. */
const lasting = { idleTimer: 600, unbalancedTimer: 0 };
const wish = { customer, timers: lasting };
const stays = (tunnel: string): boolean => tunnel !== 'a';

(why === undefined ? describe : describe.skip)('flows over three tunnels', () => {
  let scene: FlowScene;

  beforeAll(async () => {
    scene = await FlowScene.open({ tunnels: ['a', 'b', 'c'], flows: FLOWS, families: [4, 6] });
  });
  afterAll(() => scene?.close());
  beforeEach(async () => {
    await scene.shell(`ip -n ${NETNS} nexthop flush proto 77`);
    await scene.reach(wish, true);
  });

  test.each([4, 6] as const)('IPv%i: shares are by weight, each flow keeps its tunnel', async (family) => {
    const flows = await scene.flows(family);
    expect(flows.size).toBe(FLOWS);
    const { a = 0, b = 0, c = 0 } = shares(flows);
    // Binomial, 400 flows: five standard deviations.
    expect(Math.abs(a - FLOWS / 2)).toBeLessThan(50);
    expect(Math.abs(b - FLOWS / 4)).toBeLessThan(44);
    expect(Math.abs(c - FLOWS / 4)).toBeLessThan(44);
    expect(moved(flows, await scene.flows(family))).toBe(0);
  });

  test.each([4, 6] as const)('IPv%i: a tunnel goes down: its flows move, nobody else’s', async (family) => {
    const before = await scene.flows(family);
    const ops = await scene.reach({ ...wish, down: ['a'] });
    expect(ops.map(({ kind }) => kind)).toEqual(['nexthop-replace', 'nexthop-replace']);
    const after = await scene.flows(family);
    expect(after.size).toBe(FLOWS);
    expect(shares(after).a).toBeUndefined();
    expect(moved(before, after, stays)).toBe(0);
  });

  test('it comes back: what is active stays where it is', async () => {
    await scene.reach({ ...wish, down: ['a'] });
    const without = await scene.flows();
    await scene.reach(wish);
    expect(moved(without, await scene.flows())).toBe(0);
  });

  test('what is idle returns by and by, until shares are by weight again', async () => {
    const timers = { idleTimer: 1, unbalancedTimer: 0 };
    await scene.reach({ customer, timers });
    const before = await scene.flows();
    await scene.reach({ customer, timers, down: ['a'] });
    expect(shares(await scene.flows()).a).toBeUndefined();
    await scene.reach({ customer, timers });
    await until('all buckets are where they belong', async () => (await bucketsOf('a')) === 64);
    const { a = 0 } = shares(await scene.flows());
    expect(Math.abs(a - FLOWS / 2)).toBeLessThan(50);
    expect(before.size).toBe(FLOWS);
  });

  test('what never is idle returns when the group has been unbalanced for long enough', async () => {
    const timers = { idleTimer: 600, unbalancedTimer: 1 };
    await scene.reach({ customer, timers, down: ['a'] });
    await scene.flows();
    await scene.reach({ customer, timers });
    await scene.streaming(() => until('all buckets are where they belong', async () => (await bucketsOf('a')) === 64));
  });

  test.each([4, 6] as const)(
    'IPv%i: one that carried alone for longer than the idle timer keeps what is active',
    async (family) => {
      // A busy machine takes its time between two packets of one flow.
      const timers = { idleTimer: 3, unbalancedTimer: 0 };
      await scene.reach({ customer, timers, down: ['c'] });
      await scene.reach({ customer, timers, down: ['b', 'c'] });
      const alone = await scene.flows(family);
      expect(shares(alone)).toEqual({ a: FLOWS });
      const began = performance.now();
      await scene.streaming(async () => {
        await until('the timer is over', async () => performance.now() - began > 4_000);
        await scene.reach({ customer, timers, down: ['c'] });
      }, family);
      expect(moved(alone, await scene.flows(family))).toBe(0);
    },
  );

  test('from one tunnel to three and back while packets flow: none is lost', async () => {
    await scene.reach({ ...wish, down: ['b', 'c'] });
    const { sent, lost } = await scene.streaming(async () => {
      for (let round = 0; round < 5; round++) {
        await scene.reach(wish);
        await scene.reach({ ...wish, down: ['a'] });
        await scene.reach({ ...wish, down: ['b', 'c'] });
      }
    });
    expect(sent).toBeGreaterThan(FLOWS);
    expect(lost).toBe(0);
  });

  test('from another sort of group, and to one of another size: none is lost', async () => {
    await scene.reach({ customer, hashing: 'threshold' }, true);
    const heavy = customerWith({ a: 200, b: 1, c: 1 });
    const { lost } = await scene.streaming(async () => {
      await scene.reach(wish, true);
      const moves = await scene.reach({ customer: heavy, timers: lasting }, true);
      expect(moves.map(({ kind }) => kind)).toEqual([
        ...['nexthop-replace', 'nexthop-replace', 'route-replace', 'route-replace'],
        ...['nexthop-delete', 'nexthop-delete'],
      ]);
    });
    expect(lost).toBe(0);
  });

  test('a link goes down and up: its nexthops are added back, nobody else’s flows move', async () => {
    const before = await scene.flows();
    await scene.shell(`ip -n ${NETNS} link set gre-a down`);
    const during = await scene.flows();
    expect(during.size).toBe(FLOWS);
    expect(moved(before, during, stays)).toBe(0);
    await scene.shell(`ip -n ${NETNS} link set gre-a up`);
    expect(await scene.shell(`ip -n ${NETNS} nexthop show dev gre-a`)).toBe('');
    const ops = await scene.reach(wish);
    expect(ops.map(({ kind }) => kind)).toEqual(Array(6).fill('nexthop-replace'));
    expect(moved(during, await scene.flows())).toBe(0);
    expect((await scene.shell(`ip -n ${NETNS} nexthop show dev gre-a`)).trim().split('\n')).toHaveLength(4);
  });

  test.each([
    ['a nexthop', `nexthop delete id $(ip -n ${NETNS} nexthop show dev gre-a | sed -n '1s/^id \\([0-9]*\\).*/\\1/p')`],
    ['all of them', 'nexthop flush'],
    ['a route', 'route delete 203.0.113.0/24'],
  ])('deleted behind our back: %s', async (_, command) => {
    await scene.shell(`ip -n ${NETNS} ${command}`);
    expect((await scene.reach(wish)).length).toBeGreaterThan(0);
    expect((await scene.flows()).size).toBe(FLOWS);
    expect((await scene.flows(6)).size).toBe(FLOWS);
  });

  test('an operation again, and members in another order, move nothing', async () => {
    const before = await scene.flows();
    const { nexthops } = await scene.driver.observe([NETNS], NOTHING);
    await scene.driver.apply(nexthops.map((nexthop) => ({ kind: 'nexthop-replace', nexthop })));
    await scene.driver.apply(
      nexthops.map((nexthop) => {
        const { target } = nexthop;
        if (target.kind === 'device') return { kind: 'nexthop-replace', nexthop };
        const members = [...target.members].reverse();
        return { kind: 'nexthop-replace', nexthop: { ...nexthop, target: { ...target, members } } };
      }),
    );
    expect(moved(before, await scene.flows())).toBe(0);
  });

  test('a tunnel that cannot be made does not keep the others from carrying', async () => {
    const four = customerWith({ a: 2, b: 1, c: 1, d: 4 });
    await scene.shell(`ip -n ${NETNS} nexthop flush proto 77`);
    const ops = await scene.planFor({ customer: four });
    for (const op of ops) await scene.driver.apply([op as never]).catch(() => undefined);
    expect(Object.keys(shares(await scene.flows())).sort()).toEqual(['a', 'b', 'c']);
    const left = await scene.planFor({ customer: four });
    expect(left.some(({ kind }) => kind === 'nexthop-replace')).toBe(true);
  });

  test('what others made is left alone, also under a number of ours', async () => {
    const [group] = (await scene.driver.observe([NETNS], NOTHING)).nexthops.filter(
      ({ target }) => target.kind === 'group',
    );
    await scene.shell(`ip -n ${NETNS} nexthop add id 4242 dev gre-b proto static`);
    await scene.reach({ customer: { ...customer, routes: [] } }, true);
    expect(await scene.shell(`ip -n ${NETNS} nexthop show`)).toContain('id 4242 dev gre-b');
    await scene.shell(`ip -n ${NETNS} nexthop add id ${group!.id} dev gre-b proto static`);
    await expect(scene.reach(wish)).rejects.toThrow(`nexthop ${group!.id} in ${NETNS} is somebody else's`);
    await scene.shell(`ip -n ${NETNS} nexthop delete id 4242; ip -n ${NETNS} nexthop delete id ${group!.id}`);
  });

  /** The fewest that a tunnel has in a group. */
  async function bucketsOf(tunnel: string): Promise<number> {
    const own = await scene.shell(`ip -n ${NETNS} nexthop show dev gre-${tunnel}`);
    const ids = new Set([...own.matchAll(/^id (\d+) /gm)].map(([, id]) => id));
    const text = await scene.shell(`ip -n ${NETNS} nexthop bucket show`);
    const counts = new Map<string, number>();
    for (const [, group = '', id] of text.matchAll(/^id (\d+) .* nhid (\d+)/gm))
      counts.set(group, (counts.get(group) ?? 0) + (ids.has(id) ? 1 : 0));
    return Math.min(...counts.values());
  }
});
