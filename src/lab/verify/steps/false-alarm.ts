/** (s) every probe of every server fails, and nothing is wrong. */
import { ACME, SERVERS, SITES } from '../acme.js';
import type { Field } from '../field.js';
import { spreadOver } from '../routing.js';
import { allHold } from '../servers.js';
import type { Step } from '../step.js';
import { losesNothing } from '../traffic.js';

const PREFIXES = [ACME.prefix4, ACME.prefix6];

export const falseAlarm: Step = {
  letter: 's',
  title:
    "the answers to all probes are lost, at both sites, with remoteFault at its default: all degrade, nobody withdraws, users' packets arrive",
  story: 'protected',
  async play(field) {
    const [site] = SITES;
    for (const each of SITES) await spreadOver(field, each, each.servers, 30_000);
    await withRemoteFault(field, 'degrade', async () => {
      await losesNothing(field, site, 'all probes fail', async () => {
        try {
          for (const { router } of SITES) await field.run(router, ['nft', '-f', '-'], { input: DEAF });
          await allHold(field, SERVERS, PREFIXES, 'degraded', 10_000);
          field.say('all four servers hold Acme at degraded, none withdraws');
          for (const each of SITES) await spreadOver(field, each, each.servers, 5_000);
        } finally {
          for (const { router } of SITES) await field.attempt(router, ['nft', 'delete', 'table', 'inet', 'fault']);
        }
        await allHold(field, SERVERS, PREFIXES, 'full', 20_000);
      });
    });
  },
};

/** Probes go out by the tunnel and are answered outside it, to the server's unicast address. */
const DEAF = `table inet fault {
  chain deaf { type filter hook forward priority 0; icmp type echo-reply ip daddr 198.18.0.0/16 drop; }
}
`;

const FLEET = '/etc/culvert/fleet.yaml';

/** The lab chooses `withdraw` for `safety.remoteFault`; here its servers read a fleet that chooses otherwise. */
async function withRemoteFault(field: Field, choice: string, during: () => Promise<void>): Promise<void> {
  const reload = (server: string, change: string): Promise<string> =>
    field.shell(server, `${change} && culvert reload`, { timeoutMs: 30_000 });
  const changed = `sed 's/remoteFault: withdraw/remoteFault: ${choice}/' ${FLEET} >/run/fleet.changed.yaml`;
  try {
    for (const server of SERVERS) await reload(server, `${changed} && mount --bind /run/fleet.changed.yaml ${FLEET}`);
    await allHold(field, SERVERS, PREFIXES, 'full', 10_000);
    await during();
  } finally {
    for (const server of SERVERS) await reload(server, `umount ${FLEET}`);
    await allHold(field, SERVERS, PREFIXES, 'full', 10_000);
  }
}
