/** Agent and guard as processes beside very many prefixes: from the start to all announced, and what they take afterwards. */
import { customersFor, fleetOfMany, startCulvert } from './failover-culvert.js';
import { pause, Rig } from './failover-rig.js';
import { cpu, PROGRAM_NAMES, resident } from './programs.js';

/** An agent that looks at so much is late with a short lease on a slow machine, and that is not what is measured. */
const LEASE_MS = 30_000;
/** Every prefix has a nexthop group and two routes, which have to be built. */
const START_MS = 300_000;
/** V8 gives back what the start had taken. */
const SETTLE_MS = 30_000;

export async function benchAgent(prefixes: number, seconds: number): Promise<readonly string[]> {
  const rig = await Rig.open(0, 0);
  try {
    const from = performance.now();
    await startCulvert(rig, fleetOfMany(prefixes, { leaseMs: LEASE_MS }), customersFor(prefixes), START_MS);
    await rig.until('every prefix announced', () => rig.announced() > prefixes, START_MS);
    const started = (performance.now() - from) / 1_000;
    await pause(SETTLE_MS);
    const [agent, guard] = [await resident(rig, 'agent'), await resident(rig, 'guard')];
    const [before, updates] = [await cpu(rig), rig.updates];
    await pause(seconds * 1_000);
    const after = await cpu(rig);
    const shares = PROGRAM_NAMES.map(
      (name) => `${name} ${((100 * (after[name] - before[name])) / seconds).toFixed(2)} %`,
    );
    return [
      `Agent and guard with ${prefixes} prefixes of ${customersFor(prefixes)} customers: announced ${started.toFixed(1)} s after the start; ` +
        `resident ${SETTLE_MS / 1_000} s later: agent ${agent} MiB, guard ${guard} MiB. ` +
        `Steady for ${seconds} s: CPU ${shares.join(', ')} of one core; ${rig.updates - updates} UPDATEs.`,
    ];
  } finally {
    await rig.close();
  }
}
