/** The guard's view of the speaker, as agents and the command line see it. */
import { isOurs, levelHeld } from '../decide/attributes.js';
import type { DrainVerdict } from '../decide/drain.js';
import type { Verdict } from '../decide/verdict.js';
import type { PrefixDecision } from '../decide/wire.js';
import type { Prefix } from '../model/address.js';
import type { ServerView } from '../model/fleet.js';
import type { AgentState, WirePrefix, WireState } from '../model/lease.js';
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
    const held = new Set(observed.state === 'started' ? observed.paths.map(({ prefix }) => prefix) : []);
    const set = new Set(decisions.flatMap(({ prefix, path }) => (path || held.has(prefix) ? [] : [prefix])));
    this.last = { decisions, observed, set };
    return set;
  }
}

function wireState(parts: WireParts): WireState {
  const { view, observed, now } = parts;
  const paths = new Map<Prefix, Path>(
    observed?.state === 'started' ? observed.paths.map((path) => [path.prefix, path]) : [],
  );
  const heldOf = (prefix: Prefix): WirePrefix['held'] => {
    const path = paths.get(prefix);
    if (!observed) return 'unknown';
    if (!path) return 'withdrawn';
    return isOurs(view, path) ? levelHeld(path) : 'unknown';
  };
  return {
    ...parts.speaker,
    generation: view.fleet.generation,
    agent: parts.lease.state,
    drain: parts.drain.state,
    ...(parts.hold && { hold: parts.hold.detail ?? parts.hold.code }),
    prefixes: parts.decisions.map(({ prefix, asked, level, reasons }) => {
      const held = heldOf(prefix);
      const gone = level === 'withdrawn' && held === 'withdrawn';
      return {
        prefix,
        ...(asked === undefined ? {} : { asked }),
        level,
        reasons,
        held,
        settled: gone && parts.settling.isSettled(prefix, view.fleet.safety.settleMs, now),
      };
    }),
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

  of(parts: WireParts): WireState {
    const { last } = this;
    const { settling, now, view } = parts;
    if (last && now < last.until && settling.revision === last.revision && sameParts(parts, last.parts)) {
      return last.state;
    }
    const until = settling.nextSettledAt(view.fleet.safety.settleMs, now);
    this.last = { parts, revision: settling.revision, until, state: wireState(parts) };
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
