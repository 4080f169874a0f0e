/** (a) before, (b) announced, (c) catchment, (d) spreading. */
import { ACME, PORT, SITES, type SiteNodes } from '../acme.js';
import { measuring } from '../counting.js';
import { expect } from '../field.js';
import { asPaths, spreadOver } from '../routing.js';
import { allHold } from '../servers.js';
import type { Step } from '../step.js';

/** Counts what arrives at each of a site's servers for Acme. */
const ARRIVALS = `chain arrivals {
  type filter hook prerouting priority -400;
  iifname "eth1" ip daddr ${ACME.prefix4} counter name arrived4
  iifname "eth1" ip6 daddr ${ACME.prefix6} counter name arrived6
}`;

export const arrivalsAt = (sites: readonly SiteNodes[]): readonly { node: string; chains: string }[] =>
  sites.flatMap(({ servers }) => servers.map((node) => ({ node, chains: ARRIVALS })));

export const before: Step = {
  letter: 'a',
  title: 'before: users reach Acme directly',
  story: 'direct',
  async play(field) {
    await measuring(field, arrivalsAt(SITES), async (packets) => {
      await field.receiving(ACME.server, PORT, async (report) => {
        for (const { user } of SITES) {
          for (const to of [ACME.v4, ACME.v6]) {
            await field.send(user, { to, port: PORT, flows: 10, packets: 2, packetsPerSecond: 500, size: 64 });
          }
        }
        const { distinct } = await report();
        expect(distinct >= 20, `Acme received ${distinct} of 20 datagrams`);
        field.say(`Acme received datagrams from both users over IPv4 and IPv6`);
      });
      for (const { servers } of SITES) {
        for (const server of servers) {
          const carried = (await packets(server, 'arrived4')) + (await packets(server, 'arrived6'));
          expect(carried === 0, `${server} carried ${carried} packets for Acme`);
        }
      }
      field.say('no server carried any of them');
    });
  },
};

export const announced: Step = {
  letter: 'b',
  title: 'both sites announce; Acme stops; the path is 64500 64512',
  story: 'protected',
  async play(field) {
    for (const { isp, servers } of SITES) {
      await allHold(field, servers, [ACME.prefix4, ACME.prefix6, '192.0.2.0/24'], 'full', 20_000);
      for (const prefix of [ACME.prefix4, ACME.prefix6]) {
        const paths = await asPaths(field, isp, prefix);
        field.say(`${isp} ${prefix}: ${paths.join(' | ')}`);
        expect(paths[0] === '64500 64512', `${isp} prefers ${paths[0] ?? 'no path'} for ${prefix}`);
      }
    }
  },
};

export const catchment: Step = {
  letter: 'c',
  title: 'user-eu enters at ams, user-us at sjc',
  story: 'protected',
  async play(field) {
    for (const site of SITES) {
      await measuring(field, arrivalsAt(SITES), async (packets) => {
        await field.send(site.user, {
          to: ACME.v4,
          port: PORT,
          flows: 40,
          packets: 1,
          packetsPerSecond: 1000,
          size: 64,
        });
        await field.send(site.user, {
          to: ACME.v6,
          port: PORT,
          flows: 40,
          packets: 1,
          packetsPerSecond: 1000,
          size: 64,
        });
        for (const other of SITES) {
          let carried = 0;
          for (const server of other.servers) {
            carried += (await packets(server, 'arrived4')) + (await packets(server, 'arrived6'));
          }
          field.say(`${site.user}: ${carried} of 80 packets entered at ${other.router.slice(0, 3)}`);
          expect(
            carried === (other === site ? 80 : 0),
            `${site.user}: ${carried} packets entered at ${other.router.slice(0, 3)}`,
          );
        }
      });
    }
  },
};

const FLOWS = 400;

export const spreading: Step = {
  letter: 'd',
  title: '400 flows: each server of a site carries 35 to 65 percent, IPv4 and IPv6',
  story: 'protected',
  async play(field) {
    for (const site of SITES) {
      await spreadOver(field, site, site.servers, 10_000);
      await spreadOver(field, site, site.servers, 10_000, ACME.prefix6);
      await measuring(field, arrivalsAt([site]), async (packets) => {
        for (const [to, counter] of [
          [ACME.v4, 'arrived4'],
          [ACME.v6, 'arrived6'],
        ] as const) {
          await field.send(site.user, { to, port: PORT, flows: FLOWS, packets: 1, packetsPerSecond: 4000, size: 64 });
          const shares = await Promise.all(site.servers.map((server) => packets(server, counter)));
          field.say(
            `${site.user} to ${to}: ${site.servers.map((server, index) => `${server} ${shares[index]}`).join(', ')} of ${FLOWS} flows`,
          );
          for (const share of shares) {
            expect(
              share >= FLOWS * 0.35 && share <= FLOWS * 0.65,
              `a server of ${site.router} carried ${share} of ${FLOWS} flows`,
            );
          }
        }
      });
    }
  },
};
