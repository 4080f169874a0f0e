/** What the agent records: facts that change their state, and the levels that follow from them. Nothing while nothing changes. */
import type { Prefix } from '../model/address.js';
import type { FactKind, FactState } from '../model/event.js';
import type { ServerView } from '../model/fleet.js';
import type { Announcement } from '../model/path.js';
import type { DataPlaneVerdict } from '../model/verdict.js';
import type { Chronicle } from '../ports/chronicle.js';
import { clipped, RecordedLevels } from './recorded-levels.js';

/** A fact as it stands. */
export interface Standing {
  readonly about: FactKind;
  readonly subject: string;
  /** Whose it is; everybody's when absent. */
  readonly customer?: string;
  readonly state: FactState;
  readonly detail?: string;
  /** When the first sign of this state was seen. CLOCK_MONOTONIC, milliseconds. */
  readonly sign?: number;
}

/** Longer lists are left out: the fact then counts for everybody, and the levels say whom it met. */
const MOST_PREFIXES = 64;

/** What facts follow from: none has another state while these are the same. */
interface Grounds {
  readonly proven: DataPlaneVerdict;
  /** A number that grows with every change. */
  readonly probed: number;
}

const isSound = (state: FactState): boolean => state === 'verified' || state === 'up';

export class AgentChronicle {
  private readonly levels: RecordedLevels;
  private states: ReadonlyMap<string, FactState> = new Map();
  private grounds: Grounds | undefined;
  /** What was recorded as anything but sound: its recovery is an event too. */
  private readonly troubled = new Set<string>();

  constructor(private readonly chronicle: Chronicle) {
    this.levels = new RecordedLevels(chronicle);
  }

  /** All of them. That something is found sound for the first time, or has not been looked at yet, is no event. */
  facts(view: ServerView, grounds: Grounds, facts: () => readonly Standing[]): void {
    if (this.grounds?.proven === grounds.proven && this.grounds.probed === grounds.probed) return;
    this.grounds = grounds;
    const states = new Map<string, FactState>();
    for (const fact of facts()) {
      const key = `${fact.about} ${fact.subject}`;
      const before = this.states.get(key);
      states.set(key, fact.state);
      if (isSound(fact.state)) {
        if (this.troubled.delete(key)) this.tell(view, fact);
      } else if (before !== fact.state && !(before === undefined && fact.state === 'unknown')) {
        this.troubled.add(key);
        this.tell(view, fact);
      }
    }
    this.states = states;
  }

  /** The agent's decision. */
  decided(announcements: readonly Announcement[]): void {
    this.levels.decided(announcements);
  }

  private tell(view: ServerView, { about, subject, customer, state, detail, sign }: Standing): void {
    const prefixes = customer === undefined ? undefined : prefixesOf(view, customer);
    this.chronicle.record({
      kind: 'fact',
      about,
      subject,
      state,
      ...(detail === undefined ? {} : { detail: clipped(detail) }),
      ...(prefixes && prefixes.length <= MOST_PREFIXES ? { prefixes } : {}),
      ...(sign === undefined ? {} : { sign }),
    });
  }
}

const prefixesOf = ({ fleet }: ServerView, customer: string): readonly Prefix[] =>
  fleet.customers.find(({ name }) => name === customer)?.prefixes.map(({ prefix }) => prefix) ?? [];
