/** What an operator took out stays out, whoever restarts meanwhile. */
import type { Prefix } from '../../../src/model/address.js';
import type { Server } from '../server.js';
import { Since, Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { agentReads, agentTalks, guardActs } from './truth.js';

/** From the word, or from the moment everybody can hear it, to the UPDATE. */
const BOUND_MS = 1_500;

export function takenOutStaysOut(world: World): Watcher {
  const standing = new Map<Server, Map<Prefix, Since>>(
    world.servers.map((server) => [server, new Map(world.prefixes.map((prefix) => [prefix, new Since()]))]),
  );
  return {
    look: (now) => {
      let next = Number.POSITIVE_INFINITY;
      for (const server of world.servers) {
        const { kernel, machine, takenOut } = server;
        const hears =
          guardActs(server) && agentTalks(server) && agentReads(server) && !machine.paused && !kernel.isSlow;
        for (const [prefix, since] of standing.get(server) ?? []) {
          const stands = hears && takenOut.get(prefix) === 'for good' && isHeld(world, server, prefix);
          const at = since.update(stands, now);
          if (at === undefined) continue;
          if (now < at + BOUND_MS) next = Math.min(next, at + BOUND_MS);
          else throw new Violation('what is taken out stays out', `${server.name} ${prefix} for ${now - at} ms`);
        }
      }
      return next;
    },
  };
}

const isHeld = (world: World, server: Server, prefix: Prefix): boolean =>
  world.routerOf(server).levelFrom(server.name, prefix) !== undefined;
