/** One owner's prefixes on the ladder: what they stand on, and the announcements that follow from it. */
import type { Prefix } from '../model/address.js';
import type { Intent } from '../model/intent.js';
import { type Level, weaker } from '../model/level.js';
import type { Announcement } from '../model/path.js';
import type { Reason, ReasonCode } from '../model/reason.js';
import type { HoldDown } from '../model/safety.js';
import { same } from '../model/same.js';
import type { Verdict } from '../model/verdict.js';
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
import type { Kind, Owner } from './owners.js';
import { settled } from './remote.js';

/** What is known about one owner. Equal knowledge has equal consequences, as long as no time is up. */
export interface Basis {
  readonly endpoint: Verdict;
  /** Absent for the provider, and where nobody has judged. */
  readonly own?: Verdict;
  /** Of all the customer's tunnels. */
  readonly tunnels: readonly TunnelFact[];
  /** Those that govern each kind. */
  readonly checks: readonly (readonly CheckFact[])[];
}

/** Prefixes of one kind with one history: they stand on the same. */
export interface Group {
  readonly customer?: string;
  readonly members: readonly number[];
  readonly prefixes: readonly Prefix[];
  readonly standing: Level | undefined;
  readonly footings: readonly Footing[];
  readonly wish: Wish;
}

export interface Ground {
  readonly owner: Owner;
  readonly basis: Basis;
  readonly intents: Intents;
  readonly groups: readonly Group[];
}

/** What is remembered of the answer for one owner. */
export interface Rungs extends Ground {
  /** Why a remote fault costs no more than degraded. */
  readonly spared: ReasonCode | undefined;
  /** By the indices of its prefixes; one for all where all have the same. */
  readonly damping: readonly Damping[];
  /** The answer changes at this time by itself; Infinity when it does not. CLOCK_MONOTONIC, milliseconds. */
  readonly changesAt: number;
  /** The levels are those that it was judged by: judged again it would be the same. */
  readonly isSettled: boolean;
}

/** An answer. */
export interface Judged {
  readonly rungs: Rungs;
  /** By the indices of the owner's prefixes; absent where they are those of the last answer. */
  readonly announcements?: readonly Announcement[];
}

/** What has been decided before about the prefix with this index. */
export interface Past {
  /** The level asked for last, or told by the guard. */
  standing(index: number): Level | undefined;
  announcement(index: number): Announcement | undefined;
  damping(index: number): Damping | undefined;
}

type Time = Pick<Standpoint, 'now' | 'staleMs'>;

export function groundOf(owner: Owner, basis: Basis, intents: Intents, past: Past, time: Time): Ground {
  const groups = owner.kinds.flatMap((kind, place) =>
    ofOneHistory(owner, kind, intents, past).map(({ standing, members }): Group => {
      const at = { ...time, standing };
      const prefixes = members.length === owner.prefixes.length ? owner.prefixes : prefixesOf(owner, members);
      const [prefix = kind.one.prefix] = prefixes;
      return {
        ...(owner.customer && { customer: owner.customer.name }),
        members,
        prefixes,
        standing,
        footings: footingsOf(owner, kind, basis, basis.checks[place] ?? [], at),
        wish: owner.customer ? wishFor({ ...kind.one, prefix }, intents, standing) : { cap: 'full' },
      };
    }),
  );
  return { owner, basis, intents, groups };
}

const prefixesOf = ({ prefixes }: Owner, members: readonly number[]): readonly Prefix[] =>
  members.flatMap((index) => prefixes[index] ?? []);

interface History {
  readonly standing: Level | undefined;
  readonly intent: Intent | undefined;
  readonly members: readonly number[];
}

function ofOneHistory(owner: Owner, kind: Kind, intents: Intents, past: Past): readonly History[] {
  const words = intents === 'unreadable' || intents.size === 0 || !owner.customer ? undefined : intents;
  const found: (History & { readonly members: number[] })[] = [];
  let last: (typeof found)[number] | undefined;
  for (const index of kind.members) {
    const standing = past.standing(index);
    const intent = words?.get(owner.prefixes[index] ?? kind.one.prefix);
    if (!last || last.standing !== standing || last.intent !== intent) {
      last = found.find((history) => history.standing === standing && history.intent === intent);
      if (!last) found.push((last = { standing, intent, members: [] }));
    }
    last.members.push(index);
  }
  return found.length === 1 && found[0] ? [{ ...found[0], members: kind.members }] : found;
}

function footingsOf(
  { customer }: Owner,
  kind: Kind,
  { endpoint, own, tunnels }: Basis,
  checks: readonly CheckFact[],
  at: Standpoint,
): readonly Footing[] {
  const shared = [
    onDataPlane(endpoint, 'endpoint-fault', at),
    ...(own === undefined ? [] : [onDataPlane(own, 'data-plane-fault', at)]),
    ...checks.map((check) => onCheck(check, at)),
  ];
  if (!customer) return shared;
  const carrying = kind.tunnels.flatMap((name) => tunnels.find(({ tunnel }) => tunnel === name) ?? []);
  return [...shared, onTunnels(carrying, at)];
}

export interface Rules {
  readonly now: number;
  readonly holdDown: HoldDown;
  readonly server: string;
}

/** Announcements that say what they said before are the same objects; new ones share what they say with their neighbours. */
export function rungsOf(ground: Ground, spared: ReasonCode | undefined, past: Past, rules: Rules): Judged {
  const { owner, groups } = ground;
  const announcements: Announcement[] = new Array<Announcement>(owner.prefixes.length);
  const damping: Damping[] = new Array<Damping>(owner.prefixes.length);
  let changesAt = Infinity;
  let isSettled = true;
  let told = HEALTHY;
  for (const group of groups) {
    const footings = group.footings.map((footing) => settled(footing, spared));
    changesAt = Math.min(changesAt, ...footings.map((footing) => footing.changesAt ?? Infinity));
    const supported = footings.reduce<Level>((lowest, { supports }) => weaker(lowest, supports), 'full');
    const damped = dampedAlike(supported, rules);
    const reasons = reasonsFor(supported, footings);
    const asked = underWish(group.wish, supported, reasons);
    told = same(told, asked.reasons) ? told : asked.reasons;
    const plain = { level: asked.level, reasons: told };
    for (const index of group.members) {
      const prefix = owner.prefixes[index];
      if (prefix === undefined) continue;
      const { held, damping: after } = damped(past.damping(index), prefix);
      damping[index] = after;
      if (held) changesAt = Math.min(changesAt, held.until);
      const { level, reasons: why } = held ? underWish(group.wish, held.level, [held.reason, ...reasons]) : plain;
      isSettled &&= level === group.standing;
      const before = past.announcement(index);
      const stands = before?.level === level && same(before.reasons, why) && same(before.asPath, owner.asPath);
      announcements[index] = stands ? before : { prefix, level, asPath: owner.asPath, reasons: why };
    }
  }
  const [one] = damping;
  const isOne = one !== undefined && damping.every((own) => own === one);
  return { rungs: { ...ground, spared, damping: isOne ? [one] : damping, changesAt, isSettled }, announcements };
}

type Damped = ReturnType<typeof damp>;
interface Alike {
  readonly damping: Damping;
  readonly held?: NonNullable<Damped['held']> & { readonly level: Level };
}

export const dampingAt = ({ damping }: Rungs, index: number): Damping | undefined =>
  damping.length === 1 ? damping[0] : damping[index];

/** Where nothing of one prefix's own counts, one answer is everybody's. */
function dampedAlike(
  supported: Level,
  { now, holdDown, server }: Rules,
): (before: Damping | undefined, prefix: Prefix) => Alike {
  let last: { readonly before: Damping | undefined; readonly answer: Alike } | undefined;
  return (before, prefix) => {
    const isAlike = last !== undefined && last.before === before;
    if (last && isAlike && (supported !== 'full' || last.answer.damping.flaps === 0)) return last.answer;
    const { damping, level, held } = damp(before, supported, now, holdDown, `${server} ${prefix}`);
    const known = [before, last?.answer.damping].find((one) => one && same(one, damping)) ?? damping;
    const answer = { damping: known, ...(held && { held: { ...held, level } }) };
    last = { before, answer };
    return answer;
  };
}

const HEALTHY: readonly Reason[] = [{ code: 'healthy' }];

/** Of whatever supports no more than the level that comes out of it all. */
function reasonsFor(level: Level, footings: readonly Footing[]): readonly Reason[] {
  const reasons = footings.flatMap((footing) => (footing.supports === level ? footing.reasons : []));
  return reasons.length > 0 ? reasons : HEALTHY;
}
