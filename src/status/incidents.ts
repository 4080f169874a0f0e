/**
 * From events to incidents: what went wrong, what was decided, when the wire
 * showed it, and how long each took.
 *
 * An incident begins where a level falls. What made it fall is the fact about
 * its prefixes that got worse last, or an operator's word; what the guard
 * lowers by itself (lease, drain) has its reason and no fact.
 */
import type { Prefix } from '../model/address.js';
import type { FactKind, Happening, RecordedEvent, Recorder, Stamp } from '../model/event.js';
import { type Level, LEVELS } from '../model/level.js';
import type { Reason } from '../model/reason.js';

/** Times are milliseconds of CLOCK_MONOTONIC; one that is absent has not come, or was not measured. */
export interface Incident {
  /** Of the decision. Wall clock, ISO 8601. */
  readonly at: string;
  readonly by: Recorder;
  readonly cause: string;
  readonly prefixes: readonly Prefix[];
  readonly to: Level;
  readonly reasons: readonly Reason[];
  /** From the first sign to knowing it. */
  readonly detectMs?: number;
  /** From knowing it to the decision. */
  readonly decideMs?: number;
  /** From the decision until the speaker was given the last of the prefixes. */
  readonly handedMs?: number;
  /** From the decision until the speaker was seen to hold it, for all of the prefixes. */
  readonly wireMs?: number;
  /** From the decision until all of them were back. */
  readonly backMs?: number;
}

type Of<K extends Happening['kind']> = Stamp & Extract<Happening, { kind: K }>;
type Cause = Of<'fact'> | Of<'intent'>;

interface Open {
  readonly decided: Of<'level'>;
  readonly cause: Cause | undefined;
  /** The level before, by prefix. */
  readonly prefixes: Map<Prefix, Level>;
  readonly handed: Map<Prefix, number>;
  readonly held: Map<Prefix, number>;
  readonly back: Map<Prefix, number>;
}

/** Decisions of one cause that lie further apart are told apart. */
const TOGETHER_MS = 1_000;

const rank = (level: Level): number => LEVELS.indexOf(level);

/** Which facts a reason goes back to, by the beginning of its code. */
const GROUNDS: readonly (readonly [string, FactKind])[] = [
  ['data-plane', 'data-plane'],
  ['endpoint', 'data-plane'],
  ['tunnels', 'tunnel'],
  ['prober', 'tunnel'],
  ['remote', 'tunnel'],
  ['budget', 'tunnel'],
  ['last-sites', 'tunnel'],
  ['check', 'check'],
];

const groundOf = ({ code }: Reason): readonly FactKind[] =>
  GROUNDS.flatMap(([start, kind]) => (code.startsWith(start) ? [kind] : []));

const isOver = ({ prefixes, back }: Open): boolean => back.size === prefixes.size;

class Reading {
  readonly all: Open[] = [];
  private boot: string | undefined;
  private open: Open[] = [];
  private readonly facts = new Map<string, Of<'fact'>>();
  private readonly intents = new Map<Prefix, Of<'intent'>>();

  take(event: RecordedEvent): void {
    if (event.boot !== this.boot) {
      // Neither clock nor facts outlive a boot.
      [this.boot, this.open] = [event.boot, []];
      this.facts.clear();
      this.intents.clear();
    }
    switch (event.kind) {
      case 'fact':
        return this.fact(event);
      case 'intent':
        this.intents.set(event.prefix, event);
        return;
      case 'level':
        return this.level(event);
      case 'handed':
        return this.reach(event, ({ handed }) => handed);
      case 'held':
        this.reach(event, ({ held }) => held);
        return this.recover(event.prefixes, event.level, event.ms);
      case 'started':
      case 'stopped':
      case 'gone':
      case 'speaker':
      case 'session':
      case 'note':
        return;
    }
  }

  private fact(event: Of<'fact'>): void {
    const key = `${event.about} ${event.subject}`;
    // Out of the order and in again at its end: the last one got worse last.
    this.facts.delete(key);
    if (event.state !== 'verified' && event.state !== 'up') this.facts.set(key, event);
  }

  private level(event: Of<'level'>): void {
    const { from, to, by, prefixes } = event;
    if (from === undefined || rank(to) > rank(from)) {
      // What comes back before the wire showed anything is over as well.
      const unseen = this.open.filter((own) => own.decided.by === by);
      return this.recover(prefixes, to, event.ms, (own, prefix) => unseen.includes(own) && !own.held.has(prefix));
    }
    if (to === from) return;
    const fresh = by === 'guard' ? prefixes.filter((prefix) => !this.isDecided(prefix, to)) : prefixes;
    if (fresh.length === 0) return;
    const cause = by === 'agent' ? this.causeOf(event) : undefined;
    const own = this.open.find((other) => belongs(other, event, cause)) ?? this.begin(event, cause);
    for (const prefix of fresh) own.prefixes.set(prefix, from);
  }

  private begin(decided: Of<'level'>, cause: Cause | undefined): Open {
    const own: Open = {
      decided,
      cause,
      prefixes: new Map(),
      handed: new Map(),
      held: new Map(),
      back: new Map(),
    };
    this.all.push(own);
    this.open.push(own);
    return own;
  }

  /** The guard follows what the agent has decided already. */
  private isDecided(prefix: Prefix, to: Level): boolean {
    return this.open.some(
      ({ decided, prefixes, back }) =>
        prefixes.has(prefix) && !back.has(prefix) && decided.by === 'agent' && rank(decided.to) <= rank(to),
    );
  }

  private causeOf({ reasons, prefixes }: Of<'level'>): Cause | undefined {
    const [first] = prefixes;
    if (reasons.some(({ code }) => code === 'operator-withdraw')) return first && this.intents.get(first);
    const grounds = new Set(reasons.flatMap(groundOf));
    return [...this.facts.values()].findLast(
      (fact) => grounds.has(fact.about) && (fact.prefixes?.some((prefix) => prefixes.includes(prefix)) ?? true),
    );
  }

  private reach({ prefixes, level, ms }: Of<'handed'> | Of<'held'>, moments: (own: Open) => Map<Prefix, number>): void {
    for (const own of this.open) {
      if (rank(level) > rank(own.decided.to)) continue;
      const known = moments(own);
      for (const prefix of prefixes) if (own.prefixes.has(prefix) && !known.has(prefix)) known.set(prefix, ms);
    }
  }

  private recover(
    prefixes: readonly Prefix[],
    level: Level,
    ms: number,
    counts: (own: Open, prefix: Prefix) => boolean = () => true,
  ): void {
    for (const own of this.open) {
      for (const prefix of prefixes) {
        const before = own.prefixes.get(prefix);
        const isBack = before !== undefined && rank(level) >= rank(before) && !own.back.has(prefix);
        if (isBack && counts(own, prefix)) own.back.set(prefix, ms);
      }
    }
    this.open = this.open.filter((own) => !isOver(own));
  }
}

function belongs({ decided, cause }: Open, event: Of<'level'>, ofEvent: Cause | undefined): boolean {
  if (decided.by !== event.by || decided.to !== event.to || cause !== ofEvent) return false;
  const sameReason = cause !== undefined || decided.reasons[0]?.code === event.reasons[0]?.code;
  return sameReason && event.ms - decided.ms <= TOGETHER_MS;
}

const last = (moments: ReadonlyMap<Prefix, number>): number =>
  [...moments.values()].reduce((latest, at) => Math.max(latest, at), -Infinity);

/** Microseconds are what a clock of one machine shows reliably. */
const between = (from: number, to: number): number => Math.round((to - from) * 1000) / 1000;

const ABOUT: Readonly<Record<FactKind, string>> = {
  'data-plane': 'data plane of ',
  tunnel: 'tunnel ',
  check: 'check ',
};

function textOf(cause: Cause | undefined, { reasons }: Of<'level'>): string {
  if (cause?.kind === 'intent') return `operator ${cause.author}: ${cause.reason}`;
  if (cause) return `${ABOUT[cause.about]}${cause.subject}: ${cause.detail ?? cause.state}`;
  return reasons[0]?.code ?? 'unknown';
}

function incidentOf(open: Open): Incident {
  const { decided, cause, prefixes, handed, held } = open;
  const complete = (moments: ReadonlyMap<Prefix, number>): boolean => moments.size === prefixes.size;
  const sign = cause?.kind === 'fact' ? cause.sign : undefined;
  return {
    at: decided.at,
    by: decided.by,
    cause: textOf(cause, decided),
    prefixes: [...prefixes.keys()],
    to: decided.to,
    reasons: decided.reasons,
    ...(cause && sign !== undefined ? { detectMs: between(sign, cause.ms) } : {}),
    ...(cause ? { decideMs: between(cause.ms, decided.ms) } : {}),
    ...(complete(handed) ? { handedMs: between(decided.ms, last(handed)) } : {}),
    ...(complete(held) ? { wireMs: between(decided.ms, last(held)) } : {}),
    ...(isOver(open) ? { backMs: between(decided.ms, last(open.back)) } : {}),
  };
}

/** Oldest first. `events` are in the order of `readRecorded`. */
export function incidentsOf(events: readonly RecordedEvent[]): readonly Incident[] {
  const reading = new Reading();
  for (const event of events) reading.take(event);
  return reading.all.map(incidentOf);
}
