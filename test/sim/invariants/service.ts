/** A service that fails takes along what it governs: off the wire where it is ours, below full where it is far away. */
import type { Server } from '../server.js';
import { Since, Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { agentReads, agentTalks, guardActs } from './truth.js';

/** After the probe that makes it certain: a pass, an offer, an UPDATE. */
const REACTION_MS = 1_000;

export function failedServicesLower(world: World): Watcher {
  const down = new Map<Server, Map<string, Since>>(
    world.servers.map((server) => [server, new Map(world.checks.map(({ key }) => [key, new Since()]))]),
  );
  return {
    look: (now) => {
      let next = Number.POSITIVE_INFINITY;
      for (const server of world.servers) {
        const checks = server.checkerFault === undefined && !server.machine.paused && !server.kernel.isSlow;
        const knows = checks && guardActs(server) && agentTalks(server) && agentReads(server);
        const router = world.routerOf(server);
        for (const { key, check, prefixes } of world.checks) {
          const leaves = check.onDown === 'withdraw' && !check.remote;
          const high = prefixes.filter((prefix) => {
            const level = router.levelFrom(server.name, prefix);
            return leaves ? level !== undefined : level === 'full';
          });
          const isHigh = knows && server.downServices.has(key) && high.length > 0;
          const at = down.get(server)?.get(key)?.update(isHigh, now);
          if (at === undefined) continue;
          const due = at + (check.fall + 2) * check.intervalMs + check.timeoutMs + REACTION_MS;
          if (now < due) next = Math.min(next, due);
          else
            throw new Violation(
              'a failed service lowers',
              `${server.name} ${high.join()} after ${now - at} ms of ${key}`,
            );
        }
      }
      return next;
    },
  };
}
