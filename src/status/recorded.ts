/** From the lines of both processes to one sequence of events. */
import type { Happening, RecordedEvent } from '../model/event.js';

export interface Recorded {
  /** In the order in which they happened. */
  readonly events: readonly RecordedEvent[];
  /** Lines that are no events: cut off, or not ours. */
  readonly unread: number;
}

type Members = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isReasons = (value: unknown): boolean =>
  Array.isArray(value) && value.every((reason) => isText(membersOf(reason).code));
const orAbsent = (is: (value: unknown) => boolean, value: unknown): boolean => value === undefined || is(value);
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const oneOf =
  (...words: readonly string[]) =>
  (value: unknown): boolean =>
    isText(value) && words.includes(value);
const isLevel = oneOf('full', 'degraded', 'withdrawn');

/** What has to be there for each kind. */
const SHAPES: { readonly [K in Happening['kind']]: (event: Members) => boolean } = {
  started: ({ detail }) => isText(detail),
  stopped: ({ detail }) => isText(detail),
  fact: ({ about, subject, state, detail, prefixes, sign }) =>
    oneOf('data-plane', 'tunnel', 'check')(about) &&
    isText(subject) &&
    oneOf('verified', 'up', 'degraded', 'unknown', 'down', 'fault')(state) &&
    orAbsent(isText, detail) &&
    orAbsent(isTexts, prefixes) &&
    orAbsent(isNumber, sign),
  level: ({ prefixes, from, to, reasons }) =>
    isTexts(prefixes) && orAbsent(isLevel, from) && isLevel(to) && isReasons(reasons),
  handed: ({ prefixes, level }) => isTexts(prefixes) && isLevel(level),
  held: ({ prefixes, level }) => isTexts(prefixes) && isLevel(level),
  gone: ({ prefixes }) => isTexts(prefixes),
  speaker: ({ state, detail }) => isText(state) && orAbsent(isText, detail),
  session: ({ peer, state }) => isText(peer) && isText(state),
  intent: ({ prefix, want, author, reason, until }) =>
    [prefix, want, author, reason].every(isText) && orAbsent(isText, until),
  note: ({ text }) => isText(text),
};

const membersOf = (value: unknown): Members => (typeof value === 'object' && value !== null ? { ...value } : {});

function isEvent(value: unknown): value is RecordedEvent {
  const event = membersOf(value);
  const { at, ms, boot, by, kind } = event;
  if (!isText(at) || Number.isNaN(Date.parse(at)) || !isNumber(ms) || !isText(boot)) return false;
  if (by !== 'agent' && by !== 'guard') return false;
  return isText(kind) && Object.hasOwn(SHAPES, kind) && SHAPES[kind as Happening['kind']](event);
}

function eventIn(line: string): RecordedEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads whole files, in any order. A line that two of them hold counts once: a
 * file may have changed its name while it was read.
 */
export function readRecorded(texts: readonly string[]): Recorded {
  const lines = [...new Set(texts.flatMap((text) => text.split('\n')))].filter((line) => line !== '');
  const events = lines.flatMap((line) => eventIn(line) ?? []);
  return { events: inOrder(events), unread: lines.length - events.length };
}

/** Boots by the wall clock, and within a boot by the clock that nobody sets. */
function inOrder(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  const boots = new Map<string, number>();
  for (const { boot, at } of events) boots.set(boot, Math.min(boots.get(boot) ?? Infinity, Date.parse(at)));
  const begun = ({ boot }: RecordedEvent): number => boots.get(boot) ?? 0;
  return [...events].sort((a, b) =>
    a.boot === b.boot ? a.ms - b.ms : begun(a) - begun(b) || (a.boot < b.boot ? -1 : 1),
  );
}
