/** The guard's view of the speaker, as agents and the command line see it. */
import { isOurs, levelHeld } from '../decide/attributes.js';
import type { DrainVerdict } from '../decide/drain.js';
import type { Verdict } from '../decide/verdict.js';
import type { PrefixDecision } from '../decide/wire.js';
import type { Prefix } from '../model/address.js';
import { placesChanged } from '../model/changes.js';
import { withItems } from '../model/edited.js';
import { itemOf, placeFor } from '../model/in-order.js';
import type { ServerView } from '../model/fleet.js';
import { type AgentState, wirePrefix, type WirePrefix, type WireState } from '../model/lease.js';
import { pair } from '../model/pair.js';
import type { Path, SpeakerObserved } from '../model/path.js';
import type { Reason } from '../model/reason.js';
import { same } from '../model/same.js';
import type { Settling } from './guard-settle.js';
import type { List } from '../model/list.js';

export interface WireParts {
  readonly view: ServerView;
  readonly decisions: List<PrefixDecision>;
  readonly observed: SpeakerObserved | undefined;
  readonly speaker: Pick<WireState, 'speaker' | 'speakerDetail'>;
  readonly lease: Verdict<AgentState>;
  readonly drain: DrainVerdict;
  readonly hold: Reason | undefined;
  readonly settling: Settling;
  readonly reports: WireState['reports'];
  readonly now: number;
}

/** What a view of single prefixes rests on. */
interface Basis {
  readonly decisions: List<PrefixDecision>;
  readonly paths: List<Path>;
}

const pathsOf = (observed: SpeakerObserved | undefined): List<Path> =>
  observed?.state === 'started' ? observed.paths : [];

/** More than these are as quickly looked at all together. */
const FEW = 1_000;

/** The places of the decisions about which something is new, in the decision or on the wire; `undefined` where that may be any. */
function placesTouched(now: Basis, before: Basis): readonly number[] | undefined {
  const decided = placesChanged(now.decisions, before.decisions);
  const isSamePrefix = (place: number): boolean =>
    now.decisions.at(place)?.prefix === before.decisions.at(place)?.prefix;
  // Another fleet may name as many prefixes as the one before.
  if (!decided || decided.length > FEW || !decided.every(isSamePrefix)) return undefined;
  const places = new Set(decided);
  let isSingle = true;
  const touch = ({ prefix }: Path): void => {
    if (places.size > FEW) return;
    const place = placeFor(prefix, now.decisions.length, (at) => now.decisions.at(at)?.prefix);
    // What nobody has decided about may stand anywhere behind those that the gate knows.
    if (now.decisions.at(place)?.prefix === prefix) places.add(place);
    else isSingle = false;
  };
  pair(before.paths, now.paths, { both: touch, first: touch, second: touch });
  return isSingle && places.size <= FEW ? [...places] : undefined;
}

/** Prefixes that are neither wanted nor held: what a confirmation is asked for. The same set as before while nothing changes. */
export class Absent {
  private last: (Basis & { readonly observed: SpeakerObserved; readonly set: ReadonlySet<Prefix> }) | undefined;

  from(decisions: List<PrefixDecision>, observed: SpeakerObserved): ReadonlySet<Prefix> {
    const { last } = this;
    if (last?.decisions === decisions && last.observed === observed) return last.set;
    const basis = { decisions, paths: pathsOf(observed) };
    const places = last && placesTouched(basis, last);
    const set = places ? absentBut(last.set, basis, places) : absentIn(basis);
    this.last = { ...basis, observed, set };
    return set;
  }
}

function absentIn({ decisions, paths }: Basis): ReadonlySet<Prefix> {
  const set = new Set<Prefix>();
  pair<PrefixDecision, Path>(decisions, paths, {
    both: () => undefined,
    first: ({ prefix, path }) => {
      if (!path) set.add(prefix);
    },
    second: () => undefined,
  });
  return set;
}

function absentBut(
  before: ReadonlySet<Prefix>,
  { decisions, paths }: Basis,
  places: readonly number[],
): ReadonlySet<Prefix> {
  const set = new Set(before);
  for (const place of places) {
    const decision = decisions.at(place);
    if (!decision) continue;
    if (decision.path || itemOf(decision.prefix, paths)) set.delete(decision.prefix);
    else set.add(decision.prefix);
  }
  return set;
}

/** Each prefix as it stands, in the order of the decisions. */
interface Lines extends Basis {
  readonly told: List<WirePrefix>;
  /** Places of what has gone and has not settled: time alone changes them. */
  readonly open: readonly number[];
}

/** A line stays the same object while nothing about it changes: an answer to an agent is made of those that did. */
function linesOf(parts: WireParts, before: Lines | undefined): Lines {
  const { decisions } = parts;
  const basis = { decisions, paths: pathsOf(parts.observed) };
  const touched = before && placesTouched(basis, before);
  const line = (decision: PrefixDecision, path: Path | undefined, place: number): WirePrefix => {
    const [now, last] = [lineOf(parts, decision, path), before?.told.at(place)];
    return last && same(now, last) ? last : now;
  };
  if (!touched) return allLines(basis, line);
  const places = [...new Set([...before.open, ...touched])];
  const changed = new Map<number, WirePrefix>();
  for (const place of places) {
    const decision = decisions.at(place);
    const now = decision && line(decision, itemOf(decision.prefix, basis.paths), place);
    if (now && now !== before.told.at(place)) changed.set(place, now);
  }
  const told = changed.size === 0 ? before.told : withItems(before.told, changed);
  return { ...basis, told, open: places.filter((place) => isOpen(told.at(place))) };
}

function allLines(
  basis: Basis,
  line: (decision: PrefixDecision, path: Path | undefined, place: number) => WirePrefix,
): Lines {
  const told = new Array<WirePrefix>(basis.decisions.length);
  pair<PrefixDecision, Path>(basis.decisions, basis.paths, {
    both: (decision, path, place) => (told[place] = line(decision, path, place)),
    first: (decision, place) => (told[place] = line(decision, undefined, place)),
    second: () => undefined,
  });
  return { ...basis, told, open: [...told.keys()].filter((place) => isOpen(told.at(place))) };
}

const isOpen = (line: WirePrefix | undefined): boolean =>
  line?.level === 'withdrawn' && line.held === 'withdrawn' && !line.settled;

function lineOf(
  { view, observed, settling, now }: WireParts,
  { prefix, asked, level, reasons }: PrefixDecision,
  path: Path | undefined,
): WirePrefix {
  const held = path ? (isOurs(view, path) ? levelHeld(path) : 'unknown') : observed ? 'withdrawn' : 'unknown';
  const isGone = level === 'withdrawn' && held === 'withdrawn';
  const settled = isGone && settling.isSettled(prefix, view.fleet.safety.settleMs, now);
  return wirePrefix(prefix, { ...(asked === undefined ? {} : { asked }), level, reasons, held, settled });
}

function wireState(parts: WireParts, prefixes: List<WirePrefix>): WireState {
  const { view, observed } = parts;
  return {
    ...parts.speaker,
    generation: view.fleet.generation,
    agent: parts.lease.state,
    drain: parts.drain.state,
    ...(parts.hold && { hold: parts.hold.detail ?? parts.hold.code }),
    prefixes,
    peers:
      observed?.state === 'started'
        ? observed.peers.map(({ address, asn, state, detail }) => ({
            ...{ address, asn, state },
            ...(detail === undefined ? {} : { detail }),
          }))
        : [],
    reports: parts.reports,
  };
}

/** The guard's view as it was told last; one object for as long as nothing in it changes. */
export class WireView {
  private last:
    | { readonly parts: WireParts; readonly revision: number; readonly until: number; readonly state: WireState }
    | undefined;
  private lines: Lines | undefined;

  of(parts: WireParts): WireState {
    const { last } = this;
    const { settling, now, view } = parts;
    if (last && now < last.until && settling.revision === last.revision && sameParts(parts, last.parts)) {
      return last.state;
    }
    const until = settling.nextSettledAt(view.fleet.safety.settleMs, now);
    // Without an observation everything is unknown: that is no line's own news.
    const isAlike = last?.parts.view === view && (last.parts.observed === undefined) === (parts.observed === undefined);
    this.lines = linesOf(parts, isAlike ? this.lines : undefined);
    this.last = { parts, revision: settling.revision, until, state: wireState(parts, this.lines.told) };
    return this.last.state;
  }
}

type Part = Exclude<keyof WireParts, 'settling' | 'now'>;

/** When one part of the view is as it was. A part that is missing here does not compile. */
const UNCHANGED: { readonly [P in Part]: (a: WireParts[P], b: WireParts[P]) => boolean } = {
  view: Object.is,
  decisions: Object.is,
  observed: Object.is,
  reports: Object.is,
  speaker: same,
  hold: same,
  lease: (a, b) => a.state === b.state,
  drain: (a, b) => a.state === b.state,
};

const isUnchanged = <P extends Part>(part: P, a: WireParts, b: WireParts): boolean => UNCHANGED[part](a[part], b[part]);

const sameParts = (a: WireParts, b: WireParts): boolean =>
  (Object.keys(UNCHANGED) as Part[]).every((part) => isUnchanged(part, a, b));
