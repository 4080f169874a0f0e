/** (l) drain under traffic, an agent restarted, an agent gone for good. */
import { ACME, AMS, PORT, UNICAST } from '../acme.js';
import { expect, type Field } from '../field.js';
import { spreadOver, updatesReceived } from '../routing.js';
import { allHold, heldLevels, statusOf, supervise } from '../servers.js';
import type { Step } from '../step.js';
import { stream } from './announcing.js';

const [VICTIM, OTHER] = AMS.servers;
const PREFIXES = [ACME.prefix4, ACME.prefix6, '192.0.2.0/24'];

/** lab/acme/fleet.yaml leaves the defaults: lease 1 s, stopGrace 20 s. */
const LEASE_MS = 1000;
const STOP_GRACE_MS = 20_000;

export const processes: Step = {
  letter: 'l',
  title:
    'drain under 1,000 packets/s loses nothing; a restarted agent is no event; a dead one is degraded, then drained',
  story: 'protected',
  async play(field) {
    await drained(field);
    await restarted(field);
    await killed(field);
  },
};

async function drained(field: Field): Promise<void> {
  await spreadOver(field, AMS, AMS.servers, 30_000);
  await field.receiving(ACME.server, PORT, async (report) => {
    const traffic = stream(field, AMS, 6, 1000);
    await field.run(VICTIM, ['culvert', 'drain'], { timeoutMs: 30_000 });
    await spreadOver(field, AMS, [OTHER], 2_000);
    const { sent, refused } = await traffic;
    await field.sleep(200);
    const { distinct } = await report();
    field.say(`drain of ${VICTIM} under 1,000 packets/s: ${sent} sent, ${distinct} received`);
    expect(distinct === sent && refused === 0, `drain lost ${sent - distinct} of ${sent} datagrams`);
  });
  await field.receiving(ACME.server, PORT, async (report) => {
    const traffic = stream(field, AMS, 4, 1000);
    await field.run(VICTIM, ['culvert', 'undrain']);
    await spreadOver(field, AMS, AMS.servers, 5_000);
    const { sent } = await traffic;
    await field.sleep(200);
    const { distinct } = await report();
    field.say(`undrain: ${sent} sent, ${distinct} received`);
    expect(distinct === sent, `undrain lost ${sent - distinct} of ${sent} datagrams`);
  });
}

async function restarted(field: Field): Promise<void> {
  const pidOf = async (): Promise<number | undefined> => {
    const { agent } = await statusOf(field, VICTIM);
    return 'pid' in agent && agent.pass.count > 0 && agent.guardProblem === undefined ? agent.pid : undefined;
  };
  const { value: pid } = await field.until('the agent answers', 10_000, pidOf);
  const before = await updatesReceived(field, AMS);
  await supervise(field, VICTIM, 'restart', 'agent');
  await field.until('a new agent holds the lease', 15_000, async () => {
    const now = await pidOf();
    return now !== undefined && now !== pid ? true : undefined;
  });
  await field.sleep(1500);
  const after = await updatesReceived(field, AMS);
  expect(
    JSON.stringify(after) === JSON.stringify(before),
    `UPDATEs before the restart ${JSON.stringify(before)}, after ${JSON.stringify(after)}`,
  );
  field.say('agent restarted: no UPDATE at the router');
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

/** The router's own part, measured apart: FRR's FIB lags its RIB by up to 90 ms, and our polling adds its period. */
const ROUTER_MS = 300;
