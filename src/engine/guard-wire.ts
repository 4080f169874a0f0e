/** The guard's view of the speaker, as agents and the command line see it. */
import { isOurs, levelHeld } from '../decide/attributes.js';
import type { DrainVerdict } from '../decide/drain.js';
import type { Verdict } from '../decide/verdict.js';
import type { PrefixDecision } from '../decide/wire.js';
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { AgentState, WirePrefix, WireState } from '../model/lease.js';
import { pair } from '../model/pair.js';
import type { Path, SpeakerObserved } from '../model/path.js';
import type { Reason } from '../model/reason.js';
import { same } from '../model/same.js';
import type { Settling } from './guard-settle.js';

export interface WireParts {
  readonly view: ServerView;
  readonly decisions: readonly PrefixDecision[];
  readonly observed: SpeakerObserved | undefined;
  readonly speaker: Pick<WireState, 'speaker' | 'speakerDetail'>;
  readonly lease: Verdict<AgentState>;
  readonly drain: DrainVerdict;
  readonly hold: Reason | undefined;
  readonly settling: Settling;
  readonly reports: WireState['reports'];
  readonly now: number;
}

/** Prefixes that are neither wanted nor held: what a confirmation is asked for. The same set as before while nothing changes. */
export class Absent {
  private last:
    | {
        readonly decisions: readonly PrefixDecision[];
        readonly observed: SpeakerObserved;
        readonly set: ReadonlySet<Prefix>;
      }
    | undefined;

  from(decisions: readonly PrefixDecision[], observed: SpeakerObserved): ReadonlySet<Prefix> {
    if (this.last?.decisions === decisions && this.last.observed === observed) return this.last.set;
    const set = new Set<Prefix>();
    pair(decisions, pathsOf(observed), {
      both: () => undefined,
      first: ({ prefix, path }) => {
        if (!path) set.add(prefix);
      },
      second: () => undefined,
    });
    this.last = { decisions, observed, set };
    return set;
  }
}

const pathsOf = (observed: SpeakerObserved | undefined): readonly Path[] =>
  observed?.state === 'started' ? observed.paths : [];

/** Each prefix as it stands, in the order of the decisions. */
interface Lines {
  readonly decisions: readonly PrefixDecision[];
  /** What the speaker holds, in the places of the decisions. */
  readonly paths: readonly (Path | undefined)[];
  readonly told: readonly WirePrefix[];
}

/** A line stays the same object while nothing about it changes: an answer to an agent is made of those that did. */
function linesOf({ view, decisions, observed, settling, now }: WireParts, before: Lines | undefined): Lines {
  const { settleMs } = view.fleet.safety;
  const paths = new Array<Path | undefined>(decisions.length);
  const told = new Array<WirePrefix>(decisions.length);
  const heldAs = (path: Path | undefined): WirePrefix['held'] => {
    if (!observed) return 'unknown';
    if (!path) return 'withdrawn';
    return isOurs(view, path) ? levelHeld(path) : 'unknown';
  };
  const tell = (decision: PrefixDecision, path: Path | undefined, place: number): void => {
    const last = before?.told[place];
    paths[place] = path;
    if (last && path && path === before?.paths[place] && decision === before.decisions[place]) {
      told[place] = last;
      return;
    }
    const { prefix, asked, level, reasons } = decision;
    const held = heldAs(path);
    const settled = level === 'withdrawn' && held === 'withdrawn' && settling.isSettled(prefix, settleMs, now);
    const stands = decision === before?.decisions[place] && held === last?.held && settled === last.settled;
    told[place] = stands ? last : { prefix, ...(asked === undefined ? {} : { asked }), level, reasons, held, settled };
  };
  pair<PrefixDecision, Path>(decisions, pathsOf(observed), {
    both: tell,
    first: (decision, place) => tell(decision, undefined, place),
    second: () => undefined,
  });
  return { decisions, paths, told };
}

function wireState(parts: WireParts, prefixes: readonly WirePrefix[]): WireState {
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
    this.lines = linesOf(parts, last?.parts.view === view ? this.lines : undefined);
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
