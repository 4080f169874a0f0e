/** A service fails: Culvert, ExaBGP and keepalived in turn, with the same services, timings and receiver. */
import type { Row } from './failover-figures.js';
import { fleetOfServices, signal, start, startCulvert } from './failover-culvert.js';
import { forKeepalived, isThere, startExabgp, startKeepalived } from './failover-peers.js';
import { pause, Rig } from './failover-rig.js';
import {
  allAnnounced,
  failEach,
  failRounds,
  FIRST_PORT,
  noSamples,
  restoreAll,
  type Samples,
  type Service,
  servicesOf,
  type Timing,
  TIMINGS,
} from './failover-services.js';

const LEASE_MS = 1_000;
/** As long as a peer is watched that does not withdraw. */
const WATCH_MS = 12_000;

export interface ServicesPlan {
  readonly each: number;
  readonly rounds: number;
  readonly stops: number;
}

/** What one side was seen to do; samples by what happened to the checker. */
interface Seen {
  readonly side: string;
  readonly alive: Samples;
  readonly without: Readonly<Record<string, readonly number[]>>;
}

const TIMING_NAMES = Object.keys(TIMINGS) as readonly Timing[];
const fromFailures = (samples: Samples): readonly number[] =>
  TIMING_NAMES.flatMap((timing) => samples[timing].map(({ fromFailure }) => fromFailure));

async function inRig<T>(services: readonly Service[], use: (rig: Rig) => Promise<T>): Promise<T> {
  const rig = await Rig.open(FIRST_PORT, FIRST_PORT + services.length);
  try {
    return await use(rig);
  } finally {
    await rig.close();
  }
}

async function culvert(plan: ServicesPlan): Promise<Seen> {
  const services = servicesOf(TIMING_NAMES, plan.each);
  return inRig(services, async (rig) => {
    await startCulvert(rig, fleetOfServices(services, { leaseMs: LEASE_MS }), services.length);
    const alive = await failRounds(rig, services, plan.rounds);
    const without: Record<string, number[]> = {};
    for (const name of ['KILL', 'STOP'] as const) {
      const [degraded, withdrawn] = [[] as number[], [] as number[]];
      for (let time = 0; time < plan.stops; time++) {
        await full(rig, services);
        const lost = await signal(rig, name, 'agent');
        degraded.push(...(await untilAllDegraded(rig, services, lost)));
        const samples = noSamples();
        await failEach(rig, services, samples, 0);
        withdrawn.push(...fromFailures(samples));
        restoreAll(rig, services);
        if (name === 'KILL') start(rig, 'agent');
        else await signal(rig, 'CONT', 'agent');
      }
      without[`agent SIG${name}, nothing failed → degraded`] = degraded;
      without[`checker SIG${name}, then service failure → withdraw`] = withdrawn;
    }
    return { side: 'Culvert', alive, without };
  });
}

const full = (rig: Rig, services: readonly Service[]): Promise<void> =>
  rig.until('every prefix full', () => services.every(({ prefix }) => rig.level(prefix) === 'full'), 60_000);

async function untilAllDegraded(rig: Rig, services: readonly Service[], since: number): Promise<readonly number[]> {
  const at = (prefix: string): number => rig.heardAt(prefix, 'degraded');
  await rig.until('every prefix degraded', () => services.every(({ prefix }) => at(prefix) > since));
  return services.map(({ prefix }) => at(prefix) - since);
}

/** Stops the checker by `command`, lets every service fail, and watches. */
async function withoutChecker(rig: Rig, services: readonly Service[], command: string): Promise<readonly number[]> {
  await allAnnounced(rig, services);
  await pause(1_500);
  await rig.run(command);
  const samples = noSamples();
  await failEach(rig, services, samples, 0, WATCH_MS);
  restoreAll(rig, services);
  return fromFailures(samples);
}

const CHECKERS = "-f '^[^ ]*python3 -m exabgp healthcheck'";

async function exabgp(plan: ServicesPlan): Promise<Seen> {
  const services = servicesOf(TIMING_NAMES, plan.each);
  return inRig(services, async (rig) => {
    await startExabgp(rig, services);
    const alive = await failRounds(rig, services, plan.rounds);
    const stopped = await withoutChecker(rig, services, `pkill -STOP ${CHECKERS}`);
    await rig.run(`pkill -CONT ${CHECKERS}`);
    const killed = await withoutChecker(rig, services, `pkill -KILL ${CHECKERS}`);
    return { side: 'ExaBGP healthcheck', alive, without: { [AFTER_STOP]: stopped, [AFTER_KILL]: killed } };
  });
}

async function keepalived(plan: ServicesPlan): Promise<Seen> {
  const services = forKeepalived(servicesOf(TIMING_NAMES, plan.each));
  return inRig(services, async (rig) => {
    await startKeepalived(rig, services);
    const alive = await failRounds(rig, services, plan.rounds);
    const stopped = await withoutChecker(rig, services, 'pkill -STOP -x keepalived');
    await rig.run('pkill -CONT -x keepalived');
    const killed = await withoutChecker(rig, services, 'pkill -KILL -x keepalived');
    return { side: 'keepalived + gobgp', alive, without: { [AFTER_STOP]: stopped, [AFTER_KILL]: killed } };
  });
}

const AFTER_STOP = 'checker SIGSTOP, then service failure → withdraw';
const AFTER_KILL = 'checker SIGKILL, then service failure → withdraw';

const PEERS = [
  { program: 'exabgp', bench: exabgp },
  { program: 'keepalived', bench: keepalived },
] as const;

/** Rows, with Culvert's over each peer's, and what has to be said about them. */
export async function benchServices(plan: ServicesPlan): Promise<readonly (Row | string)[]> {
  const notes: string[] = [];
  const own = await culvert(plan);
  const peers: Seen[] = [];
  for (const { program, bench } of PEERS) {
    if (!isThere(program)) {
      notes.push(`**${program} is absent**: not measured. \`apt-get install --no-install-recommends ${program}\``);
      continue;
    }
    await bench(plan).then(
      (seen) => peers.push(seen),
      (error: unknown) => notes.push(`**${program} was not measured**: ${(error as Error).message}`),
    );
  }
  const alive = TIMING_NAMES.flatMap((timing) => [
    ...rowsOf(`service failure → withdraw, ${timing}`, own, peers, ({ alive }) =>
      alive[timing].map(({ fromFailure }) => fromFailure),
    ),
    ...rowsOf(`last good probe → withdraw, ${timing}`, own, peers, ({ alive }) =>
      alive[timing].map(({ fromProbe }) => fromProbe),
    ),
  ]);
  const without = Object.keys(own.without).flatMap((what) =>
    rowsOf(what, own, peers, ({ without }) => without[what] ?? []),
  );
  notes.push(
    "keepalived's interval is in whole seconds: it has no row for 0.2 s. " +
      `\`never\`: still announced ${WATCH_MS / 1_000} s after the failure, when the bench stopped watching. ` +
      "Ratios are Culvert's figure over the peer's; below 1 Culvert is faster.",
  );
  return [...alive, ...without, ...notes];
}

function rowsOf(
  what: string,
  own: Seen,
  peers: readonly Seen[],
  samplesOf: (seen: Seen) => readonly number[],
): readonly Row[] {
  const samples = samplesOf(own);
  const others = peers.filter((peer) => samplesOf(peer).length > 0);
  return [
    { what, side: own.side, samples },
    ...others.map((peer) => ({ what, side: peer.side, samples: samplesOf(peer), culvert: samples })),
  ];
}
