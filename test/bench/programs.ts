/** What Culvert's programs take, by their command lines in an anchor. */
import type { Rig } from './failover-rig.js';

export const PROGRAMS = {
  agent: 'cli.js agent',
  guard: 'cli.js guard',
  checker: 'main/checker.js',
  prober: 'main/prober.js',
} as const;
export type Program = keyof typeof PROGRAMS;
export const PROGRAM_NAMES = Object.keys(PROGRAMS) as readonly Program[];

const read = (rig: Rig, name: Program, file: string): Promise<string> =>
  rig.shell(`for pid in $(pgrep -f '^[^ ]*node [^ ]*${PROGRAMS[name]}'); do cat /proc/$pid/${file}; done`);

/** User and system time in seconds, by program. */
export async function cpu(rig: Rig): Promise<Readonly<Record<Program, number>>> {
  const spent = { agent: 0, guard: 0, checker: 0, prober: 0 };
  for (const name of PROGRAM_NAMES) {
    for (const stat of (await read(rig, name, 'stat')).split('\n').filter((text) => text !== '')) {
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      spent[name] += [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / 100;
    }
  }
  return spent;
}

/** Resident memory in MiB. */
export async function resident(rig: Rig, name: Program): Promise<number> {
  const status = await read(rig, name, 'status');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024);
}
