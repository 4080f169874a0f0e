import type { Explanation } from '../status/explain.js';
import type { AgentStatus } from '../status/agent.js';
import type { WireState } from '../model/lease.js';
import { isAway, type StatusReport } from '../status/report.js';
import type { NodeReport } from './commands.js';
import { table } from './output.js';

/** What an on-call engineer reads first: the wire, then what feeds it. */
export function statusText({ agent, guard }: StatusReport): readonly string[] {
  return [
    ...(isAway(guard) ? [`guard: ${guard.problem}`] : guardText(guard)),
    '',
    ...(isAway(agent) ? [`agent: ${agent.problem}`] : agentText(agent)),
  ];
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** `draining for 1.2 s, of 30.0 s at most; 1200 packets/s still arrive; 3 of 4 prefixes on the wire`. */
export function drainText({ drain, drainProgress, prefixes }: WireState): string {
  const held = prefixes.filter((entry) => entry.held !== 'withdrawn').length;
  const { forMs, atMostMs, packetsPerSecond, scope } = drainProgress ?? {};
  return [
    `${drain}${scope === 'site' ? ' with its site' : ''}${forMs === undefined ? '' : ` for ${seconds(forMs)}`}`,
    ...(drain === 'draining' && atMostMs !== undefined ? [`of ${seconds(atMostMs)} at most`] : []),
    ...(packetsPerSecond === undefined ? [] : [`${packetsPerSecond} packets/s still arrive`]),
    `${held} of ${prefixes.length} prefixes on the wire`,
  ].join(', ');
}

function guardText(wire: WireState): readonly string[] {
  const speaker = wire.speakerDetail === undefined ? wire.speaker : `${wire.speaker} (${wire.speakerDetail})`;
  return [
    `server ${wire.drain}, agent ${wire.agent}, speaker ${speaker}, fleet ${wire.generation}`,
    ...(wire.drainProgress ? [drainText(wire)] : []),
    ...(wire.hold === undefined ? [] : [`nothing is announced: ${wire.hold}; check the fleet, then culvert confirm`]),
    '',
    ...table([
      ['PREFIX', 'ASKED', 'LEVEL', 'ON THE WIRE', 'BECAUSE'],
      ...wire.prefixes.map((entry) => [
        entry.prefix,
        entry.asked ?? '-',
        entry.level,
        entry.held,
        entry.reasons.map(({ code, detail }) => (detail === undefined ? code : `${code}: ${detail}`)).join(', '),
      ]),
    ]),
    '',
    ...table([
      ['PEER', 'AS', 'SESSION'],
      ...wire.peers.map(({ address, asn, state, detail }) => [
        ...[address, String(asn)],
        detail === undefined ? state : `${state}: ${detail}`,
      ]),
    ]),
    ...wire.reports.slice(-5).map(({ at, text }) => `${at} guard: ${text}`),
  ];
}

function agentText(agent: AgentStatus): readonly string[] {
  const { pass } = agent;
  return [
    `agent of ${agent.server}, pid ${agent.pid}, tunnels: ${agent.tunnelDriver}`,
    groupsText(agent.groups),
    `pass ${pass.count} took ${pass.lastTook} ms${pass.problem === undefined ? '' : `; problem: ${pass.problem}`}`,
    ...(agent.guardProblem === undefined ? [] : [`guard does not hold our set: ${agent.guardProblem}`]),
    '',
    ...intentLines(agent),
    ...table([
      ['DATA PLANE', 'STATE', 'DETAIL'],
      ...agent.dataPlane.map(({ subject, state, details }) => [subject, state, details.join('; ')]),
    ]),
    '',
    ...table([
      ['TUNNEL', 'HEALTH', 'FOR', 'LOST', 'ROUND TRIP', 'DETAIL'],
      ...agent.tunnels.map(({ customer, tunnel, health, forMs, sent, lost, roundTrip, detail }) => [
        `${customer}/${tunnel}`,
        health,
        `${(forMs / 1000).toFixed(1)} s`,
        `${lost}/${sent}`,
        roundTrip === undefined ? '-' : `${roundTrip.toFixed(1)} ms`,
        detail ?? '',
      ]),
    ]),
    '',
    ...checkLines(agent),
    ...table([
      ['COUNTER', 'NAMESPACE', 'PACKETS', 'BYTES'],
      ...agent.counters.flatMap(({ netns, counters }) =>
        counters.map(({ name, packets, bytes }) => [name, netns || '-', String(packets), String(bytes)]),
      ),
    ]),
    ...agent.drift.slice(-5).map(({ at, text }) => `${at} drift repaired: ${text}`),
  ];
}

const groupsText = (groups: AgentStatus['groups']): string =>
  groups.kind === 'resilient'
    ? 'nexthop groups: resilient'
    : `nexthop groups: by hash threshold, so that a tunnel that goes or comes moves flows of others too: ${groups.detail}`;

function checkLines({ checks }: AgentStatus): readonly string[] {
  if (checks.length === 0) return [];
  const rows = checks.map(({ check, kind, health, forMs, onDown, detail }) => [
    check,
    kind,
    health,
    `${(forMs / 1000).toFixed(1)} s`,
    onDown,
    detail ?? '',
  ]);
  return [...table([['CHECK', 'KIND', 'HEALTH', 'FOR', 'WHEN DOWN', 'DETAIL'], ...rows]), ''];
}

function intentLines({ intents }: AgentStatus): readonly string[] {
  if (intents === 'unreadable') return ['the record of what operators want cannot be read: say it again', ''];
  if (intents.length === 0) return [];
  const rows = intents.map((own) => [own.prefix, own.want, own.author, own.at, own.until ?? '-', own.reason]);
  return [...table([['OPERATOR ON', 'WANTS', 'AUTHOR', 'SINCE', 'UNTIL', 'REASON'], ...rows]), ''];
}

export const explainText = ({ prefix, chain }: Explanation): readonly string[] => [
  prefix,
  ...chain.flatMap(({ title, lines }) => [`  ${title}`, ...lines.map((line) => `    ${line}`)]),
];

export const nodesText = (nodes: readonly NodeReport[]): readonly string[] =>
  table([
    ['NODE', 'IMAGE', 'STATE', 'PID'],
    ...nodes.map(({ name, image, state, pid }) => [name, image, state, pid === undefined ? '-' : String(pid)]),
  ]);
