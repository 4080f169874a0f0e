/** From gate, desired set, lease and drain to what the speaker shall hold, each prefix with its reasons. */
import { comparePrefix, type Family, familyOf, type Prefix } from '../model/address.js';
import { placesChanged } from '../model/changes.js';
import { withPrefixes, withSaid } from '../model/edited.js';
import { placeOf, placesOf } from '../model/in-order.js';
import type { ServerView } from '../model/fleet.js';
import type { AgentState } from '../model/lease.js';
import { type Level, weaker } from '../model/level.js';
import type { Announcement, Path, PathAttributes, SpeakerDesired } from '../model/path.js';
import type { Reason } from '../model/reason.js';
import { attributesFor, isOurs, levelHeld } from './attributes.js';
import type { DrainVerdict } from './drain.js';
import { type Gate, type Origin, originsIn, refusalOf } from './gate.js';
import { peersOf } from './sessions.js';
import type { Verdict } from './verdict.js';
import type { List } from '../model/list.js';
import { prefixesIn, saidIn, SaidList } from '../model/said-list.js';

export interface WireFacts {
  readonly view: ServerView;
  /** Of that view; sorting 10,000 prefixes for every renewal would cost more than everything else. */
  readonly gate: Gate;
  /** The accepted set, or what was adopted from the wire; `undefined` while there is neither. */
  readonly announcements: List<Announcement> | undefined;
  /** What the gate no longer knows and may still be on the wire, or has not settled. */
  readonly leaving?: readonly Prefix[];
  readonly lease: Verdict<AgentState>;
  readonly drain: DrainVerdict;
  /** Why nothing at all may be announced. */
  readonly hold?: Reason;
  /** What the guard has proven broken by itself while the agent is away, and why. */
  readonly broken?: ReadonlyMap<Prefix, string>;
}

/** What shall become of one prefix. `path` is absent when it is withdrawn. */
export interface PrefixDecision {
  readonly prefix: Prefix;
  readonly asked?: Level;
  readonly level: Level;
  readonly reasons: readonly Reason[];
  readonly path?: Path;
}

/** What becomes of all prefixes of one family that ask alike. `attributes` is absent when they are withdrawn. */
interface Ruling {
  readonly asked?: Level;
  readonly level: Level;
  readonly reasons: readonly Reason[];
  readonly attributes?: PathAttributes;
}

export type Decisions = SaidList<Ruling, PrefixDecision>;

/** What nobody has asked for has no path. */
function decisionOf(prefix: Prefix, { asked, level, reasons, attributes }: Ruling): PrefixDecision {
  if (asked === undefined) return { prefix, level, reasons };
  return attributes
    ? { prefix, asked, level, reasons, path: { prefix, attributes } }
    : { prefix, asked, level, reasons };
}

/** What an announcement asks, beside its prefix. */
type Asked = Omit<Announcement, 'prefix'>;

/** What one ruling answers. */
type Question = Asked & { readonly family: Family };

/** The weakest of what is asked and what lease and drain permit; the reasons of whoever lowers it come first. */
function rulingOn({ view, hold, drain, lease }: WireFacts, asked: Question, fault?: string): Ruling {
  const shut: readonly Reason[] = [
    ...(hold ? [hold] : []),
    ...(fault === undefined ? [] : [{ code: 'essential-fault', detail: fault } as const]),
  ];
  const caps = [...shut.map((reason) => ({ cap: 'withdrawn', reason }) as const), drain, lease];
  const level = caps.reduce<Level>((lowest, { cap }) => weaker(lowest, cap), asked.level);
  const ours = caps.flatMap(({ reason }) => reason ?? []);
  const lowered = level !== asked.level;
  const theirs = asked.reasons.filter(({ code }) => !lowered || code !== 'healthy');
  const reasons = lowered ? [...ours, ...theirs] : [...theirs, ...ours];
  const ruled = { asked: asked.level, level, reasons };
  if (level === 'withdrawn') return ruled;
  return { ...ruled, attributes: attributesFor(view, level, asked.family, asked.asPath, drain.leavesSite) };
}

const asksTheSame = (a: Question, b: Question): boolean =>
  a.level === b.level && a.reasons === b.reasons && a.asPath === b.asPath && a.family === b.family;

/** Decides about prefixes one after the other, given the origin that the gate names; neighbours that ask alike get one ruling. */
function judge(facts: WireFacts): (prefix: Prefix, asked: Asked, allowed: Origin | undefined) => Ruling {
  const { gate, broken } = facts;
  const isBroken = broken !== undefined && broken.size > 0;
  let last: { readonly question: Question; readonly ruling: Ruling } | undefined;
  let [lastAsked, lastAllowed]: [Asked | undefined, Origin | undefined] = [undefined, undefined];
  return (prefix, asked, allowed) => {
    const { level, asPath, reasons } = asked;
    // One object, for which the gate was open already.
    if (
      last &&
      asked === lastAsked &&
      allowed === lastAllowed &&
      !isBroken &&
      familyOf(prefix) === last.question.family
    )
      return last.ruling;
    const refusal = level === 'withdrawn' ? undefined : refusalOf(gate, prefix, allowed, asPath);
    if (refusal !== undefined) {
      return { asked: level, level: 'withdrawn', reasons: [{ code: 'not-allowed', detail: refusal }] };
    }
    const question = { level, asPath, reasons, family: familyOf(prefix) };
    const fault = isBroken ? broken.get(prefix) : undefined;
    if (fault !== undefined) return rulingOn(facts, question, fault);
    if (!last || !asksTheSame(question, last.question)) last = { question, ruling: rulingOn(facts, question) };
    [lastAsked, lastAllowed] = [asked, allowed];
    return last.ruling;
  };
}

function reasonsUnasked(facts: WireFacts): readonly Reason[] {
  const silence: Reason = {
    code: 'no-desired-set',
    ...(facts.announcements ? { detail: "absent from the agent's set" } : {}),
  };
  const more = [facts.hold, facts.drain.reason].filter((reason) => reason !== undefined);
  return [silence, ...more];
}

/** Every prefix that the gate knows, sorted, and after them whatever else was asked for or is leaving. */
export function decideWire(facts: WireFacts): Decisions {
  const { gate, announcements = [] } = facts;
  const decideAsked = judge(facts);
  const leaving = new Set(facts.leaving);
  const [named, said] = [prefixesIn(announcements), saidIn(announcements)];
  const left: Ruling = { level: 'withdrawn', reasons: [{ code: 'left-fleet' }] };
  const unasked: Ruling = { level: 'withdrawn', reasons: reasonsUnasked(facts) };
  const within = placesOf(gate.allow, named);
  const isWithin = within.reduce((count, place) => (place < 0 ? count : count + 1), 0) === named.length;
  const outside = outsideOf(gate, isWithin ? [...leaving] : [...leaving, ...named]);
  // Named as the gate does, so that there is one text of each prefix.
  const prefixes = outside.length === 0 ? gate.allow : [...gate.allow, ...outside];
  const places = outside.length === 0 ? within : placesOf(prefixes, named);
  const decide = (prefix: Prefix, place: number): Ruling => {
    const asked = said[places[place] ?? -1];
    if (asked) return decideAsked(prefix, asked, gate.origins[place]);
    return leaving.has(prefix) ? left : unasked;
  };
  return new SaidList(prefixes, prefixes.map(decide), decisionOf);
}

/** Those that the gate does not know, sorted; each once. */
function outsideOf(gate: Gate, prefixes: readonly Prefix[]): readonly Prefix[] {
  const originOf = originsIn(gate);
  return [...new Set(prefixes.filter((prefix) => !originOf(prefix)))].sort(comparePrefix);
}

/** The decisions as before, but for these announcements: the facts are the same otherwise, and no other prefix is named. */
export function redecideWire(facts: WireFacts, before: Decisions, changed: List<Announcement>): Decisions {
  const decideAsked = judge(facts);
  const rulings = new Map<number, Ruling>();
  for (const announcement of changed) {
    const place = placeOf(announcement.prefix, facts.gate.allow);
    if (place === undefined) return decideWire(facts);
    rulings.set(place, decideAsked(announcement.prefix, announcement, facts.gate.origins[place]));
  }
  return withSaid(before, rulings);
}

const pathsOf = (decisions: Decisions): List<Path> =>
  decisions.collect((prefix, { attributes }) => attributes && { prefix, attributes });

/** The goal as before, which these decisions led to, but for what other ones in their places say. */
export function goalWith(goal: SpeakerDesired, before: Decisions, decisions: Decisions): SpeakerDesired {
  const changed = placesChanged(decisions, before);
  if (!changed) return { ...goal, paths: pathsOf(decisions) };
  const paths = new Map<Prefix, Path | undefined>();
  for (const place of changed) {
    const decision = decisions.at(place);
    if (decision) paths.set(decision.prefix, decision.path);
  }
  return { ...goal, paths: withPrefixes(goal.paths, paths) };
}

/** Complete: what is not in it has to go. */
export function speakerDesired(view: ServerView, gate: Gate, decisions: Decisions, listenPort: number): SpeakerDesired {
  return {
    asn: view.server.asn,
    routerId: view.server.v4,
    listenPort,
    allow: gate.allow,
    paths: pathsOf(decisions),
    peers: peersOf(view),
  };
}

/** Our own paths outside the gate: a fleet that named them is gone. */
export function leftBehind(view: ServerView, gate: Gate, paths: List<Path>): readonly Prefix[] {
  const originOf = originsIn(gate);
  return paths.filter((path) => !originOf(path.prefix) && isOurs(view, path)).map(({ prefix }) => prefix);
}

/** One list, so that all of them ask alike. */
const NO_REASONS: readonly Reason[] = [];

/**
 * A set made of what stands on the wire: our own paths inside the gate, at the
 * level they have, with the origin that the gate names. A guard that restarts
 * thus announces exactly what is announced already.
 */
export function adoptedSet(view: ServerView, gate: Gate, paths: List<Path>): List<Announcement> {
  const originOf = originsIn(gate);
  return paths.flatMap((path) => {
    const asPath = originOf(path.prefix);
    return asPath && isOurs(view, path)
      ? [{ prefix: path.prefix, level: levelHeld(path), asPath, reasons: NO_REASONS }]
      : [];
  });
}
