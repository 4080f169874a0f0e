/** The timeline, and below it, nearest to the prompt, the incidents. */
import type { RecordedEvent } from '../model/event.js';
import type { Reason } from '../model/reason.js';
import type { EventsReport } from '../status/events.js';
import type { Incident } from '../status/incidents.js';
import { table } from './output.js';

/** Longer lists are cut: JSON has every prefix. */
const NAMED = 3;

function some(items: readonly string[]): string {
  const more = items.length > NAMED ? ` and ${items.length - NAMED} more` : '';
  return `${items.slice(0, NAMED).join(', ')}${more}`;
}

const because = ({ code, detail }: Reason): string => (detail === undefined ? code : `${code}: ${detail}`);

const also = (text: string | undefined): string => (text === undefined ? '' : `: ${text}`);

function textOf(event: RecordedEvent): string {
  switch (event.kind) {
    case 'started':
    case 'stopped':
      return `${event.kind}: ${event.detail}`;
    case 'fact': {
      const { about, subject, state, detail, sign, ms } = event;
      const after = sign === undefined ? '' : `, ${took(ms - sign)} after the first sign`;
      return `${about} ${subject}: ${state}${detail === undefined ? '' : ` (${detail})`}${after}`;
    }
    case 'level': {
      const { from, to, prefixes, reasons } = event;
      const change = from === undefined || from === to ? to : `${from} -> ${to}`;
      return `${some(prefixes)}: ${change}, ${reasons.map(because).join(', ')}`;
    }
    case 'handed':
      return `${some(event.prefixes)}: ${event.level} given to the speaker`;
    case 'held':
      return `${some(event.prefixes)}: ${event.level} read back from the speaker`;
    case 'gone':
      return `${some(event.prefixes)}: sent to no peer any more`;
    case 'speaker':
      return `speaker ${event.state}${also(event.detail)}`;
    case 'session':
      return `session with ${event.peer}: ${event.state}`;
    case 'intent':
      return `operator ${event.author}: ${event.want} ${event.prefix}${also(event.reason)}`;
    case 'note':
      return event.text;
  }
}

/** Three digits are what a reader compares. */
function took(ms: number | undefined): string {
  if (ms === undefined) return '-';
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  return ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const row = (incident: Incident): readonly string[] => [
  incident.at,
  some(incident.prefixes),
  incident.to,
  took(incident.detectMs),
  took(incident.decideMs),
  took(incident.handedMs),
  took(incident.wireMs),
  took(incident.backMs),
  incident.cause,
];

export function eventsText({ events, incidents, unread }: EventsReport): readonly string[] {
  return [
    ...table(events.map((event) => [event.at, event.by, textOf(event)])),
    ...(unread === 0 ? [] : ['', `${unread} lines of the record could not be read`]),
    '',
    ...(incidents.length === 0
      ? ['no incidents']
      : table([
          ['INCIDENT', 'PREFIXES', 'LEVEL', 'DETECT', 'DECIDE', 'HANDED', 'WIRE', 'BACK', 'CAUSE'],
          ...incidents.map(row),
        ])),
  ];
}
