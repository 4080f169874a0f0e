/**
 * Nothing is withdrawn without a cause in the world itself. A fault of
 * knowledge, wherever and on however many servers at once, is none.
 */
import type { Prefix } from '../../../src/model/address.js';
import type { Server } from '../server.js';
import { Since, Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { agentReads, agentTalks, isWanted, mayLeave } from './truth.js';

/** How long after its end a cause may still show: probes have to fall and to rise again. */
const AFTERMATH_MS = 20_000;
/** An agent that has been away for nearly stopGrace may come back too late to be heard. */
const NEARLY_MS = 1_500;

export function withdrawalHasCause(world: World): Watcher {
  const lastCause = new Map<Server, Map<Prefix, number>>(world.servers.map((server) => [server, new Map()]));
  const away = new Map(world.servers.map((server) => [server, new Since()]));

  /** The guard may have given up its agent, and everything with it. */
  const isAbandoned = (server: Server, now: number): boolean => {
    const { stopGraceMs, lostAgent } = server.view.fleet.safety;
    const since = away.get(server)?.update(!agentTalks(server) || !agentReads(server), now);
    const isLong = since !== undefined && now - since >= stopGraceMs - NEARLY_MS;
    return isLong && (lostAgent === 'drain' || server.handedOverAt !== undefined);
  };
  const isExcused = (server: Server, prefix: Prefix): boolean =>
    !isWanted(server, prefix) || mayLeave(world, server, prefix);

  /** A cause that only time brings about has to be noted in time. */
  const nextGrace = (now: number): number => {
    const graces = world.servers.flatMap((server) => {
      const since = away.get(server)?.since;
      return since === undefined ? [] : [since + server.view.fleet.safety.stopGraceMs - NEARLY_MS];
    });
    return Math.min(...graces.filter((at) => at > now));
  };

  const note = (now: number): void => {
    for (const server of world.servers) {
      const abandoned = isAbandoned(server, now);
      const causes = lastCause.get(server);
      for (const prefix of world.prefixes) if (abandoned || isExcused(server, prefix)) causes?.set(prefix, now);
    }
  };

  return {
    heard: (server, { at, prefix, level, by }) => {
      if (level !== undefined || by === 'session') return;
      if (isAbandoned(server, at) || isExcused(server, prefix)) return;
      const last = lastCause.get(server)?.get(prefix) ?? Number.NEGATIVE_INFINITY;
      if (at - last <= AFTERMATH_MS) return;
      throw new Violation('nothing is withdrawn without a cause', `${server.name} withdraws ${prefix}`);
    },
    look: (now) => {
      note(now);
      return nextGrace(now);
    },
  };
}
