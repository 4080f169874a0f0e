/** What happens when something is lost: the `safety:` part of the fleet file. */
import { z } from 'zod';
import { duration, percentage, whole, words } from './values.js';

/** The defaults are the commercial ones, so that a customer who knows those is not surprised. */
const tunnelStatesSchema = z
  .strictObject(
    {
      degradedLoss: percentage(0.001, 100, 'Share of lost probes from which a tunnel is degraded,').prefault('0.1%'),
      degradedFailures: whole(1, 1_000, 'And at least as many losses.').default(2),
      window: duration(1_000, 3_600_000, 'Both are counted over this time,').prefault('5m'),
      recovery: whole(1, 10_000, 'Probes over which the loss must be lower until the tunnel is up again.').default(30),
      fallWindow: duration(
        50,
        600_000,
        'Losses in a row bring a tunnel down when they lie within this time, or as long as that many probes take,',
      ).prefault('1s'),
      degradedPenalty: whole(0, 2_000_000, 'Added to the priority of routes to a degraded tunnel.').default(500_000),
      downPenalty: whole(0, 2_000_000, 'Added to the priority of routes to a tunnel that is down.').default(1_000_000),
    },
    { error: 'write tunnels: { degradedLoss: 0.1%, window: 5m }, or leave it out' },
  )
  .meta({ description: 'When a tunnel is degraded, and what that costs it.' })
  .prefault({});

const holdDownSchema = z
  .strictObject(
    {
      first: duration(0, 600_000, 'After the first flap,').prefault('1s'),
      most: duration(0, 3_600_000, 'It doubles with each flap up to this,').prefault('2m'),
      decay: duration(1_000, 3_600_000, 'One flap is forgotten for each such time without another,').prefault('5m'),
    },
    { error: 'write holdDown: { first: 1s, most: 2m }, or leave it out' },
  )
  .meta({ description: 'How long a prefix that recovers stays degraded before it is full.' })
  .prefault({});

const suspicionSchema = z
  .strictObject(
    {
      remotes: whole(2, 1_000, 'Customers whose remotes fail together.').default(5),
      window: duration(100, 600_000, 'Within this time,').prefault('10s'),
    },
    { error: 'write suspicion: { remotes: 5, window: 10s }, or leave it out' },
  )
  .meta({ description: 'When this server suspects its own probes instead of its customers, and only degrades.' })
  .prefault({});

export const safetySchema = z
  .strictObject(
    {
      remoteFault: words(['degrade', 'withdraw'], 'When every tunnel of a customer is down at one server.').default(
        'degrade',
      ),
      lostAgent: words(['degrade', 'drain'], 'When an agent died and stopGrace is over.').default('degrade'),
      lease: duration(200, 60_000, 'How long the guard keeps announcing without news of the agent,').prefault('1s'),
      stopGrace: duration(0, 600_000, 'How long the wire stays after the agent stopped in order,').prefault('20s'),
      settle: duration(0, 30_000, 'Between "withdrawn" and tearing down,').prefault('500ms'),
      drain: duration(100, 300_000, 'How long a drain stays degraded at least before it withdraws,').prefault('2s'),
      drainMost: duration(
        100,
        3_600_000,
        "And at most, while customers' packets still arrive; without effect below drain,",
      ).prefault('30s'),
      bootMaxAge: duration(
        60_000,
        8_760 * 3_600_000,
        'A server that has not run for longer announces nothing until `culvert confirm`,',
      ).prefault('24h'),
      stale: duration(1_000, 3_600_000, 'How long unknown facts keep a level before they degrade it,').prefault('30s'),
      holdDown: holdDownSchema,
      suspicion: suspicionSchema,
      maxWithdrawnShare: percentage(
        0,
        100,
        "How many of a server's prefixes remote faults may withdraw at once, or a new fleet drop; one customer always may,",
      ).prefault('25%'),
      minSites: whole(
        0,
        1_000,
        'Sites that keep a prefix whatever remote faults they see; under a controller.',
      ).default(1),
      tunnels: tunnelStatesSchema,
    },
    { error: 'write safety: { remoteFault: degrade }, or leave it out' },
  )
  .meta({ description: 'What happens when something is lost.' })
  .prefault({});

export type DraftSafety = z.output<typeof safetySchema>;
