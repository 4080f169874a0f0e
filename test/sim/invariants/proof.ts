/** What a server proves that it cannot carry is off the wire within its bound. */
import { Since, Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { agentReads, agentTalks, guardActs, lossAt } from './truth.js';

/** One repair attempt for several faults at once (500 ms), two looks and the withdrawal itself. */
const BOUND_MS = 800;
/** What no event tells is found by the next full look. */
const UNTOLD_MS = 4_000;

export function proofWithdraws(world: World): Watcher {
  const broken = new Map(
    world.servers.map((server) => [
      server,
      new Map(world.prefixes.map((prefix) => [prefix, { began: new Since(), wasUntold: false }])),
    ]),
  );
  return {
    look: (now) => {
      let next = Number.POSITIVE_INFINITY;
      for (const server of world.servers) {
        const { kernel } = server;
        const knows = guardActs(server) && agentTalks(server) && agentReads(server) && !server.machine.paused;
        const slow = kernel.eventFault !== undefined || kernel.isSlow;
        const router = world.routerOf(server);
        for (const [prefix, since] of broken.get(server) ?? []) {
          const held = router.levelFrom(server.name, prefix) !== undefined;
          const loss = held && knows ? lossAt(world, server, prefix) : undefined;
          const at = since.began.update(loss !== undefined, now);
          const untold = slow || kernel.untoldAt + UNTOLD_MS > (at ?? now);
          since.wasUntold = at !== undefined && (since.wasUntold || untold);
          if (at === undefined) continue;
          const bound = BOUND_MS + (since.wasUntold ? UNTOLD_MS : 0);
          if (now < at + bound) next = Math.min(next, at + bound);
          else
            throw new Violation(
              'a proven fault leaves the wire',
              `${server.name} still announces ${prefix} after ${now - at} ms: ${loss ?? ''}`,
            );
        }
      }
      return next;
    },
  };
}
