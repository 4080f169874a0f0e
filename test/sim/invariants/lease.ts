/** No announcement stays full beyond its lease when its agent is dead, stopped, cut off, or cannot observe. */
import type { Server } from '../server.js';
import { Since, Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { agentReads, agentRenews, guardActs } from './truth.js';

/** Beyond the lease itself; the guard promises 100 ms, and two looks at a speaker may take 16 ms more. */
const LAPSE_MS = 120;
/** How old the agent's last whole look may be when it renews for the last time: three of its periods. */
const FRESH_MS = 12_000;

export function leaseHolds(world: World): Watcher {
  const absent = new Map(world.servers.map((server) => [server, new Since()]));
  const blind = new Map(world.servers.map((server) => [server, new Since()]));

  const overdue = (server: Server, since: number | undefined, bound: number, why: string, now: number) => {
    if (since === undefined) return undefined;
    const router = world.routerOf(server);
    const full = router.prefixesFrom(server.name).filter((prefix) => router.levelFrom(server.name, prefix) === 'full');
    if (full.length === 0) return undefined;
    const due = Math.max(since, server.offeredAt) + bound;
    if (now < due) return due;
    throw new Violation(
      'no announcement outlives its lease',
      `${server.name} ${why} for ${now - since} ms: ${full.join()}`,
    );
  };

  return {
    look: (now) => {
      let next = Number.POSITIVE_INFINITY;
      for (const server of world.servers) {
        const acts = guardActs(server) && !server.machine.paused;
        const { leaseMs, stopGraceMs } = server.view.fleet.safety;
        const bound = leaseMs + LAPSE_MS;
        const away = absent.get(server)?.update(acts && !agentRenews(server), now);
        const grace = server.handedOverAt === undefined ? 0 : stopGraceMs;
        const unseeing = blind.get(server)?.update(acts && agentRenews(server) && !agentReads(server), now);
        for (const due of [
          overdue(server, away, bound + grace, 'has no agent that renews', now),
          overdue(server, unseeing, bound + FRESH_MS, 'has an agent that cannot observe', now),
        ]) {
          if (due !== undefined) next = Math.min(next, due);
        }
      }
      return next;
    },
  };
}
