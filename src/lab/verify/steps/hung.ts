/** (q) an agent that hangs, and what fails meanwhile. */
import { ACME, ENDPOINT, PREFIXES, SJC, UNICAST } from '../acme.js';
import { expect, type Field } from '../field.js';
import { learnedFrom, spreadOver } from '../routing.js';
import { allHold, heldLevels, LEASE_MS, ROUTER_MS, supervise } from '../servers.js';
import type { Step } from '../step.js';

const [VICTIM, OTHER] = SJC.servers;

/** The guard proves a fault by itself: in so many milliseconds, whatever the lease. */
const PROOF_MS = 3_000;

export const hung: Step = {
  letter: 'q',
  title:
    'an agent hangs: its paths are degraded; what fails meanwhile is withdrawn by the guard; the woken agent mends it',
  story: 'protected',
  async play(field) {
    await spreadOver(field, SJC, SJC.servers, 30_000);
    try {
      await letGo(field);
      await proven(field);
    } finally {
      await supervise(field, VICTIM, 'cont', 'agent');
    }
    await allHold(field, [VICTIM], PREFIXES, 'full', 20_000);
    await spreadOver(field, SJC, SJC.servers, 10_000);
    const addresses = await field.run(VICTIM, ['ip', '-br', 'addr', 'show', 'dev', 'lo']);
    expect(addresses.includes(`${ENDPOINT}/32`), `${VICTIM} is announced without its endpoint: ${addresses}`);
    field.say(`the woken agent has put ${ENDPOINT} back and holds everything at full`);
  },
};

async function letGo(field: Field): Promise<void> {
  const began = field.clock.now();
  await supervise(field, VICTIM, 'pause', 'agent');
  await spreadOver(field, SJC, [OTHER], 5_000);
  field.within(
    'agent hung: its paths are degraded and the router has turned away after',
    field.clock.now() - began,
    LEASE_MS + 100 + ROUTER_MS,
  );
  const held = (await heldLevels(field, VICTIM)).get(ACME.prefix4);
  expect(held === 'degraded', `${VICTIM} (${UNICAST[VICTIM]}) holds ${held ?? 'nothing'}`);
}

async function proven(field: Field): Promise<void> {
  const began = field.clock.now();
  await field.run(VICTIM, ['ip', 'addr', 'del', `${ENDPOINT}/32`, 'dev', 'lo']);
  await field.until(`${SJC.router} has none of them from ${VICTIM}`, PROOF_MS * 2, async () => {
    // `culvert status` would wait for the hung agent each time.
    const learned = await learnedFrom(field, SJC.router, VICTIM);
    return PREFIXES.some((prefix) => learned.includes(prefix)) ? undefined : true;
  });
  field.within('its endpoint is lost while it hangs: withdrawn after', field.clock.now() - began, PROOF_MS);
}
