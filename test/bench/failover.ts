/**
 * Failure to withdrawal, every side in one run. `npm run bench:failover
 * [SHARE]`: SHARE of the trials, 1 unless given. Everything stays inside
 * anchors; what is not installed is told and left out.
 */
import { cpus, loadavg, release } from 'node:os';
import { createExec } from '../../src/drivers/exec/exec.js';
import { benchDecided } from './failover-decided.js';
import { type Row, cells, head, HEADINGS, line } from './failover-figures.js';
import { benchKernel } from './failover-kernel.js';
import { benchServices } from './failover-sides.js';
import { benchSteady } from './failover-steady.js';

const share = Number(process.argv[2] ?? 1);
const only = process.argv[3];
const times = (full: number): number => Math.max(1, Math.round(full * share));
const began = performance.now();

const version = async (argv: readonly [string, ...string[]], pattern: RegExp): Promise<string> => {
  const ran = await createExec()
    .run(argv)
    .catch(() => undefined);
  return pattern.exec(`${ran?.stdout}${ran?.stderr}`)?.[1] ?? 'absent';
};

const versions = [
  `Node ${process.version}, Linux ${release()}, ${cpus().length} cores`,
  `gobgpd ${await version(['gobgpd', '--version'], /version (\S+)/)}`,
  `ExaBGP ${await version(['/usr/sbin/exabgp', '--version'], /ExaBGP : (\S+)/)}`,
  `keepalived ${await version(['/usr/sbin/keepalived', '--version'], /Keepalived v(\S+)/)}`,
];
console.log(`${new Date().toISOString()}; ${versions.join(', ')}; load ${loadavg()[0]?.toFixed(1)}\n`);

const parts: Readonly<Record<string, () => Promise<readonly (Row | string)[]>>> = {
  services: () => benchServices({ each: 10, rounds: times(3), stops: times(2) }),
  decided: () => benchDecided(times(100)),
  kernel: () => benchKernel(times(20)),
  steady: () => benchSteady({ prefixes: Math.max(250, times(10_000)), seconds: times(120) }),
};

console.log(head(HEADINGS));
const notes: string[] = [];
for (const [name, bench] of Object.entries(parts)) {
  if (only !== undefined && only !== name) continue;
  const from = performance.now();
  try {
    for (const told of await bench()) {
      if (typeof told === 'string') notes.push(told);
      else console.log(line(cells(told)));
    }
  } catch (error) {
    notes.push(`**${name} failed**: ${(error as Error).message}`);
    process.exitCode = 1;
  }
  console.error(`${name}: ${((performance.now() - from) / 1_000).toFixed(0)} s`);
}
console.log(['', ...notes, '', `Took ${((performance.now() - began) / 1_000).toFixed(0)} s.`].join('\n'));
process.exit();
