/** (m) no conntrack, (n) Acme's firewall and Globex beside it, (o) egress through any server. */
import { ACME, AMS, ENDPOINT, GLOBEX, PORT, SITES, SJC, USER_EU, type SiteNodes } from '../acme.js';
import { measuring } from '../counting.js';
import { expect, type Field } from '../field.js';
import { counterSum, allHold } from '../servers.js';
import { spreadOver } from '../routing.js';
import type { Step } from '../step.js';

/** Makes conntrack watch: it stays idle until a rule asks for its state. */
const TRACKING = 'chain tracking { type filter hook forward priority 10; ct state established counter name tracked; }';

export const untracked: Step = {
  letter: 'm',
  title: 'conntrack holds no transit flow; a control without NOTRACK shows one',
  story: 'protected',
  async play(field) {
    const nodes = [...AMS.servers, AMS.router];
    await measuring(
      field,
      nodes.map((node) => ({ node, chains: TRACKING })),
      async () => {
        await field.send(AMS.user, {
          to: ACME.v4,
          port: PORT,
          flows: 40,
          packets: 2,
          packetsPerSecond: 1000,
          size: 64,
        });
        for (const server of AMS.servers) {
          for (const netns of ['', 'cv-acme']) {
            const entries = await tracked(field, server, netns);
            expect(entries.length === 0, `${server} ${netns}: ${entries.length} tracked, first ${entries[0] ?? ''}`);
          }
        }
        field.say("no server tracks a flow to Acme, in its default namespace or in Acme's");
        const control = await tracked(field, AMS.router, '');
        expect(control.length > 0, `the control, ${AMS.router}, tracks nothing either: the measurement is blind`);
        field.say(`control without NOTRACK, ${AMS.router}: ${control.length} flows tracked`);
      },
    );
  },
};

async function tracked(field: Field, node: string, netns: string): Promise<readonly string[]> {
  const enter = netns === '' ? '' : `nsenter --net=/run/netns/${netns} `;
  const listing = await field.shell(node, `${enter}conntrack -L -d ${ACME.v4} 2>/dev/null`);
  return listing.split('\n').filter((line) => line.includes(ACME.v4));
}

const FIREWALL_COUNTER = 'rule_known-attacker';

export const firewalled: Step = {
  letter: 'n',
  title: "what Acme's firewall drops is dropped in Acme's namespace and counted; Globex receives its own packets",
  story: 'protected',
  async play(field) {
    const before = await counterSum(field, 'cv-acme', FIREWALL_COUNTER);
    await field.receiving(GLOBEX.router, PORT, async (globex) => {
      const beside = field.send('user-us', {
        to: GLOBEX.v4,
        port: PORT,
        flows: 20,
        packets: 20,
        packetsPerSecond: 200,
        size: 64,
      });
      await field.receiving(ACME.server, PORT, async (report) => {
        const { sent } = await field.send('user-eu', {
          to: ACME.v4,
          port: PORT,
          flows: 20,
          packets: 5,
          packetsPerSecond: 500,
          size: 64,
          from: USER_EU.attacker,
        });
        const allowed = await field.send('user-eu', {
          to: ACME.v4,
          port: PORT,
          flows: 20,
          packets: 5,
          packetsPerSecond: 500,
          size: 64,
          from: USER_EU.address,
        });
        const { received } = await report();
        expect(
          received === allowed.sent,
          `Acme received ${received} datagrams, ${allowed.sent} were allowed and ${sent} were not`,
        );
        const { value: dropped } = await field.until('the drops are in culvert status', 5_000, async () => {
          const count = (await counterSum(field, 'cv-acme', FIREWALL_COUNTER)) - before;
          return count >= sent ? count : undefined;
        });
        field.say(
          `${sent} sent by the attacker, ${dropped} counted as dropped in cv-acme; ${received} of ${allowed.sent} others arrived`,
        );
      });
      const { sent } = await beside;
      const { distinct } = await globex();
      field.say(`Globex, with Acme's inner addresses, received ${distinct} of ${sent} of its own`);
      expect(distinct === sent, `Globex received ${distinct} of ${sent}`);
    });
  },
};

export const egress: Step = {
  letter: 'o',
  title:
    'GRE from Acme is decapsulated at sjc, and at ams when sjc stops; forged and foreign packets are dropped and counted',
  story: 'protected',
  async play(field) {
    await withEgressRoute(field, async () => {
      await decapsulatedAt(field, SJC);
      for (const server of SJC.servers) await field.run(server, ['culvert', 'drain'], { timeoutMs: 30_000 });
      try {
        await decapsulatedAt(field, AMS);
      } finally {
        for (const server of SJC.servers) await field.run(server, ['culvert', 'undrain']);
      }
      await allHold(field, SJC.servers, [ACME.prefix4, '192.0.2.0/24'], 'full', 20_000);
      await spreadOver(field, SJC, SJC.servers, 20_000);
    });
    await refused(field, "an inner source outside Acme's prefixes", 'cv-acme', 'inner_source_refused', () =>
      withRoute(field, 'acme-r1', USER_EU.address, () =>
        field.attempt('acme-r1', [
          'ping',
          '-c',
          '5',
          '-i',
          '0.2',
          '-W',
          '1',
          '-I',
          ACME.routers['acme-r1'],
          USER_EU.address,
        ]),
      ),
    );
    await refused(field, 'GRE from a stranger', '', 'gre_stranger', () => stranger(field));
  },
};

/** Acme sends what leaves for user-eu into its tunnel. */
const withEgressRoute = (field: Field, during: () => Promise<void>): Promise<void> =>
  withRoute(field, 'acme-r1', USER_EU.address, during);

async function withRoute<T>(field: Field, router: string, to: string, during: () => Promise<T>): Promise<T> {
  await field.run(router, ['ip', 'route', 'add', `${to}/32`, 'dev', 'gre1']);
  try {
    return await during();
  } finally {
    await field.run(router, ['ip', 'route', 'del', `${to}/32`, 'dev', 'gre1']);
  }
}

async function decapsulatedAt(field: Field, site: SiteNodes): Promise<void> {
  const chains = `chain leaving { type filter hook prerouting priority -400; iifname "cv-acme" ip saddr ${ACME.v4} ip daddr ${USER_EU.address} udp dport ${PORT} counter name decapsulated; }`;
  const instruments = SITES.flatMap(({ servers }) => servers.map((node) => ({ node, chains })));
  await measuring(field, instruments, async (packets) => {
    await field.receiving('user-eu', PORT, async (report) => {
      const { sent } = await field.send(ACME.server, {
        to: USER_EU.address,
        port: PORT,
        flows: 10,
        packets: 5,
        packetsPerSecond: 500,
        size: 512,
        from: ACME.v4,
      });
      await field.sleep(200);
      const { distinct } = await report();
      const counts = await Promise.all(site.servers.map((server) => packets(server, 'decapsulated')));
      const here = counts.reduce((sum, count) => sum + count, 0);
      field.say(
        `${sent} sent by Acme through GRE to ${ENDPOINT}: ${here} decapsulated at ${site.router.slice(0, 3)}, ${distinct} received by user-eu`,
      );
      expect(
        distinct === sent && here === sent,
        `${here} of ${sent} decapsulated at ${site.router.slice(0, 3)}, ${distinct} received`,
      );
    });
  });
}

async function refused(
  field: Field,
  what: string,
  netns: string,
  counter: string,
  attempt: () => Promise<unknown>,
): Promise<void> {
  const before = await counterSum(field, netns, counter);
  await attempt();
  const { value: count } = await field.until(`${what} is counted`, 5_000, async () => {
    const now = (await counterSum(field, netns, counter)) - before;
    return now > 0 ? now : undefined;
  });
  field.say(`${what}: ${count} packets dropped and counted`);
}

/** user-us, whom nobody knows, sends GRE to the endpoint: a bare header, and in it a UDP packet for Acme. */
async function stranger(field: Field): Promise<void> {
  const header = [0, 0, 8, 0];
  const inner = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 1, 2, 3, 4, 203, 0, 113, 100];
  const udp = [0, 7, 0, 7, 0, 8, 0, 0];
  const octal = [...header, ...inner, ...udp].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  await field.shell('user-us', `for i in 1 2 3 4 5; do printf '${octal}' | socat -u - IP4-SENDTO:${ENDPOINT}:47; done`);
}
