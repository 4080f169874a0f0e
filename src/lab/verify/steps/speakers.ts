/** (r) a guard killed, a gobgpd killed. */
import { AMS, PREFIXES } from '../acme.js';
import type { Field } from '../field.js';
import { noUpdate, spreadOver } from '../routing.js';
import { allHold, killAndRevive, statusOf } from '../servers.js';
import type { Step } from '../step.js';
import { losesNothing } from '../traffic.js';

const [VICTIM, OTHER] = AMS.servers;

/** runit waits a second before it starts gobgpd again, and FRR as long before it tries the session. */
const SESSION_BACK_MS = 6_000;

export const speakersKilled: Step = {
  letter: 'r',
  title:
    'a killed guard adopts what is announced, without an UPDATE; a killed gobgpd is filled again; neither loses a packet',
  story: 'protected',
  async play(field) {
    await spreadOver(field, AMS, AMS.servers, 30_000);
    await noUpdate(field, [AMS], `${VICTIM}'s guard killed`, () =>
      losesNothing(field, AMS, `${VICTIM}'s guard killed`, async () => {
        await killAndRevive(field, VICTIM, 'guard');
        await field.until(`a new guard of ${VICTIM} holds a lease`, 15_000, () => leased(field));
        await allHold(field, [VICTIM], PREFIXES, 'full', 5_000);
      }),
    );
    await losesNothing(field, AMS, `${VICTIM}'s gobgpd killed`, async () => {
      await killAndRevive(field, VICTIM, 'gobgpd');
      const began = field.clock.now();
      await spreadOver(field, AMS, [OTHER], 2_000);
      await spreadOver(field, AMS, AMS.servers, 20_000);
      field.within('a new gobgpd has its session and its paths after', field.clock.now() - began, SESSION_BACK_MS);
      await allHold(field, [VICTIM], PREFIXES, 'full', 5_000);
    });
  },
};

async function leased(field: Field): Promise<true | undefined> {
  const { guard } = await statusOf(field, VICTIM);
  return 'prefixes' in guard && guard.speaker === 'ready' && guard.agent === 'leased' ? true : undefined;
}
