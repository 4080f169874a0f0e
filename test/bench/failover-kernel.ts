/** One object of the kernel is removed: how long until the receiver hears the withdrawal. */
import { fleetOfOne, startCulvert, TUNNELLED } from './failover-culvert.js';
import type { Row } from './failover-figures.js';
import { pause, Rig, untilWithdrawn } from './failover-rig.js';

const REMOVALS = {
  'endpoint address': 'ip addr del 192.0.2.1/32 dev lo',
  rule: 'ip rule del pref 7700',
  'tunnel device': 'ip -n cv-one link del gre-us',
  'veth pair': 'ip link del cv-one',
  namespace: 'ip netns del cv-one',
} as const;

const RETURN_MS = 30_000;
const WITHDRAW_MS = 5_000;

export async function benchKernel(trials: number): Promise<readonly (Row | string)[]> {
  const rig = await Rig.open(0, 0);
  try {
    await startCulvert(rig, fleetOfOne({ leaseMs: 1_000 }), 1);
    const announced = (): Promise<void> =>
      rig.until('the prefix announced', () => rig.level(TUNNELLED) !== 'withdrawn', RETURN_MS);
    await rig.until('the prefix full', () => rig.level(TUNNELLED) === 'full', RETURN_MS);
    const rows: Row[] = [];
    for (const [what, removal] of Object.entries(REMOVALS)) {
      const samples: number[] = [];
      for (let trial = 0; trial < trials; trial++) {
        await announced();
        await pause(200 + Math.random() * 300);
        samples.push(await untilWithdrawn(rig, TUNNELLED, await rig.run(removal), WITHDRAW_MS));
      }
      rows.push({ what: `${what} removed → withdraw`, side: 'Culvert', samples });
    }
    const all = rows.flatMap(({ samples }) => samples);
    const note = 'Removals are timed from before their command, which `ip` itself takes 2 to 4 ms of.';
    return [...rows, { what: 'any of these removed → withdraw', side: 'Culvert', samples: all }, note];
  } finally {
    await rig.close();
  }
}
