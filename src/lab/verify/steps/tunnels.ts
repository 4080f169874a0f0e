/** (e) GRE from every server. */
import { ACME, ACME_ROUTERS, ENDPOINT, PORT, SERVERS, SITES, UNICAST, type ServerNode } from '../acme.js';
import { measuring, type Instrument } from '../counting.js';
import { expect, type Field } from '../field.js';
import { deviceTo } from '../routing.js';
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
