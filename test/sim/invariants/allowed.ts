/** Nothing leaves that may not, and what leaves says whose it is. */
import { familyOf } from '../../../src/model/address.js';
import type { Path } from '../../../src/model/path.js';
import type { Server } from '../server.js';
import { Since, Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';
import { isFine } from './truth.js';

/** A policy that somebody took away raises no event: the guard looks every two seconds, or later where that takes long. */
const FOUND_MS = 5_000;

/** What somebody else injects while somebody else has taken the policy away goes out until the guard finds that. */
const isOthersDoing = ({ daemon }: Server, { attributes }: Path): boolean =>
  daemon?.openSince !== undefined && attributes.largeCommunities.length === 0;

export function nothingForbidden(world: World): Watcher {
  const fine = new Map(world.servers.map((server) => [server, new Since()]));
  /** When a policy that is gone has to be back. */
  const dueAt = (server: Server, now: number): number | undefined => {
    const fineSince = fine.get(server)?.update(isFine(world, server), now);
    const { openSince } = server.daemon ?? {};
    return fineSince === undefined || openSince === undefined ? undefined : Math.max(fineSince, openSince) + FOUND_MS;
  };
  return {
    heard: (server, { prefix, level }, path) => {
      if (!level || !path) return;
      const from = `${server.name} announces ${prefix}`;
      if (!server.allowed.has(prefix) && isOthersDoing(server, path)) return;
      if (!server.allowed.has(prefix)) throw new Violation('nothing outside the allow-list', from);
      if (level === 'strange') throw new Violation('a level is told whole', `${from}: ${JSON.stringify(path)}`);
      const { v4, v6 } = world.widestView(server).server;
      const { nextHop } = path.attributes;
      if (nextHop !== (familyOf(prefix) === 4 ? v4 : v6))
        throw new Violation('the next hop is the server itself', `${from} via ${nextHop}`);
    },
    look: (now) => {
      let next = Number.POSITIVE_INFINITY;
      for (const server of world.servers) {
        const [broken] = server.daemon?.violations ?? [];
        if (broken !== undefined) throw new Violation('the speaker is asked in order', `${server.name}: ${broken}`);
        const due = dueAt(server, now);
        if (due !== undefined && now > due)
          throw new Violation('a policy that is gone is put back', `${server.name} has none for ${FOUND_MS} ms`);
        if (due !== undefined) next = Math.min(next, due + 1);
      }
      return next;
    },
  };
}
