/** Crashes, hangs and lies of gobgpd, other people's hands on it, and the network to the router. */
import { address, prefix } from '../../../src/model/address.js';
import type { DaemonFault } from '../daemon.js';
import { type FaultKind, onEach } from './fault.js';

const lying = (fault: DaemonFault): FaultKind => ({
  name: `gobgpd ${fault}`,
  ...{ withdraws: 'always', lasts: [500, 8_000], everywhere: true },
  strike: onEach((server, random, world) => {
    const { daemon } = server;
    if (daemon) daemon.fault = fault;
    // Without something to write, nobody would notice.
    if (random.chance(0.5)) daemon?.pathsDropped();
    world.touch();
    return () => {
      if (daemon) daemon.fault = undefined;
      world.touch();
    };
  }),
});

const FOREIGN = prefix('198.51.100.0/24');

export const SPEAKER_FAULTS: readonly FaultKind[] = [
  {
    name: 'gobgpd killed',
    ...{ withdraws: 'never', lasts: [100, 8_000], everywhere: true },
    strike: onEach((server) => {
      server.daemon?.process.end();
      return () => server.startDaemon();
    }),
  },
  {
    name: 'gobgpd stopped',
    ...{ withdraws: 'never', lasts: [100, 8_000], everywhere: true },
    strike: onEach((server, _, world) => {
      const process = server.daemon?.process;
      process?.hold();
      world.holdTimerRuns(server);
      world.touch();
      return () => {
        process?.release();
        world.touch();
      };
    }),
  },
  lying('deaf'),
  lying('garbage'),
  lying('slow'),
  {
    name: 'gobgpd tells no events',
    ...{ withdraws: 'always', lasts: [1_000, 8_000], everywhere: true },
    strike: onEach((server, random, world) => {
      const { daemon } = server;
      if (!daemon) return undefined;
      daemon.mute = true;
      world.timeline.after(random.between(0, 1_000), () => daemon.pathsDropped());
      return () => {
        daemon.mute = false;
        world.touch();
      };
    }),
  },
  {
    name: 'paths deleted by somebody',
    ...{ withdraws: 'always', lasts: [0, 0], everywhere: true },
    strike: onEach((server) => void server.daemon?.pathsDropped()),
  },
  {
    name: 'peers deleted by somebody',
    ...{ withdraws: 'never', lasts: [0, 0], everywhere: true },
    strike: onEach((server) => void server.daemon?.peersDropped()),
  },
  {
    name: 'policies replaced by somebody',
    ...{ withdraws: 'never', lasts: [0, 0], everywhere: true },
    strike: onEach((server, _, world) => void server.daemon?.barrierDropped(world.timeline.now)),
  },
  {
    name: 'foreign path injected',
    ...{ withdraws: 'never', lasts: [0, 0], everywhere: false },
    strike: onEach((server) => {
      server.daemon?.injected(FOREIGN, {
        prefix: FOREIGN,
        attributes: { nextHop: address('198.18.1.99'), asPath: [], communities: [], largeCommunities: [] },
      });
      return undefined;
    }),
  },
  {
    name: 'sessions reset',
    ...{ withdraws: 'never', lasts: [0, 0], everywhere: true },
    strike: onEach((server) => {
      for (const router of server.routers) server.daemon?.sessionLost(router);
      return undefined;
    }),
  },
  {
    name: 'network cut',
    ...{ withdraws: 'remote', lasts: [100, 8_000], everywhere: false },
    strike: onEach((server, _, world) => {
      server.connected = false;
      world.holdTimerRuns(server);
      world.touch();
      return () => {
        server.connected = true;
        world.touch();
      };
    }),
  },
];
