/** (i) a site cut off from the customer, (j) a server's link lost, (k) recovery. */
import { ACME, AMS, SITES, SJC, UNICAST } from '../acme.js';
import { measuring } from '../counting.js';
import { expect, type Field } from '../field.js';
import { asPaths, deviceTo, noUpdate, spreadOver } from '../routing.js';
import { allHold, statusOf } from '../servers.js';
import type { Step } from '../step.js';
import { allArrive } from '../traffic.js';
import { arrivalsAt } from './announcing.js';

/** Acme's probes in lab/acme/fleet.yaml: interval x fall, and the second that the story allows. */
const REMOTE_BOUND_MS = 200 * 3 + 1000;

const remotes = Object.values(ACME.routers).join(', ');

export const siteCutOff: Step = {
  letter: 'i',
  title: "GRE between sjc and both of Acme's routers dropped: sjc withdraws, users enter at ams, ams sends nothing",
  story: 'protected',
  async play(field) {
    await noUpdate(field, [AMS], 'sjc cut off', () => cutOff(field));
    await allHold(field, SJC.servers, [ACME.prefix4, ACME.prefix6], 'full', 20_000);
    for (const site of SITES) await spreadOver(field, site, site.servers, 20_000);
  },
};

async function cutOff(field: Field): Promise<void> {
  await field.run(SJC.router, ['nft', '-f', '-'], {
    input: `table inet fault {\nchain cut { type filter hook forward priority 0; ip protocol gre ip daddr { ${remotes} } drop; }\n}\n`,
  });
  try {
    const { tookMs } = await spreadOver(field, SJC, [], 10_000);
    field.within('both sjc servers have withdrawn after', tookMs, REMOTE_BOUND_MS);
    await allHold(field, SJC.servers, [ACME.prefix4, ACME.prefix6], 'withdrawn', 2_000);
    await field.until('isp-us routes through ams', 5_000, async () =>
      (await asPaths(field, SJC.isp, ACME.prefix4))[0] === '64496 64500 64512' ? true : undefined,
    );
    await measuring(field, arrivalsAt([AMS]), async (packets) => {
      const limit = field.slow ? 100 : 10;
      await field.shell(SJC.user, `curl -sS --max-time ${limit} -o /dev/null ftp://${ACME.v4}/pub/`, {
        timeoutMs: limit * 1000,
      });
      const entered = (await packets('ams-s1', 'arrived4')) + (await packets('ams-s2', 'arrived4'));
      field.say(`user-us's next connection succeeded; ${entered} of its packets entered at ams`);
      expect(entered > 0, 'the connection did not pass ams');
    });
  } finally {
    await field.run(SJC.router, ['nft', 'delete', 'table', 'inet', 'fault']);
  }
}

/** A session that did not survive the fault shows it within its hold time of 3 s: only then does the next fault begin. */
const SESSIONS_JUDGED_MS = 3_500;

const BOUNDS = { linkDown: 1_000, silent: 10_000 } as const;

export const linkLost: Step = {
  letter: 'j',
  title:
    "a server's link lost at the router, and a link that stays up but drops frames: the site goes on with the other server",
  story: 'protected',
  async play(field) {
    for (const site of SITES) {
      const [victim] = site.servers;
      const device = await deviceTo(field, site.router, UNICAST[victim]);
      await interrupted(field, site, `${victim}'s link down at ${site.router}`, BOUNDS.linkDown, {
        fail: () => field.run(site.router, ['ip', 'link', 'set', device, 'down']),
        mend: () => restoreLink(field, site.router, device, UNICAST[victim]),
      });
      await interrupted(field, site, `${victim}'s link up but silent`, BOUNDS.silent, {
        fail: () =>
          field.run(site.router, ['nft', '-f', '-'], {
            input: `table netdev fault {\nchain in { type filter hook ingress device "${device}" priority 0; drop; }\n}
table inet fault {\nchain out { type filter hook postrouting priority 300; oifname "${device}" drop; }\n}\n`,
          }),
        mend: () => field.shell(site.router, 'nft delete table netdev fault; nft delete table inet fault'),
      });
    }
  },
};

export const recovered: Step = {
  letter: 'k',
  title: "all of it recovers, and ECMP is back in the kernel's table",
  story: 'protected',
  async play(field) {
    for (const site of SITES) {
      for (const prefix of [ACME.prefix4, ACME.prefix6]) await spreadOver(field, site, site.servers, 30_000, prefix);
      field.say(
        (await field.run(site.router, ['ip', 'route', 'show', ACME.prefix4])).trim().replaceAll(/\s*\n\s*/g, ' '),
      );
      for (const server of site.servers) {
        const { agent } = await statusOf(field, server);
        const faults =
          'dataPlane' in agent
            ? agent.dataPlane.filter(({ state }) => state !== 'verified')
            : [{ subject: agent.problem }];
        expect(faults.length === 0, `${server}: ${faults.map(({ subject }) => subject).join(', ')} not verified`);
      }
    }
  },
};

/** Traffic flows while a link fails; the longest silence at Acme is what the fault cost. */
async function interrupted(
  field: Field,
  site: (typeof SITES)[number],
  what: string,
  boundMs: number,
  fault: { fail(): Promise<unknown>; mend(): Promise<unknown> },
): Promise<void> {
  const [, survivor] = site.servers;
  await spreadOver(field, site, site.servers, 30_000);
  try {
    const began = field.clock.now();
    await fault.fail();
    await spreadOver(field, site, [survivor], boundMs * 2);
    field.within(`${what}: only ${survivor} is left in the router's table after`, field.clock.now() - began, boundMs);
    await allArrive(field, site, `by ${survivor}`);
  } finally {
    await fault.mend();
  }
  const { tookMs } = await spreadOver(field, site, site.servers, 60_000);
  field.say(`both servers are back in the router's table after ${(tookMs / 1000).toFixed(1)} s`);
  await field.sleep(SESSIONS_JUDGED_MS);
}

/** A link that comes up again has lost its IPv6 addresses and routes: put them back as at deployment. */
async function restoreLink(field: Field, router: string, device: string, server: string): Promise<void> {
  await field.run(router, ['ip', 'link', 'set', device, 'up']);
  const site = /^198\.18\.(\d+)\.(\d+)$/.exec(server);
  expect(site !== null, `${server} is not a server of the lab`);
  await field.attempt(router, [
    'ip',
    'addr',
    'add',
    `2001:db8:${site[1]}::1`,
    'peer',
    `2001:db8:${site[1]}::${site[2]}`,
    'dev',
    device,
    'nodad',
  ]);
}
