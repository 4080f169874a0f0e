/** Crashes, hangs, orderly restarts, paused machines, clocks that jump. */
import type { Process } from '../process.js';
import type { Server } from '../server.js';
import { type FaultKind, type Heal, onEach } from './fault.js';

const stopped = (process: Process | undefined, world: { touch(): void }): Heal => {
  process?.hold();
  world.touch();
  return () => {
    process?.release();
    world.touch();
  };
};

const startWhatIsMissing = (server: Server): void => {
  server.startDaemon();
  server.startGuard();
  server.startAgent();
};

export const PROCESS_FAULTS: readonly FaultKind[] = [
  {
    name: 'agent killed',
    ...{ withdraws: 'never', lasts: [50, 15_000], everywhere: true },
    strike: onEach((server) => {
      server.agent?.process.end();
      return () => server.startAgent();
    }),
  },
  {
    name: 'agent stopped',
    ...{ withdraws: 'never', lasts: [50, 15_000], everywhere: true },
    strike: onEach((server, _, world) => stopped(server.agent?.process, world)),
  },
  {
    name: 'agent restarted in order',
    ...{ withdraws: 'never', lasts: [100, 12_000], everywhere: true },
    strike: onEach((server) => {
      server.endAgent('keep');
      return () => server.startAgent();
    }),
  },
  {
    name: 'agent drained on exit',
    ...{ withdraws: 'always', lasts: [100, 8_000], everywhere: false },
    strike: onEach((server) => {
      server.endAgent('drain');
      return () => server.startAgent();
    }),
  },
  {
    name: 'agent stopped, another started',
    ...{ withdraws: 'never', lasts: [3_000, 12_000], everywhere: false },
    strike: onEach((server, random, world) => {
      const old = server.agent?.process;
      old?.hold();
      world.timeline.after(random.between(0, 2_500), () => {
        if (server.agent?.process === old) server.agent = undefined;
        server.startAgent();
      });
      // The old one wakes up, and is told to end a while later.
      return () => {
        old?.release();
        world.timeline.after(random.between(100, 1_000), () => old?.end());
      };
    }),
  },
  {
    name: 'guard killed',
    ...{ withdraws: 'never', lasts: [50, 8_000], everywhere: true },
    strike: onEach((server) => {
      server.guard?.process.end();
      return () => server.startGuard();
    }),
  },
  {
    name: 'guard stopped',
    ...{ withdraws: 'never', lasts: [50, 8_000], everywhere: true },
    strike: onEach((server, _, world) => stopped(server.guard?.process, world)),
  },
  {
    name: 'guard restarted in order',
    ...{ withdraws: 'always', lasts: [100, 10_000], everywhere: false },
    strike: onEach((server) => {
      server.endGuard();
      return () => server.startGuard();
    }),
  },
  {
    name: 'agent and guard killed',
    ...{ withdraws: 'never', lasts: [50, 8_000], everywhere: true },
    strike: onEach((server) => {
      server.agent?.process.end();
      server.guard?.process.end();
      return () => startWhatIsMissing(server);
    }),
  },
  {
    name: 'server off for days',
    ...{ withdraws: 'always', lasts: [500, 5_000], everywhere: false },
    strike: onEach((server, random) => {
      for (const process of [server.agent?.process, server.guard?.process, server.daemon?.process]) process?.end();
      server.machine.wallShift += random.between(25, 200) * 3_600_000;
      return () => startWhatIsMissing(server);
    }),
  },
  {
    name: 'machine paused',
    ...{ withdraws: 'never', lasts: [100, 15_000], everywhere: true },
    strike: onEach((server, random, world) => {
      const counted = random.chance(0.5);
      server.machine.pause();
      world.holdTimerRuns(server);
      return () => {
        server.machine.resume(counted);
        world.touch();
      };
    }),
  },
  {
    name: 'wall clock stepped',
    ...{ withdraws: 'never', lasts: [0, 0], everywhere: true },
    strike: onEach((server, random) => {
      server.machine.wallShift += random.between(-7_200_000, 7_200_000);
      // Most harmful together with what it may confuse: the numbers of epochs.
      if (random.chance(0.5)) server.link.disconnect();
      return undefined;
    }),
  },
];
