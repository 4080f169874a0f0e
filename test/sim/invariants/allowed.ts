/** Nothing leaves that may not, and what leaves says whose it is. */
import { familyOf } from '../../../src/model/address.js';
import { Violation } from '../violation.js';
import type { Watcher, World } from '../world.js';

export function nothingForbidden(world: World): Watcher {
  return {
    heard: (server, { prefix, level }, path) => {
      if (!level || !path) return;
      const from = `${server.name} announces ${prefix}`;
      if (!server.allowed.has(prefix)) throw new Violation('nothing outside the allow-list', from);
      if (level === 'strange') throw new Violation('a level is told whole', `${from}: ${JSON.stringify(path)}`);
      const { v4, v6 } = world.widestView(server).server;
      if (path.nextHop !== (familyOf(prefix) === 4 ? v4 : v6))
        throw new Violation('the next hop is the server itself', `${from} via ${path.nextHop}`);
    },
    look: () => {
      for (const { name, daemon } of world.servers) {
        const [broken] = daemon?.violations ?? [];
        if (broken !== undefined) throw new Violation('the speaker is asked in order', `${name}: ${broken}`);
      }
      return undefined;
    },
  };
}
