/**
 * Very many prefixes. `npm run bench:announce [PREFIXES] [PART]`: 100,000
 * unless given. Everything stays inside anchors.
 */
import { benchChange } from './announce-change.js';
import { benchTable } from './announce-table.js';
import { GOBGPD, report } from './report.js';

const prefixes = Number(process.argv[2] ?? 100_000);

await report(
  [GOBGPD],
  {
    table: () => benchTable(prefixes),
    change: () => benchChange(prefixes, 300),
  },
  process.argv[3],
);
