/** Where nothing is wrong everything returns to full within a bound, and then not one UPDATE is sent. */
import { Since, Violation } from '../violation.js';
import type { Server } from '../server.js';
import type { Watcher, World } from '../world.js';
import { isFine, isWanted, PROOF_MS } from './truth.js';

/** Ten renewals, hold-down with its jitter, an operator's visit, probes, the agent's period, the speaker's retries. */
const RETURN_MS = 45_000;
/** The world has been as it should be for so long: nothing will change by itself. */
const QUIET_MS = 1_000;
/** The agent finds by itself what no event told, in its period of 4 s. */
const UNTOLD_MS = 5_000;

export function calmReturns(world: World, end: number, skips: boolean): Watcher {
  const fine = new Map(world.servers.map((server) => [server, new Since()]));
  const settled = new Since();
  const sight = new Since();
  const remotesUp = (): boolean => [...world.remotes.values()].every((remote) => remote === 'up');

  const calmSince = (server: Server, now: number): number | undefined => {
    const since = fine.get(server)?.update(isFine(world, server) && remotesUp(), now);
    return since === undefined ? undefined : Math.max(since, server.kernel.damagedAt, server.fleetAt, server.visitedAt);
  };
  const wrongOf = (server: Server): readonly string[] => {
    const router = world.routerOf(server);
    return world.prefixes.flatMap((prefix) => {
      const level = router.levelFrom(server.name, prefix);
      const wanted = isWanted(server, prefix) ? 'full' : undefined;
      return level === wanted ? [] : [`${prefix} is ${level ?? 'withdrawn'}`];
    });
  };

  return {
    ended: () => {
      for (const server of world.servers) {
        const wrong = wrongOf(server);
        if (!isFine(world, server) || wrong.length > 0)
          throw new Violation('in the end all is well', `${server.name} is not: ${wrong.join(', ')}`);
      }
    },
    heard: (server, { at, prefix, level }) => {
      const since = calmSince(server, at);
      if (since !== undefined && at > since + RETURN_MS)
        throw new Violation('silence after convergence', `${server.name} ${prefix} ${level ?? 'withdrawn'}`);
    },
    look: (now) => {
      let next = Number.POSITIVE_INFINITY;
      let isRight = true;
      for (const server of world.servers) {
        const since = calmSince(server, now);
        const wrong = wrongOf(server);
        if (since === undefined || wrong.length > 0 || server.daemon?.openSince !== undefined) isRight = false;
        if (since === undefined || wrong.length === 0) continue;
        if (now < since + RETURN_MS) next = Math.min(next, since + RETURN_MS);
        else
          throw new Violation(
            'everything returns to full',
            `${server.name} after ${RETURN_MS} ms: ${wrong.join(', ')}`,
          );
      }
      const latest = Math.max(
        ...world.servers.map(({ kernel, fleetAt }) => Math.max(kernel.damagedAt, fleetAt, kernel.untoldAt + UNTOLD_MS)),
      );
      const blind = world.servers.some(({ proberFault, checkerFault }) => (proberFault ?? checkerFault) !== undefined);
      const seeing = Math.max(sight.update(!blind, now) ?? now, ...world.servers.map(({ agentAt }) => agentAt));
      const since = settled.update(isRight, now);
      if (!skips || since === undefined) return next;
      const quiet = Math.max(Math.max(since, latest) + QUIET_MS, seeing + PROOF_MS);
      if (now < quiet) return Math.min(next, quiet);
      world.skipQuiet(end);
      return next;
    },
  };
}
