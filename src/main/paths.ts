import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Culvert's own folder: package.json is in it. */
export const HOME = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Another entry point, as a command. */
export const entry = (name: string): readonly [string, ...string[]] => [
  process.execPath,
  join(HOME, 'dist', 'main', `${name}.js`),
];

/** Where a server's processes meet. */
export const sockets = (runDir: string) => ({
  guard: join(runDir, 'guard.sock'),
  agent: join(runDir, 'agent.sock'),
  tund: join(runDir, 'tund.sock'),
  exabgp: join(runDir, 'exabgp.sock'),
});

/** What a long fleet was read as; guard and agent read the same. */
export const fleetMemo = (stateDir: string): string => join(stateDir, 'fleet.json');

/** What each process records of itself; the older generation has `.1` behind its name. */
export const records = (stateDir: string) => ({
  agent: join(stateDir, 'events-agent.jsonl'),
  guard: join(stateDir, 'events-guard.jsonl'),
});
