/** Services that fail, here or far away, and checkers that tell nothing. */
import type { CheckerFault } from '../checker.js';
import { type FaultKind, onEach } from './fault.js';

const checkerFault = (fault: CheckerFault): FaultKind => ({
  name: `checker ${fault}`,
  ...{ withdraws: 'never', lasts: [500, 20_000], everywhere: true },
  strike: onEach((server) => {
    server.checkerFault = fault;
    return () => (server.checkerFault = undefined);
  }),
});

export const SERVICE_FAULTS: readonly FaultKind[] = [
  {
    name: 'service down',
    // The state of the services themselves tells whom it concerns.
    ...{ withdraws: 'never', lasts: [500, 15_000], everywhere: true },
    strike: (world, servers, random) => {
      const { key } = random.pick(world.checks);
      for (const server of servers) server.downServices.add(key);
      world.touch();
      return () => {
        for (const server of servers) server.downServices.delete(key);
        world.touch();
      };
    },
  },
  checkerFault('silent'),
  checkerFault('unsent'),
];
