/**
 * The ladder: how strongly this server announces each prefix, and why.
 *
 * facts → footing → suspicion and budget (remote causes only) → hold-down →
 * operators. What the guard makes of it (lease, drain, gate) is decided in
 * `wire.ts`.
 */
import { comparePrefix, type Prefix } from '../model/address.js';
import type { Customer, CustomerPrefix, ServerView } from '../model/fleet.js';
import { type Level, weaker } from '../model/level.js';
import type { Announcement } from '../model/path.js';
import type { Reason } from '../model/reason.js';
import type { DataPlaneVerdict } from '../model/verdict.js';
import type { FleetAnnounced } from './budget.js';
import { damp, type Damping } from './damping.js';
import {
  type CheckFact,
  type Footing,
  onCheck,
  onDataPlane,
  onTunnels,
  type Standpoint,
  type TunnelFact,
} from './footing.js';
import { type Intents, underWish, wishFor, type Wish } from './intents.js';
import { judgeRemotes, type RemoteVerdicts } from './remote.js';
import { routedOf } from './routed.js';
import type { FailureKey } from './suspicion.js';

export interface LadderFacts {
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: number;
  readonly dataPlane: DataPlaneVerdict;
  tunnel(customer: string, tunnel: string): TunnelFact;
  /** Those that govern the prefix. */
  checks(prefix: Prefix): readonly CheckFact[];
  readonly intents: Intents;
  /** What other servers announce; a server that stands alone does not know. */
  readonly fleet?: FleetAnnounced;
}

/** What decisions need to know of earlier ones. */
export interface LadderMemory {
  /** The levels asked for last, which missing knowledge keeps. */
  readonly standing: ReadonlyMap<Prefix, Level>;
  readonly damping: ReadonlyMap<Prefix, Damping>;
  readonly suspects: ReadonlySet<FailureKey>;
}

export const NO_MEMORY: LadderMemory = { standing: new Map(), damping: new Map(), suspects: new Set() };

export interface Climbed {
  /** Complete, sorted by prefix; withdrawn ones are listed with their reasons. */
  readonly announcements: readonly Announcement[];
  readonly memory: LadderMemory;
  /** The answer changes at this time by itself. CLOCK_MONOTONIC, milliseconds. */
  readonly changesAt?: number;
}

/** One prefix with everything it stands on. */
interface Candidate {
  readonly prefix: Prefix;
  readonly asPath: readonly number[];
  readonly customer?: string;
  readonly footings: readonly Footing[];
  readonly wish: Wish;
}

interface Rung {
  readonly announcement: Announcement;
  readonly damping: Damping;
  readonly changes: readonly number[];
}

export function climb(view: ServerView, facts: LadderFacts, memory: LadderMemory): Climbed {
  const candidates = inOrder(view, [...coveringOf(view, facts, memory), ...customersOf(view, facts, memory)]);
  const remotes = judgeRemotes(view, facts, candidates, memory.suspects);
  const rungs = candidates.map((candidate) =>
    rungOf(view, facts.now, candidate, remotes, memory.damping.get(candidate.prefix)),
  );
  const changes = rungs.flatMap((rung) => rung.changes);
  return {
    announcements: rungs.map(({ announcement }) => announcement),
    memory: {
      standing: new Map(rungs.map(({ announcement: { prefix, level } }) => [prefix, level])),
      damping: new Map(rungs.map(({ announcement, damping }) => [announcement.prefix, damping])),
      suspects: remotes.suspects,
    },
    ...(changes.length === 0 ? {} : { changesAt: Math.min(...changes) }),
  };
}

/** Of each view's candidates, which are the same every time: sorting 10,000 of them costs more than judging them. */
const orders = new WeakMap<ServerView, readonly number[]>();

function inOrder(view: ServerView, candidates: readonly Candidate[]): readonly Candidate[] {
  const prefixAt = (index: number): Prefix => candidates[index]?.prefix ?? ('' as Prefix);
  const order = orders.get(view) ?? [...candidates.keys()].sort((a, b) => comparePrefix(prefixAt(a), prefixAt(b)));
  orders.set(view, order);
  return order.flatMap((index) => candidates[index] ?? []);
}

const standpoint = (view: ServerView, facts: LadderFacts, memory: LadderMemory, prefix: Prefix): Standpoint => ({
  standing: memory.standing.get(prefix),
  now: facts.now,
  staleMs: view.fleet.safety.staleMs,
});

function coveringOf(view: ServerView, facts: LadderFacts, memory: LadderMemory): readonly Candidate[] {
  return view.fleet.provider.covering.map((prefix) => {
    const at = standpoint(view, facts, memory, prefix);
    const checks = facts.checks(prefix).map((check) => onCheck(check, at));
    const endpoint = onDataPlane(facts.dataPlane.endpoint, 'endpoint-fault', at);
    return { prefix, asPath: [], footings: [endpoint, ...checks], wish: { cap: 'full' } };
  });
}

function customersOf(view: ServerView, facts: LadderFacts, memory: LadderMemory): readonly Candidate[] {
  return view.fleet.customers.flatMap((customer) =>
    customer.prefixes.map((entry) => {
      const at = standpoint(view, facts, memory, entry.prefix);
      return {
        prefix: entry.prefix,
        asPath: customer.asn === view.server.asn ? [] : [customer.asn],
        customer: customer.name,
        footings: footingsOf(customer, entry, facts, at),
        wish: wishFor(entry, facts.intents, at.standing),
      };
    }),
  );
}

function footingsOf(
  customer: Customer,
  { prefix }: CustomerPrefix,
  facts: LadderFacts,
  at: Standpoint,
): readonly Footing[] {
  const { endpoint, customers } = facts.dataPlane;
  const own = customers.get(customer.name);
  const tunnels = (routedOf(customer).get(prefix) ?? []).map((tunnel) => facts.tunnel(customer.name, tunnel));
  return [
    onDataPlane(endpoint, 'endpoint-fault', at),
    ...(own === undefined ? [] : [onDataPlane(own, 'data-plane-fault', at)]),
    ...facts.checks(prefix).map((check) => onCheck(check, at)),
    onTunnels(tunnels, at),
  ];
}

function rungOf(
  view: ServerView,
  now: number,
  candidate: Candidate,
  remotes: RemoteVerdicts,
  damping: Damping | undefined,
): Rung {
  const { prefix, asPath, wish } = candidate;
  const footings = candidate.footings.map((footing) => remotes.settle(candidate.customer, footing));
  const supported = footings.reduce<Level>((lowest, { supports }) => weaker(lowest, supports), 'full');
  const damped = damp(damping, supported, now, view.fleet.safety.holdDown, `${view.server.name} ${prefix}`);
  const grounds = reasonsFor(supported, footings);
  const reasons = damped.held ? [damped.held.reason, ...grounds] : grounds;
  const changes = [...footings.map(({ changesAt }) => changesAt), damped.held?.until];
  return {
    announcement: { prefix, asPath, ...underWish(wish, damped.level, reasons) },
    damping: damped.damping,
    changes: changes.filter((at) => at !== undefined),
  };
}

/** Of whatever supports no more than the level that comes out of it all. */
function reasonsFor(level: Level, footings: readonly Footing[]): readonly Reason[] {
  const reasons = footings.flatMap((footing) => (footing.supports === level ? footing.reasons : []));
  return reasons.length > 0 ? reasons : [{ code: 'healthy' }];
}
