import { LeaseHolder, type Wanted } from '../../src/engine/lease-holder.js';
import { prefix } from '../../src/model/address.js';
import type { DesiredSet, OfferAnswer, WireState } from '../../src/model/lease.js';
import type { GuardClient } from '../../src/ports/guard.js';
import { VirtualClock } from '../virtual-clock.js';

const wire: WireState = {
  speaker: 'ready',
  generation: 'g',
  agent: 'leased',
  drain: 'in-service',
  prefixes: [],
  peers: [],
  reports: [],
};
const announcements: Wanted['announcements'] = [
  { prefix: prefix('192.0.2.0/24'), level: 'full', asPath: [], reasons: [] },
];
const wanted: Wanted = { generation: 'g', ttlMs: 1000, announcements };

function holder() {
  const clock = new VirtualClock();
  const world = { wire, reachable: true, fresh: true, refusal: undefined as OfferAnswer | undefined, epoch: 0 };
  const calls: string[] = [];
  const offers: DesiredSet[] = [];
  const call = <T>(name: string, answer: () => T): Promise<T> => {
    if (!world.reachable) return Promise.reject(new Error('no guard listens'));
    calls.push(name);
    return Promise.resolve(answer());
  };
  const guard: GuardClient = {
    hello: () => call('hello', () => ({ accepted: true, epoch: ++world.epoch, wire: world.wire })),
    offer: (set) => call('offer', () => (offers.push(set), world.refusal ?? { accepted: true, wire })),
    handover: (epoch, mode) => call(`handover ${epoch} ${mode}`, () => undefined),
    drain: () => call('drain', () => undefined),
    undrain: () => call('undrain', () => undefined),
    confirm: () => call('confirm', () => undefined),
    status: () => call('status', () => wire),
    close: () => undefined,
  };
  const made = new LeaseHolder({
    guard,
    clock,
    server: 'ams-s1',
    pid: 7,
    whyNotRenew: () => (world.fresh ? undefined : 'the kernel was read 9.0 s ago'),
    adopted: () => calls.push('adopted'),
    answered: () => undefined,
  });
  return { clock, world, calls, offers, holder: made };
}

async function settled(work: Promise<void>, clock: VirtualClock): Promise<void> {
  let done = false;
  void work.then(() => (done = true));
  while (!done) await clock.advance(10);
}

test('hello and adoption come before the first offer, and a set thought of earlier is not offered', async () => {
  const { clock, calls, offers, holder: lease } = holder();
  await settled(lease.publish(wanted, 50), clock);
  expect([calls, offers.length]).toEqual([['hello', 'adopted'], 0]);
  await settled(lease.publish(wanted, 50), clock);
  expect(offers).toMatchObject([{ epoch: 1, sequence: 1, ttlMs: 1000, announcements }]);
});

test('four renewals fit into a lease; without fresh knowledge there are none', async () => {
  const { clock, world, offers, holder: lease } = holder();
  lease.start();
  await clock.settle();
  await settled(lease.publish(wanted, 50), clock);
  const before = offers.length;
  await clock.advance(1000);
  expect(offers.length - before).toBe(4);
  expect(offers.map(({ sequence }) => sequence)).toEqual(offers.map((_, index) => index + 1));
  world.fresh = false;
  await clock.advance(5000);
  expect(offers.length - before).toBe(4);
});

test('a set that the guard holds already is left to the next renewal, another one is not', async () => {
  const { clock, world, offers, holder: lease } = holder();
  lease.start();
  await clock.settle();
  await settled(lease.publish(wanted, 50), clock);
  const began = clock.now();
  await lease.publish({ ...wanted }, 50);
  expect([offers.length, clock.now()]).toEqual([1, began]);
  await settled(lease.publish({ ...wanted, announcements: [...announcements] }, 50), clock);
  expect(offers).toHaveLength(2);
  // Nobody knows what a guard holds that does not answer.
  world.reachable = false;
  await clock.advance(1_000);
  world.reachable = true;
  await settled(lease.publish(wanted, 50), clock);
  expect(offers).toHaveLength(3);
});

test('a refused set means a new hello, and the refusal is told', async () => {
  const { clock, world, calls, offers, holder: lease } = holder();
  lease.start();
  await clock.settle();
  world.refusal = { accepted: false, refusal: 'stale-epoch', detail: 'epoch 1 has ended' };
  await settled(lease.publish(wanted, 50), clock);
  expect(lease.problem).toContain('stale-epoch');
  world.refusal = undefined;
  await clock.advance(400);
  await settled(lease.publish(wanted, 50), clock);
  expect(calls.filter((name) => name === 'hello').length).toBe(2);
  expect([offers.at(-1)?.epoch, offers.at(-1)?.sequence, lease.problem]).toEqual([2, 1, undefined]);
});

test('publish never waits longer than its bound', async () => {
  const { clock, world, holder: lease } = holder();
  world.reachable = false;
  const began = clock.now();
  await settled(lease.publish(wanted, 500), clock);
  expect(clock.now() - began).toBeLessThanOrEqual(510);
  expect(lease.problem).toBe('no guard listens');
});

test('leaving ends renewals before it tells the guard', async () => {
  const { clock, calls, offers, holder: lease } = holder();
  lease.start();
  await clock.settle();
  await settled(lease.publish(wanted, 50), clock);
  await settled(lease.leave('keep'), clock);
  const before = offers.length;
  await clock.advance(5000);
  expect([calls.at(-1), offers.length]).toEqual(['handover 1 keep', before]);
});

test('a shorter time-to-live means quicker renewals', async () => {
  const { clock, offers, holder: lease } = holder();
  lease.start();
  await clock.settle();
  await settled(lease.publish({ ...wanted, ttlMs: 200 }, 50), clock);
  const before = offers.length;
  await clock.advance(1000);
  expect(offers.length - before).toBe(20);
});

test('while the guard has not read the wire, nothing is offered and nothing adopted', async () => {
  const { clock, world, calls, offers, holder: lease } = holder();
  const unread = {
    prefix: prefix('192.0.2.0/24'),
    level: 'withdrawn',
    reasons: [],
    held: 'unknown',
    settled: false,
  } as const;
  world.wire = { ...wire, speaker: 'unreachable', speakerDetail: 'gobgpd does not answer', prefixes: [unread] };
  lease.start();
  await clock.settle();
  await settled(lease.publish(wanted, 50), clock);
  await clock.advance(2000);
  expect([offers, calls.includes('adopted'), lease.problem]).toEqual([
    [],
    false,
    'guard has not read the wire yet: gobgpd does not answer',
  ]);
  world.wire = { ...wire, prefixes: [{ ...unread, held: 'full' }] };
  await clock.advance(400);
  await settled(lease.publish(wanted, 50), clock);
  expect([offers.length, calls.filter((name) => name === 'adopted').length, lease.problem]).toEqual([1, 1, undefined]);
});

test('waits that ran out leave nothing behind, however long the guard is away', async () => {
  const { clock, world, holder: lease } = holder();
  world.reachable = false;
  const answers: Promise<void>[] = [];
  for (let time = 0; time < 50; time++) {
    answers.push(lease.publish(wanted, 0));
    await clock.advance(10);
  }
  await Promise.all(answers);
  expect(clock.timers).toBe(1);
});
