/** Who decides levels records what is different from the decision before. */
import type { Prefix } from '../model/address.js';
import type { Level } from '../model/level.js';
import type { List } from '../model/list.js';
import { pairSaid } from '../model/pair.js';
import type { Reason } from '../model/reason.js';
import type { Chronicle } from '../ports/chronicle.js';

/** What is decided about a prefix. */
interface Decision {
  readonly level: Level;
  readonly reasons: readonly Reason[];
}

interface Decided extends Decision {
  readonly prefix: Prefix;
}

/** One line names no more prefixes than this. */
const NAMED = 256;
/** Characters of one sentence: a record is no dump. */
const LONGEST = 300;

export const clipped = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

export const inLines = (prefixes: readonly Prefix[]): readonly (readonly Prefix[])[] =>
  Array.from({ length: Math.ceil(prefixes.length / NAMED) }, (_, line) =>
    prefixes.slice(line * NAMED, (line + 1) * NAMED),
  );

/** The same level for the same reasons, whatever their details. */
const isAsBefore = (before: Decision, { level, reasons }: Decision): boolean =>
  before.level === level &&
  before.reasons.length === reasons.length &&
  before.reasons.every(({ code }, place) => code === reasons[place]?.code);

const brief = ({ code, detail }: Reason): Reason =>
  detail === undefined ? { code } : { code, detail: clipped(detail) };

/** Prefixes that go the same way for the same reasons. */
interface Change {
  readonly prefixes: Prefix[];
  readonly from: Level | undefined;
  /** One of those that say the same. */
  readonly decision: Decision;
}

/** A prefix that has been told of, and the change that it belongs to. */
interface Told {
  readonly from: Level | undefined;
  readonly decision: Decision;
  readonly change: Change;
}

const isLike = ({ from, decision }: Told, before: Level | undefined, { level, reasons }: Decision): boolean =>
  from === before && decision.level === level && decision.reasons === reasons;

export class RecordedLevels {
  private last: List<Decided> = [];

  constructor(private readonly chronicle: Chronicle) {}

  /** Complete. The same array as before costs nothing. */
  decided(decisions: List<Decided>): void {
    if (decisions === this.last) return;
    const changes = new Map<string, Change>();
    let last: Told | undefined;
    const changed = (prefix: Prefix, before: Decision | undefined, decision: Decision): void => {
      const from = before?.level;
      // Neighbours nearly always say the same, in the same words.
      if (!last || !isLike(last, from, decision)) {
        const key = JSON.stringify([from, decision.level, decision.reasons]);
        const change = changes.get(key) ?? { prefixes: [], from, decision };
        changes.set(key, change);
        last = { from, decision, change };
      }
      last.change.prefixes.push(prefix);
    };
    pairSaid(this.last, decisions, {
      both: (prefix, before, decision) => {
        if (!isAsBefore(before, decision)) changed(prefix, before, decision);
      },
      second: (prefix, decision) => changed(prefix, undefined, decision),
    });
    this.last = decisions;
    for (const { prefixes, from, decision } of changes.values()) {
      const was = from === undefined ? {} : { from };
      const rest = { kind: 'level', ...was, to: decision.level, reasons: decision.reasons.map(brief) } as const;
      for (const line of inLines(prefixes)) this.chronicle.record({ ...rest, prefixes: line });
    }
  }
}
