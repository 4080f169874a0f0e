/**
 * The ladder: how strongly this server announces each prefix, and why.
 *
 * facts → footing → suspicion and budget (remote causes only) → hold-down →
 * operators. What the guard makes of it (lease, drain, gate) is decided in
 * `wire.ts`.
 *
 * Whoever's facts are as they were keeps the announcements that followed from
 * them: a change costs what it changes, however many prefixes there are.
 */
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { Level } from '../model/level.js';
import type { Announcement } from '../model/path.js';
import { same } from '../model/same.js';
import type { DataPlaneVerdict } from '../model/verdict.js';
import type { FleetAnnounced } from './budget.js';
import type { Damping } from './damping.js';
import type { CheckFact, TunnelFact } from './footing.js';
import type { Intents } from './intents.js';
import { ownership, type Owner } from './owners.js';
import { judgeRemotes } from './remote.js';
import { dampingAt, groundOf, rungsOf, type Basis, type Judged, type Past, type Rungs } from './rungs.js';
import type { FailureKey } from './suspicion.js';

export interface LadderFacts {
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: number;
  readonly dataPlane: DataPlaneVerdict;
  tunnel(customer: string, tunnel: string): TunnelFact;
  /** Those that govern the prefix, the provider's or this customer's. The same for all that are governed by the same checks. */
  checks(prefix: Prefix, customer?: string): readonly CheckFact[];
  readonly intents: Intents;
  /** What other servers announce; a server that stands alone does not know. */
  readonly fleet?: FleetAnnounced;
}

/** What decisions need to know of earlier ones. */
export interface LadderMemory {
  /** Levels that a guard has told since the last answer: missing knowledge keeps them, instead of what was asked for last. */
  readonly standing: ReadonlyMap<Prefix, Level>;
  readonly suspects: ReadonlySet<FailureKey>;
  readonly last?: Answer;
}

interface Answer {
  readonly view: ServerView;
  /** In the order of `ownership`. */
  readonly rungs: readonly Rungs[];
  readonly announcements: readonly Announcement[];
}

export const NO_MEMORY: LadderMemory = { standing: new Map(), suspects: new Set() };

export interface Climbed {
  /** Complete, sorted by prefix; withdrawn ones are listed with their reasons. The same list and objects as before where they say the same. */
  readonly announcements: readonly Announcement[];
  readonly memory: LadderMemory;
  /** The answer changes at this time by itself. CLOCK_MONOTONIC, milliseconds. */
  readonly changesAt?: number;
  /** The levels stand already: with the same facts the answer would be the same. */
  readonly isSettled: boolean;
}

export function climb(view: ServerView, facts: LadderFacts, memory: LadderMemory): Climbed {
  const { safety } = view.fleet;
  const { now, intents } = facts;
  const owners = ownership(view);
  const last = memory.last?.view === view ? memory.last : undefined;
  const pastOf = pastIn(memory, last);
  const grounds = owners.map((owner, place) => {
    const basis = basisOf(owner, facts);
    const before = last?.rungs[place];
    if (before && memory.standing.size === 0 && stands(before, basis, facts)) return before;
    return groundOf(owner, basis, intents, pastOf(owner, place), { now, staleMs: safety.staleMs });
  });
  const groups = grounds.flatMap((ground) => ground.groups);
  const remotes = judgeRemotes(view, facts, groups, memory.suspects);
  const rules = { now, holdDown: safety.holdDown, server: view.server.name };
  const judged = grounds.map((ground, place): Judged => {
    const spared = ground.owner.customer && remotes.spares(ground.owner.customer.name);
    const before = last?.rungs[place];
    return before === ground && before.spared === spared
      ? { rungs: before }
      : rungsOf(ground, spared, pastOf(ground.owner, place), rules);
  });
  const rungs = judged.map((own) => own.rungs);
  const announcements = listed(judged, last, memory.last?.announcements);
  const changesAt = rungs.reduce((first, own) => Math.min(first, own.changesAt), Infinity);
  return {
    announcements,
    memory: { standing: new Map(), suspects: remotes.suspects, last: { view, rungs, announcements } },
    ...(changesAt === Infinity ? {} : { changesAt }),
    isSettled: rungs.every((own) => own.isSettled),
  };
}

function basisOf({ customer, kinds }: Owner, { dataPlane, ...facts }: LadderFacts): Basis {
  const { endpoint, customers } = dataPlane;
  const checks = kinds.map(({ one }) => facts.checks(one.prefix, customer?.name));
  if (!customer) return { endpoint, tunnels: [], checks };
  const { name } = customer;
  const own = customers.get(name);
  const tunnels = customer.tunnels.map((tunnel) => facts.tunnel(name, tunnel.name));
  return { endpoint, ...(own && { own }), tunnels, checks };
}

const stands = (before: Rungs, basis: Basis, { now, intents }: LadderFacts): boolean =>
  before.isSettled && now < before.changesAt && before.intents === intents && same(before.basis, basis);

/** Of another fleet's answer the prefixes are looked up, whoever they belonged to. */
function pastIn(memory: LadderMemory, last: Answer | undefined): (owner: Owner, place: number) => Past {
  const { standing } = memory;
  const index = last ? new Map<Prefix, Decided>() : indexOf(memory.last);
  return ({ prefixes, places }, place) => {
    const own = last?.rungs[place];
    const decided = (at: number): Decided | undefined => index.get(prefixes[at] ?? NONE);
    const announcement = (at: number) => (last ? last.announcements[places[at] ?? 0] : decided(at)?.announcement);
    return {
      standing: (at) => standing.get(prefixes[at] ?? NONE) ?? announcement(at)?.level,
      announcement,
      damping: (at) => (own ? dampingAt(own, at) : decided(at)?.damping),
    };
  };
}

interface Decided {
  readonly announcement: Announcement;
  readonly damping: Damping | undefined;
}
const NONE = '' as Prefix;

function indexOf(last: Answer | undefined): ReadonlyMap<Prefix, Decided> {
  const index = new Map<Prefix, Decided>();
  for (const own of last?.rungs ?? []) {
    for (const [at, prefix] of own.owner.prefixes.entries()) {
      const announcement = last?.announcements[own.owner.places[at] ?? 0];
      if (announcement) index.set(prefix, { announcement, damping: dampingAt(own, at) });
    }
  }
  return index;
}

/** All of them in order. What has not changed keeps its place from the list before. */
function listed(
  judged: readonly Judged[],
  last: Answer | undefined,
  before: readonly Announcement[] | undefined,
): readonly Announcement[] {
  if (last && judged.every(({ announcements }) => !announcements)) return last.announcements;
  const list = last ? [...last.announcements] : [];
  for (const { rungs, announcements = [] } of judged) {
    for (const [index, announcement] of announcements.entries()) list[rungs.owner.places[index] ?? 0] = announcement;
  }
  const isAsBefore = list.length === before?.length && list.every((announcement, at) => announcement === before[at]);
  return isAsBefore ? before : list;
}
