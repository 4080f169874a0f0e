/** Make before break: what carries a prefix stands until routers have let go of it. */
import type { Prefix } from '../../../src/model/address.js';
import type { Server } from '../server.js';
import { Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { lossAt } from './truth.js';

export function nothingTornDownUnderTraffic(world: World): Watcher {
  const leftAt = new Map<Server, Map<Prefix, number>>(world.servers.map((server) => [server, new Map()]));
  const carries = (server: Server, prefix: Prefix, now: number): boolean => {
    const { settleMs } = server.view.fleet.safety;
    const left = leftAt.get(server)?.get(prefix) ?? Number.NEGATIVE_INFINITY;
    return world.routerOf(server).levelFrom(server.name, prefix) !== undefined || now - left < settleMs;
  };
  return {
    heard: (server, { at, prefix, level, by }) => {
      if (level === undefined && by === 'update') leftAt.get(server)?.set(prefix, at);
    },
    applying: (server, ops) => {
      if (!ops.some(({ kind }) => kind.endsWith('-delete'))) return undefined;
      const { now } = world.timeline;
      const whole = world.prefixes.filter(
        (prefix) => carries(server, prefix, now) && lossAt(world, server, prefix) === undefined,
      );
      return () => {
        for (const prefix of whole) {
          const loss = lossAt(world, server, prefix);
          if (loss !== undefined && !server.kernel.isRefusing && server.kernel.damagedAt < now)
            throw new Violation('nothing is torn down under traffic', `${server.name} ${prefix}: ${loss}`);
        }
      };
    },
  };
}
