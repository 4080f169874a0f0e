/** Takes servers out of service and brings them back: this one over its socket, others by running culvert there. */
import type { DrainOptions, RunOptions, ScopeOptions } from '../cli/commands.js';
import { drainRefusal, type Said, type Scope, scopeOf } from '../decide/drain-scope.js';
import { createClock } from '../drivers/clock/clock.js';
import { createExec } from '../drivers/exec/exec.js';
import type { Fleet } from '../model/fleet.js';
import type { DrainScope, WireState } from '../model/lease.js';
import type { Exec } from '../ports/exec.js';
import type { StatusReport } from '../status/report.js';
import { isAway } from '../status/report.js';
import { loadFleet } from './fleet-files.js';
import { withGuard } from './operate.js';

/** Beyond what the guard itself waits for: a drain that takes longer is stuck, and says so. */
const STUCK_MS = 60_000;
const LOOK_MS = 200;
/** For another server's status, its login included. */
const STATUS_BOUND_MS = 20_000;
/** The longest that `safety.drainMost` may be, and what follows it. */
const REMOTE_BOUND_MS = 3_600_000 + 2 * STUCK_MS;

/** Resolves when nothing of this server is announced and what carried it may be torn down. */
export function drainHere(options: RunOptions, scope: DrainScope, progress: (state: WireState) => void): Promise<void> {
  return withGuard(options, async (guard) => {
    const clock = createClock();
    const began = clock.now();
    await guard.drain(scope);
    for (let said = ''; ;) {
      const state = await guard.status();
      const gone = state.prefixes.every(({ level, settled }) => level === 'withdrawn' && settled);
      if (state.drain === 'drained' && gone) return;
      if (state.drain !== 'draining' && state.drain !== 'drained') throw new Error('somebody has brought it back');
      const line = `${state.drain} ${state.prefixes.map(({ held }) => held).join()} ${state.drainProgress?.packetsPerSecond}`;
      if (line !== said) progress(state);
      said = line;
      if (clock.now() - began > (state.drainProgress?.atMostMs ?? 0) + STUCK_MS) {
        throw new Error(`not drained within ${Math.round((clock.now() - began) / 1000)} s; see culvert status`);
      }
      await new Promise<void>((resolve) => {
        clock.after(LOOK_MS, resolve);
      });
    }
  });
}

export const undrainHere = (options: RunOptions): Promise<void> => withGuard(options, (guard) => guard.undrain());

/**
 * A server or a whole site, from anywhere. Rejects before anything has changed
 * when that would leave some prefix without a full path, unless it is forced
 * by its name.
 */
export async function drainScope(options: DrainOptions, say: (line: string) => void): Promise<void> {
  const { fleet, scope } = await found(options);
  if (options.force !== undefined && options.force !== scope.name)
    throw new Error(`--force ${options.force} does not name what is drained; say --force ${scope.name}`);
  const refusal = drainRefusal(scope, await statusOfAll(fleet, options));
  if (refusal !== undefined && options.force === undefined)
    throw new Error(`refused: ${refusal}; bring another server back first, or say --force ${scope.name}`);
  if (refusal !== undefined) say(`forced: ${refusal}`);
  const words = scope.kind === 'site' ? ['drain', '--leaving-site'] : ['drain'];
  await onEach(fleet, scope, options, words, say);
}

export async function undrainScope(options: ScopeOptions, say: (line: string) => void): Promise<void> {
  const { fleet, scope } = await found(options);
  await onEach(fleet, scope, options, ['undrain'], say);
}

/** The way to the servers is checked before anybody is asked. */
async function found(options: ScopeOptions): Promise<{ readonly fleet: Fleet; readonly scope: Scope }> {
  const fleet = await loadFleet(options.fleet, () => undefined);
  const scope = scopeOf(fleet, options.name);
  for (const server of scope.servers) wayTo(fleet, options.via, server, []);
  return { fleet, scope };
}

/** Everything is asked at the same time; who fails says so and does not keep the others from it. */
async function onEach(
  fleet: Fleet,
  scope: Scope,
  options: ScopeOptions,
  words: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  const exec = createExec();
  const failures = await Promise.all(
    scope.servers.map(async (server) => {
      say(`${server}: ${words.join(' ')}`);
      const answer = await there(exec, fleet, options, server, words, REMOTE_BOUND_MS).catch(String);
      say(`${server}: ${typeof answer === 'string' ? answer : lastLine(answer.stdout + answer.stderr)}`);
      return typeof answer === 'string' || answer.code !== 0 ? [server] : [];
    }),
  );
  const failed = failures.flat();
  if (failed.length > 0)
    throw new Error(`${failed.join(', ')} did not ${words[0]}; see above, and culvert status there`);
}

async function statusOfAll(fleet: Fleet, options: ScopeOptions): Promise<ReadonlyMap<string, Said>> {
  const exec = createExec();
  const names = fleet.sites.flatMap(({ servers }) => servers.map(({ name }) => name));
  const answers = await Promise.all(names.map((name) => statusOf(exec, fleet, options, name)));
  return new Map(names.map((name, index) => [name, answers[index] ?? { problem: 'not asked' }]));
}

async function statusOf(exec: Exec, fleet: Fleet, options: ScopeOptions, server: string): Promise<Said> {
  try {
    const { stdout, stderr } = await there(exec, fleet, options, server, ['status', '-o', 'json'], STATUS_BOUND_MS);
    if (!stdout.startsWith('{')) return { problem: lastLine(stderr) };
    // The other side is the same program, reached by the operator's own login.
    const { guard } = JSON.parse(stdout) as StatusReport;
    return isAway(guard) ? { problem: guard.problem } : guard;
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const there = (
  exec: Exec,
  fleet: Fleet,
  { via }: ScopeOptions,
  server: string,
  words: readonly string[],
  timeoutMs: number,
): ReturnType<Exec['run']> => exec.run(wayTo(fleet, via, server, words), { timeoutMs });

/** `ssh root@{address}`, word by word; no shell reads it here. */
function wayTo(fleet: Fleet, via: string, name: string, words: readonly string[]): readonly [string, ...string[]] {
  const server = fleet.sites.flatMap(({ servers }) => servers).find((own) => own.name === name);
  const [program, ...rest] = via
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => word.replaceAll('{server}', name).replaceAll('{address}', server?.v4 ?? ''));
  if (program === undefined || !/\{(server|address)\}/.test(via))
    throw new Error(`--via "${via}" leads to no server; write something like "ssh root@{address}"`);
  return [program, ...rest, 'culvert', ...words];
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
