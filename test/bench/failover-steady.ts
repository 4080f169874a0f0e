/** Many prefixes and nothing to do: CPU, and UPDATEs while nothing happens and while the agent is replaced. */
import { customersFor, fleetOfMany, guardOf, signal, start, startCulvert } from './failover-culvert.js';
import { pause, Rig } from './failover-rig.js';
import { cpu, PROGRAM_NAMES } from './programs.js';

/** Long enough for an agent that was killed to be back. */
const LEASE_MS = 30_000;
const START_MS = 120_000;
/** Full after ten renewals, and V8 has given back what the start had taken: it does so after a minute of quiet. */
const SETTLE_MS = 110_000;

export interface SteadyPlan {
  readonly prefixes: number;
  readonly seconds: number;
}

export async function benchSteady({ prefixes, seconds }: SteadyPlan): Promise<readonly string[]> {
  const rig = await Rig.open(0, 0);
  const guard = guardOf(rig);
  const leased = (): Promise<void> =>
    rig.until('the lease', async () => (await guard.status()).agent === 'leased', START_MS);
  /** UPDATEs that one deed causes, with `afterMs` to follow. */
  const updatesOf = async (deed: () => Promise<unknown>, afterMs: number): Promise<number> => {
    const before = rig.updates;
    await deed();
    await pause(afterMs);
    return rig.updates - before;
  };
  try {
    const from = performance.now();
    await startCulvert(rig, fleetOfMany(prefixes, { leaseMs: LEASE_MS }), customersFor(prefixes));
    await rig.until('every prefix announced', () => rig.announced() > prefixes, START_MS);
    const startSeconds = (performance.now() - from) / 1_000;
    await pause(SETTLE_MS);
    const before = await cpu(rig);
    const steady = await updatesOf(() => pause(seconds * 1_000), 0);
    const after = await cpu(rig);
    const shares = PROGRAM_NAMES.map(
      (name) => `${name} ${((100 * (after[name] - before[name])) / seconds).toFixed(2)} %`,
    );
    const replace = async (name: 'TERM' | 'KILL'): Promise<void> => {
      await signal(rig, name, 'agent');
      await rig.until('the agent to end', async () => (await agents()) === '0');
      start(rig, 'agent');
      await pause(3_000);
      await leased();
    };
    const agents = (): Promise<string> => rig.shell("pgrep -c -f '^[^ ]*node [^ ]*cli.js agent' || true");
    const handedOver = await updatesOf(() => replace('TERM'), 5_000);
    const crashed = await updatesOf(() => replace('KILL'), 5_000);
    return [
      `**${prefixes} prefixes.** Announced ${startSeconds.toFixed(1)} s after the start. Steady for ${seconds} s: CPU ` +
        `${shares.join(', ')} of one core; ${steady} UPDATEs. Agent handed over: ${handedOver} UPDATEs. ` +
        `Agent killed and back within the lease (${LEASE_MS / 1_000} s): ${crashed} UPDATEs.`,
    ];
  } finally {
    guard.close();
    await rig.close();
  }
}
