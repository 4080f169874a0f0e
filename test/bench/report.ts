/** One run of a bench: what took part, one table of rows as they come, and what has to be said about them. */
import { cpus, loadavg, release } from 'node:os';
import { createExec } from '../../src/drivers/exec/exec.js';
import { cells, head, HEADINGS, line, type Row } from './failover-figures.js';

/** Rows and notes of one part, by its name. */
export type Parts = Readonly<Record<string, () => Promise<readonly (Row | string)[]>>>;

/** A program that says its version. */
export interface Side {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly pattern: RegExp;
}

export const GOBGPD: Side = { name: 'gobgpd', argv: ['gobgpd', '--version'], pattern: /version (\S+)/ };

export const EXABGP: Side = {
  name: 'ExaBGP',
  argv: ['/usr/sbin/exabgp', '--version'],
  pattern: /ExaBGP : (\S+)/,
};

async function versionOf({ name, argv, pattern }: Side): Promise<string> {
  const ran = await createExec()
    .run(argv)
    .catch(() => undefined);
  return `${name} ${pattern.exec(`${ran?.stdout}${ran?.stderr}`)?.[1] ?? 'absent'}`;
}

/** Runs all parts, or `only` one, and ends the process: with 1 when a part has failed. */
export async function report(sides: readonly Side[], parts: Parts, only: string | undefined): Promise<never> {
  const began = performance.now();
  const machine = `Node ${process.version}, Linux ${release()}, ${cpus().length} cores`;
  const versions = [machine, ...(await Promise.all(sides.map(versionOf)))].join(', ');
  console.log(`${new Date().toISOString()}; ${versions}; load ${loadavg()[0]?.toFixed(1)}\n`);
  console.log(head(HEADINGS));
  const notes: string[] = [];
  let status = 0;
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
      status = 1;
    }
    console.error(`${name}: ${((performance.now() - from) / 1_000).toFixed(0)} s`);
  }
  console.log(['', ...notes, '', `Took ${((performance.now() - began) / 1_000).toFixed(0)} s.`].join('\n'));
  process.exit(status);
}
