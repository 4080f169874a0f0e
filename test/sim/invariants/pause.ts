/** A machine that stood still expires nothing: what was well before is not lowered when it goes on. */
import type { Server } from '../server.js';
import { Since, Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { isFine, PROOF_MS } from './truth.js';

/** A lease that was not extended lapses at once. */
const WATCHED_MS = 1_000;
const PAUSE = 'machine paused';

interface Watched {
  readonly well: Since;
  wasWell: boolean;
  isPaused: boolean;
  resumedAt: number;
}

export function pausesExpireNothing(world: World): Watcher {
  const states = new Map<Server, Watched>(
    world.servers.map((server) => [
      server,
      { well: new Since(), wasWell: false, isPaused: false, resumedAt: Number.NEGATIVE_INFINITY },
    ]),
  );
  const isWell = (server: Server): boolean => {
    const router = world.routerOf(server);
    const isFull = [...server.wanted].every((prefix) => router.levelFrom(server.name, prefix) === 'full');
    return isFull && isFine(world, server) && world.remotes.size === 0;
  };
  const isPausedAlone = (server: Server): boolean =>
    world.remotes.size === 0 && [...world.faultsOf(server).keys()].every((fault) => fault === PAUSE);

  const note = (server: Server, state: Watched, now: number): void => {
    const { paused } = server.machine;
    const wellSince = Math.max(state.well.since ?? now, server.agentAt);
    // No lease, probe or repair was under way: what an agent had not found out before is missing after the pause too.
    if (paused && !state.isPaused) state.wasWell = now - wellSince >= PROOF_MS;
    state.wasWell &&= isPausedAlone(server);
    if (!paused && state.isPaused) state.resumedAt = now;
    state.isPaused = paused;
    state.well.update(isWell(server), now);
  };

  return {
    heard: (server, { at, prefix, level, by }) => {
      const state = states.get(server);
      if (!state?.wasWell || level !== 'degraded' || by !== 'update' || at - state.resumedAt > WATCHED_MS) return;
      if (isPausedAlone(server)) throw new Violation('a pause expires nothing', `${server.name} degrades ${prefix}`);
    },
    look: (now) => {
      for (const [server, state] of states) note(server, state, now);
      return undefined;
    },
  };
}
