/** Agent and guard as processes beside very many prefixes: from the start to all announced, and what they take afterwards. */
import { customersFor, fleetOfMany, manyPrefixes, startCulvert } from './failover-culvert.js';
import { pause, Rig } from './failover-rig.js';
import { cpu, PROGRAM_NAMES, resident } from './programs.js';

/** Full after ten renewals, four of which fit into a lease. */
const LEASE_MS = 10_000;
const FULL_MS = 60_000;
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
    await rig.until('every prefix at full level', () => isFull(rig, prefixes), FULL_MS);
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
        `resident ${SETTLE_MS / 1_000} s after the last was at full level: agent ${agent} MiB, guard ${guard} MiB. ` +
        `Steady for ${seconds} s: CPU ${shares.join(', ')} of one core; ${rig.updates - updates} UPDATEs.`,
    ];
  } finally {
    await rig.close();
  }
}

/** Whoever looks at very many must not do it all the time. */
async function isFull(rig: Rig, prefixes: number): Promise<boolean> {
  await pause(1_000);
  return manyPrefixes(prefixes).every((own) => own.every((prefix) => rig.level(prefix) === 'full'));
}
