/** The guard's view of the speaker, as agents and the command line see it. */
import { isOurs, levelHeld } from '../decide/attributes.js';
import type { DrainVerdict } from '../decide/drain.js';
import type { Verdict } from '../decide/verdict.js';
import type { Decisions, PrefixDecision } from '../decide/wire.js';
import type { Prefix } from '../model/address.js';
import { placesChanged } from '../model/changes.js';
import { withSaid } from '../model/edited.js';
import { itemOf, placeFor } from '../model/in-order.js';
import type { ServerView } from '../model/fleet.js';
import { type AgentState, wirePrefix, type WirePrefix, type WireState } from '../model/lease.js';
import { pair } from '../model/pair.js';
import type { Path, SpeakerObserved } from '../model/path.js';
import type { Reason } from '../model/reason.js';
import { SaidList } from '../model/said-list.js';
import { same } from '../model/same.js';
import type { Settling } from './guard-settle.js';
import type { List } from '../model/list.js';

export interface WireParts {
  readonly view: ServerView;
  readonly decisions: Decisions;
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
  readonly decisions: Decisions;
  readonly paths: List<Path>;
}

const pathsOf = (observed: SpeakerObserved | undefined): List<Path> =>
  observed?.state === 'started' ? observed.paths : [];

/** More than these are as quickly looked at all together. */
const FEW = 1_000;

/** The places of the decisions about which something is new, in the decision or on the wire; `undefined` where that may be any. */
function placesTouched(now: Basis, before: Basis): readonly number[] | undefined {
  const decided = placesChanged(now.decisions, before.decisions);
  const isSamePrefix = (place: number): boolean => now.decisions.prefixes[place] === before.decisions.prefixes[place];
  // Another fleet may name as many prefixes as the one before.
  if (!decided || decided.length > FEW || !decided.every(isSamePrefix)) return undefined;
  const places = new Set(decided);
  let isSingle = true;
  const touch = ({ prefix }: Path): void => {
    if (places.size > FEW) return;
    const place = placeFor(prefix, now.decisions.length, (at) => now.decisions.prefixes[at]);
    // What nobody has decided about may stand anywhere behind those that the gate knows.
    if (now.decisions.prefixes[place] === prefix) places.add(place);
    else isSingle = false;
  };
  pair(before.paths, now.paths, { both: touch, first: touch, second: touch });
  return isSingle && places.size <= FEW ? [...places] : undefined;
}

/** Prefixes that are neither wanted nor held: what a confirmation is asked for. The same set as before while nothing changes. */
export class Absent {
  private last: (Basis & { readonly observed: SpeakerObserved; readonly set: ReadonlySet<Prefix> }) | undefined;

  from(decisions: Decisions, observed: SpeakerObserved): ReadonlySet<Prefix> {
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

/** What is told of a prefix; neighbours that stand alike share it. */
type Told = Omit<WirePrefix, 'prefix'>;

/** Each prefix as it stands, in the order of the decisions. */
interface Lines extends Basis {
  readonly told: SaidList<Told, WirePrefix>;
  /** Places of what has gone and has not settled: time alone changes them. */
  readonly open: readonly number[];
}

/** The same list while nothing changes: an answer to an agent is made of the places that did. */
function linesOf(parts: WireParts, before: Lines | undefined): Lines {
  const { decisions } = parts;
  const basis = { decisions, paths: pathsOf(parts.observed) };
  const touched = before && placesTouched(basis, before);
  if (!touched) return allLines(parts, basis);
  const places = [...new Set([...before.open, ...touched])];
  const changed = new Map<number, Told>();
  const tell = teller(parts);
  for (const place of places) {
    const decision = decisions.at(place);
    if (!decision) continue;
    const now = tell(decision, itemOf(decision.prefix, basis.paths));
    if (!same(now, before.told.said.at(place))) changed.set(place, now);
  }
  const told = changed.size === 0 ? before.told : withSaid(before.told, changed);
  return { ...basis, told, open: places.filter((place) => isOpen(told.said.at(place))) };
}

function allLines(parts: WireParts, basis: Basis): Lines {
  const lines = new Array<Told>(basis.decisions.length);
  const tell = teller(parts);
  pair<PrefixDecision, Path>(basis.decisions, basis.paths, {
    both: (decision, path, place) => (lines[place] = tell(decision, path)),
    first: (decision, place) => (lines[place] = tell(decision, undefined)),
    second: () => undefined,
  });
  const told = new SaidList(basis.decisions.prefixes, lines, wirePrefix);
  return { ...basis, told, open: [...lines.keys()].filter((place) => isOpen(lines[place])) };
}

const isOpen = (line: Told | undefined): boolean =>
  line?.level === 'withdrawn' && line.held === 'withdrawn' && !line.settled;

/** Tells of one prefix after the other; neighbours that stand alike get one line. */
function teller({ view, observed, settling, now }: WireParts): (decision: PrefixDecision, path?: Path) => Told {
  let last: Told | undefined;
  return ({ prefix, asked, level, reasons }, path) => {
    const held = path ? (isOurs(view, path) ? levelHeld(path) : 'unknown') : observed ? 'withdrawn' : 'unknown';
    const isGone = level === 'withdrawn' && held === 'withdrawn';
    const settled = isGone && settling.isSettled(prefix, view.fleet.safety.settleMs, now);
    const isAlike =
      last?.asked === asked &&
      last?.level === level &&
      last.reasons === reasons &&
      last.held === held &&
      last.settled === settled;
    if (!last || !isAlike) last = { ...(asked === undefined ? {} : { asked }), level, reasons, held, settled };
    return last;
  };
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
