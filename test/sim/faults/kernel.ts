/** Objects that vanish, dumps that fail or lie, events that are lost, operations that are refused. */
import { DAMAGES } from '../../plan/damages.js';
import type { DumpFault, DumpName, EventFault } from '../kernel.js';
import type { Random } from '../random.js';
import type { Server } from '../server.js';
import { type FaultKind, type Heal, onEach } from './fault.js';

const DUMPS: readonly DumpName[] = ['link', 'route', 'sysctl', 'firewall', 'tunnel'];

function damageSomething(server: Server, random: Random): void {
  const [, harm] = random.pick(Object.entries(DAMAGES));
  server.kernel.damage((world) =>
    harm(world, <T>(items: Iterable<T>) => {
      const all = [...items];
      return all.length === 0 ? undefined : random.pick(all);
    }),
  );
}

function unreadable(server: Server, dumps: readonly DumpName[], fault: DumpFault): Heal {
  for (const dump of dumps) server.kernel.dumpFaults.set(dump, fault);
  return () => {
    for (const dump of dumps) server.kernel.dumpFaults.delete(dump);
    server.kernel.damage(() => undefined);
  };
}

const badDumps = (fault: DumpFault): FaultKind => ({
  name: `dumps ${fault}`,
  ...{ withdraws: 'never', lasts: [100, 12_000], everywhere: true },
  strike: (_, servers, random) => {
    const dumps = random.some(DUMPS, random.whole(1, DUMPS.length));
    const heals = servers.map((server) => unreadable(server, dumps, fault));
    return () => heals.forEach((heal) => heal?.());
  },
});

const eventFault = (fault: EventFault): FaultKind => ({
  name: `kernel events ${fault}`,
  ...{ withdraws: 'always', lasts: [1_000, 8_000], everywhere: true },
  strike: onEach((server, random, world) => {
    server.kernel.eventFault = fault;
    world.timeline.after(random.between(0, 1_000), () => damageSomething(server, random));
    return () => (server.kernel.eventFault = undefined);
  }),
});

export const KERNEL_FAULTS: readonly FaultKind[] = [
  {
    name: 'kernel object changed',
    ...{ withdraws: 'always', lasts: [0, 0], everywhere: true },
    strike: onEach((server, random) => void damageSomething(server, random)),
  },
  {
    name: 'kernel objects flapping',
    ...{ withdraws: 'always', lasts: [1_000, 15_000], everywhere: false },
    strike: onEach((server, random, world) => {
      let over = false;
      const again = (): void => {
        if (over) return;
        damageSomething(server, random);
        world.timeline.after(random.between(10, 1_500), again);
      };
      again();
      return () => void (over = true);
    }),
  },
  {
    name: 'all namespaces deleted',
    ...{ withdraws: 'always', lasts: [0, 0], everywhere: true },
    strike: onEach((server) => {
      server.kernel.damage((world) => [...world.namespaces.keys()].forEach((name) => world.dropNamespace(name)));
      return undefined;
    }),
  },
  {
    name: 'ruleset flushed',
    ...{ withdraws: 'always', lasts: [0, 0], everywhere: true },
    strike: onEach((server) => {
      server.kernel.damage((world) => world.rulesets.clear());
      return undefined;
    }),
  },
  badDumps('failing'),
  badDumps('reshaped'),
  badDumps('hanging'),
  badDumps('empty'),
  badDumps('partial'),
  {
    name: 'guard blind',
    ...{ withdraws: 'never', lasts: [500, 12_000], everywhere: true },
    strike: onEach((server) => {
      server.kernel.isBlinding = true;
      return () => (server.kernel.isBlinding = false);
    }),
  },
  eventFault('lost'),
  eventFault('late'),
  eventFault('storm'),
  {
    name: 'kernel refuses',
    ...{ withdraws: 'always', lasts: [500, 8_000], everywhere: false },
    strike: onEach((server, random) => {
      server.kernel.refusal = 'Operation not permitted';
      damageSomething(server, random);
      return () => {
        server.kernel.refusal = undefined;
        server.kernel.damage(() => undefined);
      };
    }),
  },
  {
    name: 'kernel slow',
    ...{ withdraws: 'always', lasts: [1_000, 8_000], everywhere: true },
    strike: onEach((server, random) => {
      server.kernel.slowMs = random.between(20, 800);
      damageSomething(server, random);
      return () => (server.kernel.slowMs = 0);
    }),
  },
  {
    name: 'uplink down',
    ...{ withdraws: 'always', lasts: [100, 8_000], everywhere: false },
    strike: onEach((server) => {
      server.kernel.setUplink('eth1', false);
      return () => server.kernel.setUplink('eth1', true);
    }),
  },
];
