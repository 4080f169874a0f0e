/**
 * A tunnel of four goes down and returns: which flows move, and which packets
 * are lost. `npm run bench:ecmp [ROUNDS]`: 3 unless given. Plans and operations
 * are the agent's own; groups by hash threshold, which older kernels have, run
 * beside the resilient ones. Everything stays inside one anchor.
 */
import { cpus, loadavg, release } from 'node:os';
import type { Hashing } from '../../src/model/kernel.js';
import { customerWith, FlowScene, moved, NETNS, shares, type Flows, type Wish } from '../drivers/route/flow-scene.js';
import { until } from '../drivers/speaker/until.js';
import { head, line, quantile, time } from './failover-figures.js';

const FLOWS = 2_048;
const TUNNELS = ['a', 'b', 'c', 'd'] as const;
const customer = customerWith({ a: 1, b: 1, c: 1, d: 1 });
const rounds = Number(process.argv[2] ?? 3);

const isOthers = (tunnel: string): boolean => tunnel !== 'd';

interface Seen {
  /** Of the flows before, those on the tunnel in question. */
  own: number;
  /** Flows that left it, or came to it. */
  its: number;
  /** Flows that moved from one of the other tunnels to one of the other tunnels. */
  others: number;
  sent: number;
  lost: number;
  ms: number;
  readonly took: number[];
}

const rows = new Map<string, Seen>();

/** Flows before and after a change that is made while all of them send. */
async function during(what: string, scene: FlowScene, before: Flows, change: () => Promise<unknown>): Promise<Flows> {
  const began = { at: 0, took: 0 };
  const streamed = await scene.streaming(async () => {
    began.at = performance.now();
    await change();
    began.took = performance.now() - began.at;
  });
  const after = await scene.flows();
  if (before.size !== FLOWS || after.size !== FLOWS)
    throw new Error(`${what}: ${before.size}, then ${after.size} flows`);
  const seen = rows.get(what) ?? { own: 0, its: 0, others: 0, sent: 0, lost: 0, ms: 0, took: [] };
  rows.set(what, seen);
  const others = [...before].filter(
    ([port, tunnel]) => isOthers(tunnel) && isOthers(after.get(port) ?? 'd') && after.get(port) !== tunnel,
  ).length;
  seen.own += shares(before).d ?? 0;
  seen.its += moved(before, after) - others;
  seen.others += others;
  seen.sent += streamed.sent;
  seen.lost += streamed.lost;
  seen.ms += streamed.ms;
  seen.took.push(began.took);
  return after;
}

/** Every tunnel has its quarter of the buckets. */
async function balanced(scene: FlowScene, boundMs: number): Promise<void> {
  const isBalanced = async (): Promise<boolean> => {
    const text = await scene.shell(`ip -n ${NETNS} nexthop bucket show`);
    const buckets = [...text.matchAll(/ nhid (\d+)/g)].map(([, nexthop]) => nexthop);
    const counts = [...new Set(buckets)].map((one) => buckets.filter((nexthop) => nexthop === one).length);
    // IPv4 and IPv6.
    return counts.length === 2 * TUNNELS.length && counts.every((count) => count === counts[0]);
  };
  await until('groups are balanced', isBalanced, boundMs);
}

async function bench(scene: FlowScene, hashing: Hashing['kind']): Promise<void> {
  const name = (what: string): string => `${what} | ${hashing === 'resilient' ? 'resilient' : 'hash threshold'}`;
  const wish: Wish = { customer, hashing };
  for (let round = 0; round < rounds; round++) {
    await scene.shell(`ip -n ${NETNS} nexthop flush`);
    await scene.reach(wish, true);
    const first = await scene.flows();
    const without = await during(name('down, as probes say'), scene, first, () =>
      scene.reach({ ...wish, down: ['d'] }),
    );
    const back = await during(name('up again'), scene, without, () => scene.reach(wish));
    if (hashing === 'resilient') await givenBack(scene, name, wish, back);
    const again = await scene.flows();
    const cut = await during(name('its link goes down'), scene, again, () =>
      scene.shell(`ip -n ${NETNS} link set gre-d down`),
    );
    await during(name('its link returns'), scene, cut, async () => {
      await scene.shell(`ip -n ${NETNS} link set gre-d up`);
      await scene.reach(wish);
    });
  }
}

/** What a returned tunnel gets of flows that were on others: when they pause, or when the group was unbalanced for long. */
async function givenBack(scene: FlowScene, name: (what: string) => string, wish: Wish, before: Flows): Promise<void> {
  // Not while all send: that is what these flows wait for.
  await balanced(scene, 30_000);
  await during(name('after 10 s without a packet'), scene, before, () => Promise.resolve());
  await scene.reach({ ...wish, down: ['d'] });
  const without = await scene.flows();
  const timers = { idleTimer: 10, unbalancedTimer: 2 };
  await during(name('never idle, after unbalanced_timer (2 s here)'), scene, without, async () => {
    await scene.reach({ ...wish, timers });
    await balanced(scene, 10_000);
  });
  await scene.reach(wish);
}

console.log(
  `${new Date().toISOString()}; Node ${process.version}, Linux ${release()}, ${cpus().length} cores; load ${loadavg()[0]?.toFixed(1)}; ` +
    `${TUNNELS.length} tunnels of one weight, ${FLOWS} flows, ${rounds} rounds\n`,
);
const began = performance.now();
const scene = await FlowScene.open({ tunnels: TUNNELS, flows: FLOWS, pause: '0.001' });
try {
  await bench(scene, 'resilient');
  await bench(scene, 'threshold');
} finally {
  await scene.close();
}

const percent = (part: number, whole: number): string => `${part} (${((100 * part) / whole).toFixed(1)} %)`;

console.log(
  head([
    'a tunnel of four',
    'groups',
    'flows on it',
    'left it or came to it',
    'moved between the others',
    'packets lost',
    'packets/s',
    'took, median',
  ]),
);
for (const [what, { own, its, others, sent, lost, ms, took }] of rows) {
  const all = FLOWS * took.length;
  console.log(
    line([
      ...what.split(' | '),
      `${own} of ${all}`,
      String(its),
      percent(others, all - Math.max(own, its)),
      `${lost} of ${sent}`,
      ((1_000 * sent) / ms).toFixed(0),
      time(quantile(took, 0.5)),
    ]),
  );
}
const needless = [...rows].filter(([what, { others }]) => what.endsWith('| resilient') && others > 0);
for (const [what, { others }] of needless) console.log(`\n**${what}**: ${others} flows moved needlessly.`);
if (needless.length > 0) process.exitCode = 1;
console.log(`\nTook ${((performance.now() - began) / 1_000).toFixed(0)} s.`);
