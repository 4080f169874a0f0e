/** (e) GRE from every server, (p) shares by weight and one tunnel lost. */
import { ACME, ACME_ROUTERS, ENDPOINT, PORT, SERVERS, SITES, UNICAST, type ServerNode } from '../acme.js';
import { measuring, type Instrument } from '../counting.js';
import { expect, type Field } from '../field.js';
import { deviceTo, noUpdate } from '../routing.js';
import { statusOf } from '../servers.js';
import type { Step } from '../step.js';

/** Marks GRE by the server it came from: all servers send it from one address, so the outer header cannot tell. */
async function dscpStamps(field: Field): Promise<readonly Instrument[]> {
  return Promise.all(
    SITES.map(async ({ router, servers }) => {
      const rules = await Promise.all(
        servers.map(async (server) => {
          const device = await deviceTo(field, router, UNICAST[server]);
          return `iifname "${device}" ip protocol gre ip dscp set ${stampOf(server)}`;
        }),
      );
      return {
        node: router,
        chains: `chain stamp { type filter hook prerouting priority mangle;\n${rules.join('\n')}\n}`,
      };
    }),
  );
}

const stampOf = (server: ServerNode): number => SERVERS.indexOf(server) + 1;

/** GRE version 0 without flags, IPv4 or IPv6 inside, from the endpoint: RFC 2784 2. */
const PLAIN_GRE = `ip saddr ${ENDPOINT} ip protocol gre @th,0,16 0x0000 @th,16,16 { 0x0800, 0x86dd }`;

const stamped = `chain arrived { type filter hook prerouting priority -400;
${SERVERS.map((server) => `${PLAIN_GRE} ip dscp ${stampOf(server)} counter name from${stampOf(server)}`).join('\n')}
}`;

export const everyServerTunnels: Step = {
  letter: 'e',
  title: "at Acme's routers: GRE version 0 from 192.0.2.1, at least 100 packets from each of the four servers",
  story: 'protected',
  async play(field) {
    const instruments = [...(await dscpStamps(field)), ...ACME_ROUTERS.map((node) => ({ node, chains: stamped }))];
    await measuring(field, instruments, async (packets) => {
      await field.receiving(ACME.server, PORT, async (report) => {
        const sent = await Promise.all(
          SITES.map(({ user }) =>
            field.send(user, { to: ACME.v4, port: PORT, flows: 200, packets: 3, packetsPerSecond: 2000, size: 512 }),
          ),
        );
        const total = sent.reduce((sum, one) => sum + one.sent, 0);
        const got = await report();
        field.say(`${got.received} of ${total} inner packets arrived, ${got.damaged} damaged`);
        expect(
          got.damaged === 0 && got.received === total,
          `${got.received} of ${total} arrived, ${got.damaged} damaged`,
        );
      });
      for (const server of SERVERS) {
        const counts = await Promise.all(ACME_ROUTERS.map((router) => packets(router, `from${stampOf(server)}`)));
        const sum = counts.reduce((a, b) => a + b, 0);
        field.say(
          `${server}: ${sum} GRE packets (${ACME_ROUTERS.map((router, index) => `${router} ${counts[index]}`).join(', ')})`,
        );
        expect(sum >= 100, `only ${sum} GRE packets from ${server}`);
      }
    });
  },
};

const FLOWS = 300;

const greAtRouters: readonly Instrument[] = ACME_ROUTERS.map((node) => ({
  node,
  chains: `chain arrived { type filter hook prerouting priority -400; ip saddr ${ENDPOINT} ip protocol gre ip length > 300 counter name gre; }`,
}));

/** Packets of a burst of flows by each of Acme's routers, first acme-r1. */
async function burst(field: Field): Promise<readonly [number, number]> {
  return measuring(field, greAtRouters, async (packets) => {
    await field.receiving(ACME.server, PORT, async (report) => {
      await field.send('user-us', {
        to: ACME.v4,
        port: PORT,
        flows: FLOWS,
        packets: 1,
        packetsPerSecond: 2000,
        size: 512,
      });
      const { distinct } = await report();
      expect(distinct === FLOWS, `${distinct} of ${FLOWS} datagrams arrived`);
    });
    return [await packets('acme-r1', 'gre'), await packets('acme-r2', 'gre')];
  });
}

export const tunnelsShare: Step = {
  letter: 'p',
  title: "Acme's two tunnels share flows by weight 2:1; one goes down: its flows move, nothing is withdrawn",
  story: 'protected',
  async play(field) {
    const [us, eu] = await burst(field);
    field.say(`both up: ${us} flows by us (weight 2), ${eu} by eu (weight 1)`);
    expect(us > FLOWS * 0.55 && us < FLOWS * 0.78, `us carried ${us} of ${FLOWS} flows, expected about 200`);
    await noUpdate(field, SITES, 'eu down and up', async () => {
      await withoutGre(field, async () => {
        const { tookMs } = await field.until('every server finds tunnel eu down', 5_000, () => allSee(field, 'down'));
        field.say(`eu found down by every server after ${Math.round(tookMs)} ms`);
        await field.until('flows have moved to us', 3_000, async () => {
          const [, left] = await burstTolerant(field);
          return left === 0 ? true : undefined;
        });
        const [moved, left] = await burst(field);
        field.say(`eu down: ${moved} flows by us, ${left} by eu, none lost`);
        expect(moved >= FLOWS && left === 0, `${moved} by us, ${left} by eu`);
      });
      // Three answers make it degraded again, thirty more of them up: 6.6 s at its interval of 200 ms.
      await field.until('every server finds tunnel eu up again', 20_000, () => allSee(field, 'up'));
    });
  },
};

async function burstTolerant(field: Field): Promise<readonly [number, number]> {
  return measuring(field, greAtRouters, async (packets) => {
    await field.send('user-us', { to: ACME.v4, port: PORT, flows: 60, packets: 1, packetsPerSecond: 2000, size: 512 });
    return [await packets('acme-r1', 'gre'), await packets('acme-r2', 'gre')];
  });
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
