/** (t) a whole site taken out and brought back under traffic. */
import { ACME, AMS, PREFIXES, SJC } from '../acme.js';
import { expect, type Field } from '../field.js';
import { asPaths, spreadOver } from '../routing.js';
import { allHold, statusOf } from '../servers.js';
import type { Step } from '../step.js';
import { losesNothing } from '../traffic.js';

export const siteDrained: Step = {
  letter: 't',
  title:
    'sjc is drained as a whole under 2,000 packets/s: upstreams turn to ams first, then it withdraws; back again; nothing is lost',
  story: 'protected',
  async play(field) {
    await spreadOver(field, SJC, SJC.servers, 30_000);
    await spreadOver(field, AMS, AMS.servers, 30_000);
    try {
      await losesNothing(field, SJC, 'drain of sjc', async () => {
        await Promise.all(SJC.servers.map((server) => drainWithSite(field, server)));
        await entersAt(field, 'ams');
      });
      await losesNothing(field, SJC, 'undrain of sjc', async () => {
        await Promise.all(SJC.servers.map((server) => field.run(server, ['culvert', 'undrain'])));
        await entersAt(field, 'sjc');
        await allHold(field, SJC.servers, PREFIXES, 'full', 20_000);
      });
    } finally {
      for (const server of SJC.servers) await field.attempt(server, ['culvert', 'undrain']);
    }
    await spreadOver(field, SJC, SJC.servers, 10_000);
  },
};

async function drainWithSite(field: Field, server: (typeof SJC.servers)[number]): Promise<void> {
  const { stderr } = await field.attempt(server, ['culvert', 'drain', '--leaving-site'], { timeoutMs: 60_000 });
  const { guard } = await statusOf(field, server);
  expect('drain' in guard && guard.drain === 'drained', `${server} is not drained: ${stderr.trim().slice(-200)}`);
  field.say(`${server}: ${stderr.trim().split('\n').slice(-3).join('; ')}`);
}

/** By the path that the ISP of user-us prefers: straight to a site, or by way of the other ISP. */
async function entersAt(field: Field, site: 'ams' | 'sjc'): Promise<void> {
  const wanted = site === 'sjc' ? '64500 64512' : '64496 64500 64512';
  let saw = '';
  await field.until(
    `${SJC.isp} prefers ${wanted} for ${ACME.prefix4}`,
    20_000,
    async () => {
      saw = (await asPaths(field, SJC.isp, ACME.prefix4))[0] ?? 'no path';
      return saw === wanted ? true : undefined;
    },
    () => saw,
  );
}
