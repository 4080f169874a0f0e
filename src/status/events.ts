/** The timeline as an operator asks for it: everything, or one prefix, or since some time. */
import type { Prefix } from '../model/address.js';
import type { RecordedEvent } from '../model/event.js';
import { prefixMeant } from './explain.js';
import { type Incident, incidentsOf } from './incidents.js';
import type { Recorded } from './recorded.js';

export interface EventsReport {
  /** Oldest first. */
  readonly events: readonly RecordedEvent[];
  readonly incidents: readonly Incident[];
  /** Lines of the record that could not be read. */
  readonly unread: number;
}

export interface Question {
  /** A prefix, or an address inside one. */
  readonly prefix?: string;
  /** Wall clock, milliseconds since 1970. */
  readonly after?: number;
}

/** What an event names; `undefined` when it is about the whole server. */
function namedBy(event: RecordedEvent): readonly Prefix[] | undefined {
  switch (event.kind) {
    case 'intent':
      return [event.prefix];
    case 'fact':
    case 'level':
    case 'handed':
    case 'held':
    case 'gone':
      return event.prefixes;
    case 'started':
    case 'stopped':
    case 'speaker':
    case 'session':
    case 'note':
      return undefined;
  }
}

/** What is about the whole server concerns every prefix. */
export function eventsReport(recorded: Recorded, { prefix, after }: Question): EventsReport | 'unknown-prefix' {
  const named = [...new Set(recorded.events.flatMap((event) => namedBy(event) ?? []))];
  const meant = prefix === undefined ? undefined : prefixMeant(prefix, named);
  if (prefix !== undefined && meant === undefined) return 'unknown-prefix';
  const isMeant = (prefixes: readonly Prefix[] | undefined): boolean =>
    meant === undefined || (prefixes?.includes(meant) ?? true);
  const isRecent = ({ at }: { readonly at: string }): boolean => after === undefined || Date.parse(at) >= after;
  return {
    events: recorded.events.filter((event) => isRecent(event) && isMeant(namedBy(event))),
    incidents: incidentsOf(recorded.events).filter((incident) => isRecent(incident) && isMeant(incident.prefixes)),
    unread: recorded.unread,
  };
}
