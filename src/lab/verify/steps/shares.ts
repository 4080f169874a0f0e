/** (p) two tunnels share flows by weight; one is lost and returns, and flows of the other never notice. */
import { ACME, ACME_ROUTERS, ENDPOINT, PORT, SERVERS, SITES } from '../acme.js';
import { elementsOf, forgetElements, measuring, type Instrument } from '../counting.js';
import { expect, type Field } from '../field.js';
import { noUpdate } from '../routing.js';
import { statusOf } from '../servers.js';
import type { Step } from '../step.js';

const FLOWS = 300;
/** Each flow a few times a second, and never idle. */
const PACKETS_PER_SECOND = 1_500;

type Router = (typeof ACME_ROUTERS)[number];
/** Source port to the router whose tunnel the flow came out of. */
type Flows = ReadonlyMap<number, Router>;

const PORTS = 'ports';

/** Inner packets by source port, as they come out of a tunnel; outer packets as they come in. */
const instruments: readonly Instrument[] = ACME_ROUTERS.map((node) => ({
  node,
  chains: `set ${PORTS} { type inet_service; size 65535; flags dynamic; }
chain arrived {
  type filter hook prerouting priority -400
  ip saddr ${ENDPOINT} ip protocol gre ip length > 300 counter name gre
  iifname != "lan" ip daddr ${ACME.v4} udp dport ${PORT} add @${PORTS} { udp sport }
}`,
}));

/** Source ports at each router, now that every flow has been seen there or there and none at both. */
async function carried(field: Field, what: string, isSettled: (flows: Flows) => boolean = () => true): Promise<Flows> {
  const forget = () => Promise.all(ACME_ROUTERS.map((router) => forgetElements(field, router, PORTS)));
  let saw = '';
  await forget();
  const { value } = await field.until(
    what,
    10_000,
    async () => {
      const flows = new Map<number, Router>();
      let twice = 0;
      for (const router of ACME_ROUTERS) {
        for (const port of await elementsOf(field, router, PORTS)) {
          if (flows.has(port)) twice++;
          flows.set(port, router);
        }
      }
      saw = `${flows.size} of ${FLOWS} flows, ${sharesText(flows)}, ${twice} by both`;
      if (flows.size === FLOWS && twice === 0 && isSettled(flows)) return flows;
      if (twice > 0 || flows.size >= FLOWS) await forget();
      return undefined;
    },
    () => saw,
  );
  return value;
}

const share = (flows: Flows, router: Router): number => [...flows.values()].filter((own) => own === router).length;
const sharesText = (flows: Flows): string =>
  ACME_ROUTERS.map((router) => `${share(flows, router)} by ${router}`).join(', ');

/** Flows that were at a router and are there no longer. */
const left = (before: Flows, after: Flows, router: Router): number =>
  [...before].filter(([port, own]) => own === router && after.get(port) !== router).length;

/** Weights are 2 and 1; four standard deviations of 300 flows, and what a table of buckets rounds. */
function expectWeights(us: number, eu: number): void {
  expect(
    us + eu === FLOWS && us > FLOWS * 0.55 && us < FLOWS * 0.78,
    `${us} flows by us and ${eu} by eu, expected 2:1`,
  );
}

export const tunnelsShare: Step = {
  letter: 'p',
  title:
    "Acme's two tunnels share flows by weight 2:1; one goes down and returns: its flows move, the others stay, nothing is withdrawn",
  story: 'protected',
  async play(field) {
    await measuring(field, instruments, async (packets) => {
      await balanced(field);
      await field.receiving(ACME.server, PORT, async () => {
        const options = { to: ACME.v4, port: PORT, flows: FLOWS, packetsPerSecond: PACKETS_PER_SECOND, size: 512 };
        await field.sending('user-us', options, () => throughLossAndReturn(field));
      });
      // New flows, when those have ended: shares are by weight again.
      await balanced(field);
      const gre = () => Promise.all(ACME_ROUTERS.map((router) => packets(router, 'gre')));
      const before = await gre();
      await field.receiving(ACME.server, PORT, async (report) => {
        const burst = { to: ACME.v4, port: PORT, flows: FLOWS, packets: 1, packetsPerSecond: 2000, size: 512 };
        await field.send('user-us', burst);
        const { distinct } = await report();
        expect(distinct === FLOWS, `${distinct} of ${FLOWS} datagrams arrived`);
      });
      const [us = 0, eu = 0] = (await gre()).map((count, n) => count - (before[n] ?? 0));
      field.say(`new flows: ${us} by us, ${eu} by eu`);
      expectWeights(us, eu);
    });
  },
};

async function throughLossAndReturn(field: Field): Promise<void> {
  const resilient = await holdsFlows(field);
  const before = await carried(field, 'every flow arrives by one tunnel');
  field.say(`both up: ${sharesText(before)}`);
  expectWeights(share(before, 'acme-r1'), share(before, 'acme-r2'));
  await noUpdate(field, SITES, 'eu down and up', async () => {
    let during = before;
    await withoutGre(field, async () => {
      const { tookMs } = await field.until('every server finds tunnel eu down', 5_000, () => allSee(field, 'down'));
      field.say(`eu found down by every server after ${Math.round(tookMs)} ms`);
      during = await carried(field, 'every flow arrives by us', (flows) => share(flows, 'acme-r2') === 0);
      const gone = left(before, during, 'acme-r1');
      field.say(`eu down: ${sharesText(during)}; of the flows by us before, ${gone} moved`);
      expect(gone === 0, `${gone} flows left the tunnel that is up`);
    });
    // Three answers make it degraded again, thirty more of them up: 6.6 s at its interval of 200 ms.
    await field.until('every server finds tunnel eu up again', 20_000, () => allSee(field, 'up'));
    await field.until('eu is a member again at every server', 5_000, () => everyGroup(field, BOTH));
    const after = await carried(field, 'every flow arrives by one tunnel');
    const needless = left(during, after, 'acme-r1');
    field.say(`eu up again, the same flows: ${sharesText(after)}; ${needless} moved`);
    expect(!resilient || needless === 0, `${needless} active flows moved when a tunnel returned`);
  });
}

/** Where a kernel has no resilient groups, flows move whenever a tunnel does: the agent says so. */
async function holdsFlows(field: Field): Promise<boolean> {
  const reports = await Promise.all(SERVERS.map((server) => statusOf(field, server)));
  const plain = reports.flatMap(({ agent }) => ('groups' in agent && agent.groups.kind === 'threshold' ? [agent] : []));
  for (const { server } of plain) field.say(`${server} has no resilient nexthop groups: active flows may move`);
  return plain.length === 0;
}

/** Tunnels have their shares of the buckets at every server: those that are idle move one by one. */
async function balanced(field: Field): Promise<void> {
  let saw = '';
  const wait = async (): Promise<true | undefined> => {
    const texts = await Promise.all(
      SERVERS.map((server) => field.run(server, ['ip', '-n', 'cv-acme', 'nexthop', 'bucket', 'show'])),
    );
    const smallest = texts.flatMap(sharesOfSmaller);
    saw = smallest.map((share) => share.toFixed(2)).join(', ');
    return smallest.every((share) => share > SMALLER - 0.01) ? true : undefined;
  };
  await field.until('tunnels have their shares at every server', 30_000, wait, () => saw);
}

/** eu, of weight 1 beside 2. */
const SMALLER = 1 / 3;

/** Of each group's buckets, the share of the tunnel that has fewer: `id 7 index 0 idle_time 1.5 nhid 9`. */
function sharesOfSmaller(text: string): readonly number[] {
  const groups = new Map<string, string[]>();
  for (const [, group = '', nexthop = ''] of text.matchAll(/^id (\d+) .* nhid (\d+)/gm)) {
    groups.set(group, [...(groups.get(group) ?? []), nexthop]);
  }
  return [...groups.values()].map((buckets) => {
    const first = buckets.filter((nexthop) => nexthop === buckets[0]).length;
    return Math.min(first, buckets.length - first) / buckets.length;
  });
}

/** A group with both tunnels, of weights 2 and 1; `ip` leaves a weight of 1 out. */
const BOTH = / group (\d+,2\/\d+|\d+\/\d+,2) /;

/** Both groups of Acme's, IPv4 and IPv6, at every server. */
async function everyGroup(field: Field, like: RegExp): Promise<true | undefined> {
  const texts = await Promise.all(
    SERVERS.map((server) => field.run(server, ['ip', '-n', 'cv-acme', 'nexthop', 'show'])),
  );
  return texts.every((text) => text.split('\n').filter((line) => like.test(line)).length === 2) ? true : undefined;
}

/** acme-r2 refuses GRE, as a misconfigured firewall would. */
async function withoutGre(field: Field, during: () => Promise<void>): Promise<void> {
  await field.run('acme-r2', ['nft', '-f', '-'], {
    input: 'table inet fault {\nchain in { type filter hook prerouting priority -300; ip protocol gre drop; }\n}\n',
  });
  try {
    await during();
  } finally {
    await field.run('acme-r2', ['nft', 'delete', 'table', 'inet', 'fault']);
  }
}

async function allSee(field: Field, health: string): Promise<true | undefined> {
  const reports = await Promise.all(SERVERS.map((server) => statusOf(field, server)));
  const seen = reports.map(({ agent }) =>
    'tunnels' in agent
      ? agent.tunnels.find(({ customer, tunnel }) => customer === 'acme' && tunnel === 'eu')?.health
      : undefined,
  );
  return seen.every((one) => one === health) ? true : undefined;
}
