/**
 * Very many prefixes. `npm run bench:announce [PREFIXES] [PART]`: 100,000
 * unless given. Everything stays inside anchors.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { gobgp3 } from '../../src/drivers/speaker/gobgp/v3.js';
import { gobgp4 } from '../../src/drivers/speaker/gobgp/v4.js';
import { benchAgent } from './announce-agent.js';
import { benchChange } from './announce-change.js';
import { benchExabgp } from './announce-exabgp.js';
import { benchTable } from './announce-table.js';
import { EXABGP, GOBGPD, report } from './report.js';

const prefixes = Number(process.argv[2] ?? 100_000);
const INSTALLED = { name: 'installed gobgpd', program: 'gobgpd', dialect: gobgp3, rounds: 5 };
const GOBGP_4 = {
  name: 'gobgpd 4.8.0',
  program: resolve('.cache/gobgpd/4.8.0/usr/bin/gobgpd'),
  dialect: gobgp4,
  rounds: 5,
};

await report(
  [GOBGPD, EXABGP],
  {
    table: () => benchTable(prefixes, INSTALLED),
    table4: async () =>
      existsSync(GOBGP_4.program)
        ? benchTable(prefixes, GOBGP_4)
        : ['**gobgpd 4.8.0 is absent**: not measured. `sh test/conformance/fetch.sh`'],
    change: () => benchChange(prefixes, 300),
    agent: () => benchAgent(prefixes, 30),
    exabgp: () => benchExabgp(4),
  },
  process.argv[3],
);
