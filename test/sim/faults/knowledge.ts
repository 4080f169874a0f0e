/** What the agent and the guard are told: over their link, by probes, by files. */
import { prefix } from '../../../src/model/address.js';
import type { DesiredSet } from '../../../src/model/lease.js';
import type { Announcement } from '../../../src/model/path.js';
import type { LinkFault } from '../link.js';
import type { ProberFault } from '../prober.js';
import type { Random } from '../random.js';
import type { Server } from '../server.js';
import type { World } from '../world.js';
import { type FaultKind, type Heal, onEach } from './fault.js';

const linkFault = (fault: LinkFault): FaultKind => ({
  name: `link ${fault}`,
  ...{ withdraws: 'never', lasts: [100, 10_000], everywhere: true },
  strike: onEach((server, _, world) => {
    server.link.fault = fault;
    if (fault === 'cut') server.link.disconnect();
    world.touch();
    return () => {
      server.link.fault = undefined;
      world.touch();
    };
  }),
});

const proberFault = (fault: ProberFault): FaultKind => ({
  name: `prober ${fault}`,
  ...{ withdraws: fault === 'deaf' ? 'remote' : 'never', lasts: [500, 12_000], everywhere: true },
  strike: onEach((server) => {
    server.proberFault = fault;
    return () => (server.proberFault = undefined);
  }),
});

const NONSENSE: readonly Announcement[] = [
  ['0.0.0.0/0', []],
  ['8.8.8.0/24', []],
  ['203.0.113.128/25', [64512]],
  ['198.18.0.0/15', [64513]],
  ['198.19.8.0/24', [64513]],
  ['203.0.113.0/24', [64513]],
].map(([text, asPath]) => ({
  ...{ prefix: prefix(text as string), asPath: asPath as number[], level: 'full', reasons: [{ code: 'healthy' }] },
}));

/** A mad agent: what it should not name is added, and replaces what it named rightly. */
function garbled(set: DesiredSet, nonsense: readonly Announcement[]): DesiredSet {
  const named = new Set(nonsense.map((one) => one.prefix));
  return { ...set, announcements: [...set.announcements.filter((one) => !named.has(one.prefix)), ...nonsense] };
}

/** Sets a state of the way between sites and customers; heals by taking it back. */
function remotes(world: World, keys: readonly string[], state: 'down' | 'lossy'): Heal {
  for (const key of keys) world.remotes.set(key, state);
  world.touch();
  return () => {
    for (const key of keys) world.remotes.delete(key);
    world.touch();
  };
}

const tunnelsOf = (world: World): readonly string[] =>
  world.larger.customers.flatMap(({ name, tunnels }) => tunnels.map((tunnel) => `${name}/${tunnel.name}`));

const everySite = (world: World, keys: readonly string[]): readonly string[] =>
  world.fleet.sites.flatMap(({ name }) => keys.map((key) => `${name} ${key}`));

/** The state of the ways themselves tells whom these concern. */
const remoteFault = (
  name: string,
  strike: (world: World, servers: readonly Server[], random: Random) => Heal,
): FaultKind => ({
  name,
  ...{ withdraws: 'never', lasts: [200, 12_000], everywhere: true },
  strike,
});

export const KNOWLEDGE_FAULTS: readonly FaultKind[] = [
  linkFault('cut'),
  linkFault('slow'),
  linkFault('lossy'),
  linkFault('reordering'),
  {
    name: 'agent offers nonsense',
    ...{ withdraws: 'always', lasts: [500, 10_000], everywhere: true },
    strike: onEach((server, random) => {
      const nonsense = random.some(NONSENSE, random.whole(1, NONSENSE.length));
      server.link.garble = (set) => garbled(set, nonsense);
      return () => (server.link.garble = (set) => set);
    }),
  },
  proberFault('silent'),
  proberFault('unsent'),
  proberFault('deaf'),
  remoteFault('tunnel down', (world, servers, random) => {
    const key = random.pick(tunnelsOf(world));
    return remotes(world, [...new Set(servers.map(({ site }) => `${site} ${key}`))], 'down');
  }),
  remoteFault('customer down everywhere', (world, _, random) => {
    const { name } = random.pick(world.fleet.customers);
    return remotes(
      world,
      everySite(
        world,
        tunnelsOf(world).filter((key) => key.startsWith(`${name}/`)),
      ),
      'down',
    );
  }),
  remoteFault('site cut from customers', (world, servers) => {
    const sites = [...new Set(servers.map(({ site }) => site))];
    return remotes(
      world,
      sites.flatMap((site) => tunnelsOf(world).map((key) => `${site} ${key}`)),
      'down',
    );
  }),
  remoteFault('tunnels lossy', (world, _, random) =>
    remotes(world, everySite(world, random.some(tunnelsOf(world), 2)), 'lossy'),
  ),
  remoteFault('tunnels flapping', (world, servers, random) => {
    const keys = [...new Set(servers.map(({ site }) => site))].flatMap((site) =>
      tunnelsOf(world).map((key) => `${site} ${key}`),
    );
    let heal: Heal;
    let over = false;
    const turn = (): void => {
      heal?.();
      if (over) return;
      heal = heal ? undefined : remotes(world, keys, 'down');
      world.timeline.after(random.between(300, 5_000), turn);
    };
    turn();
    return () => {
      over = true;
      heal?.();
    };
  }),
  {
    name: 'fleet file bad',
    ...{ withdraws: 'never', lasts: [500, 8_000], everywhere: true },
    strike: onEach((server, random) => {
      const { disk } = server;
      // What is bad already is mended by whoever has made it so.
      if (disk instanceof Error) return undefined;
      server.write(new Error('fleet.yaml:12:5: customers: host bits are set'));
      server.reload();
      if (random.chance(0.3)) server.link.disconnect();
      return () => {
        server.write(disk);
        server.startGuard();
        server.startAgent();
        server.reload();
      };
    }),
  },
  {
    name: 'customer added and removed',
    ...{ withdraws: 'never', lasts: [500, 12_000], everywhere: true },
    strike: onEach((server, random, world) => {
      if (server.disk instanceof Error) return undefined;
      const spread = random.between(0, 3_000);
      const give = (fleet: typeof world.fleet): void => {
        world.timeline.after(spread, () => {
          if (server.disk instanceof Error) return;
          server.write(fleet);
          server.reload();
          // Somebody else's links come and go: an agent may look at any time.
          world.timeline.after(random.between(50, 600), () => server.kernel.stir());
        });
      };
      give(world.larger);
      return () => give(world.fleet);
    }),
  },
];
