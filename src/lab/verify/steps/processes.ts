/** (l) drain under traffic, an agent restarted, an agent gone for good. */
import { ACME, AMS, PREFIXES, UNICAST } from '../acme.js';
import { expect, type Field } from '../field.js';
import { noUpdate, spreadOver } from '../routing.js';
import { allHold, heldLevels, LEASE_MS, ROUTER_MS, statusOf, STOP_GRACE_MS, supervise } from '../servers.js';
import type { Step } from '../step.js';
import { losesNothing } from '../traffic.js';

const [VICTIM, OTHER] = AMS.servers;

/** A new agent that changed its mind would have done so by then. */
const AFTERMATH_MS = 1_500;

export const processes: Step = {
  letter: 'l',
  title:
    'drain and restart of an agent lose nothing of 2,000 packets/s; the restart sends no UPDATE; a dead agent is degraded, then drained',
  story: 'protected',
  async play(field) {
    await drained(field);
    await restarted(field);
    await killed(field);
  },
};

async function drained(field: Field): Promise<void> {
  await spreadOver(field, AMS, AMS.servers, 30_000);
  try {
    await losesNothing(field, AMS, `drain of ${VICTIM}`, async () => {
      await field.run(VICTIM, ['culvert', 'drain'], { timeoutMs: 30_000 });
      await spreadOver(field, AMS, [OTHER], 2_000);
    });
    await losesNothing(field, AMS, `undrain of ${VICTIM}`, async () => {
      await field.run(VICTIM, ['culvert', 'undrain']);
      await spreadOver(field, AMS, AMS.servers, 5_000);
    });
  } finally {
    await field.attempt(VICTIM, ['culvert', 'undrain']);
  }
}

async function restarted(field: Field): Promise<void> {
  const pidOf = async (): Promise<number | undefined> => {
    const { agent } = await statusOf(field, VICTIM);
    return 'pid' in agent && agent.pass.count > 0 && agent.guardProblem === undefined ? agent.pid : undefined;
  };
  const { value: pid } = await field.until('the agent answers', 10_000, pidOf);
  await noUpdate(field, [AMS], `restart of ${VICTIM}'s agent`, () =>
    losesNothing(field, AMS, `restart of ${VICTIM}'s agent`, async () => {
      await supervise(field, VICTIM, 'restart', 'agent');
      await field.until('a new agent holds the lease', 15_000, async () => {
        const now = await pidOf();
        return now !== undefined && now !== pid ? true : undefined;
      });
      await field.sleep(AFTERMATH_MS);
    }),
  );
}

async function killed(field: Field): Promise<void> {
  await supervise(field, VICTIM, 'once', 'agent');
  const began = field.clock.now();
  await supervise(field, VICTIM, 'kill', 'agent');
  try {
    await spreadOver(field, AMS, [OTHER], 5_000);
    field.within(
      'agent killed: its paths are degraded and the router has turned away after',
      field.clock.now() - began,
      LEASE_MS + 100 + ROUTER_MS,
    );
    const held = (await heldLevels(field, VICTIM)).get(ACME.prefix4);
    expect(held === 'degraded', `${VICTIM} holds ${held ?? 'nothing'}`);
    await allHold(field, [VICTIM], PREFIXES, 'withdrawn', STOP_GRACE_MS + LEASE_MS + 6_000);
    const goneAfter = field.clock.now() - began;
    field.say(`drained ${(goneAfter / 1000).toFixed(1)} s after the kill (stopGrace ${STOP_GRACE_MS / 1000} s)`);
    expect(
      field.slow || goneAfter >= STOP_GRACE_MS,
      `drained after ${Math.round(goneAfter)} ms, before stopGrace was over`,
    );
  } finally {
    await supervise(field, VICTIM, 'up', 'agent');
  }
  await allHold(field, [VICTIM], PREFIXES, 'full', 20_000);
  await spreadOver(field, AMS, AMS.servers, 10_000);
  field.say(`a new agent has brought ${UNICAST[VICTIM]} back`);
}
