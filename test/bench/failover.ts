/**
 * Failure to withdrawal, every side in one run. `npm run bench:failover
 * [SHARE] [PART]`: SHARE of the trials, 1 unless given. Everything stays inside
 * anchors; what is not installed is told and left out.
 */
import { benchDecided } from './failover-decided.js';
import { benchKernel } from './failover-kernel.js';
import { benchServices } from './failover-sides.js';
import { benchSteady } from './failover-steady.js';
import { EXABGP, GOBGPD, report } from './report.js';

const share = Number(process.argv[2] ?? 1);
const times = (full: number): number => Math.max(1, Math.round(full * share));

await report(
  [GOBGPD, EXABGP, { name: 'keepalived', argv: ['/usr/sbin/keepalived', '--version'], pattern: /Keepalived v(\S+)/ }],
  {
    services: () => benchServices({ each: 10, rounds: times(3), stops: times(2) }),
    decided: () => benchDecided(times(100)),
    kernel: () => benchKernel(times(20)),
    steady: () => benchSteady({ prefixes: Math.max(250, times(10_000)), seconds: times(120) }),
  },
  process.argv[3],
);
