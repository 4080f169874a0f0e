/** The chain from what an operator wrote to what stands on the wire, for one prefix. */
import { contains, parseAddress, parsePrefix, type Prefix } from '../model/address.js';
import type { SentTo, WireState } from '../model/lease.js';
import { REASONS, type Reason } from '../model/reason.js';
import type { AgentStatus, CheckStatus } from './agent.js';
import { isAway, type Away } from './report.js';

export interface Link {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface Explanation {
  readonly prefix: Prefix;
  /** From intent to the peers, in order. */
  readonly chain: readonly Link[];
}

type Part<T> = T | Away;

/** The announced prefix that an operator means by a prefix or an address inside it; longest match. */
export function prefixMeant(text: string, known: readonly Prefix[]): Prefix | undefined {
  const parsed = parsePrefix(text);
  const asked = parsed === 'not-a-prefix' || parsed === 'host-bits' ? parseAddress(text) : parsed;
  if (asked === undefined) return undefined;
  return known
    .filter((candidate) => contains(candidate, asked))
    .sort((a, b) => Number(b.slice(b.indexOf('/') + 1)) - Number(a.slice(a.indexOf('/') + 1)))[0];
}

const because = ({ code, detail }: Reason): string =>
  `because ${code}: ${REASONS[code]}${detail === undefined ? '' : ` (${detail})`}`;

/** `sent` is what the speaker said about its peers, just now. */
export function explain(
  prefix: Prefix,
  agent: Part<AgentStatus>,
  wire: Part<WireState>,
  sent: Part<readonly SentTo[]>,
): Explanation {
  return {
    prefix,
    chain: [
      intent(prefix, agent),
      gate(prefix, wire),
      facts(prefix, agent),
      decision(prefix, agent),
      guard(prefix, wire),
      speaker(prefix, wire),
      peers(wire, sent),
    ],
  };
}

function gate(prefix: Prefix, wire: Part<WireState>): Link {
  if (isAway(wire)) return { title: 'gate', lines: [`unknown: ${wire.problem}`] };
  const entry = wire.prefixes.find((candidate) => candidate.prefix === prefix);
  const shut = entry?.reasons.find(({ code }) => code === 'not-allowed' || code === 'left-fleet');
  if (!entry) return { title: 'gate', lines: ['shut: outside the allow-list of this server'] };
  if (shut) return { title: 'gate', lines: [`shut: ${shut.detail ?? REASONS[shut.code]}`] };
  const twice = wire.speaker === 'ready' ? ", and in the speaker's policy" : '';
  return { title: 'gate', lines: [`open: in the allow-list of fleet ${wire.generation}${twice}`] };
}

function intent(prefix: Prefix, agent: Part<AgentStatus>): Link {
  if (isAway(agent)) return { title: 'intent', lines: [`unknown: ${agent.problem}`] };
  const announcement = agent.announcements.find((candidate) => candidate.prefix === prefix);
  const codes = announcement?.reasons.map(({ code }) => code) ?? ['not-advertised'];
  const wanted = codes.includes('not-advertised')
    ? 'does not advertise'
    : codes.includes('on-demand') || codes.includes('operator-advertise')
      ? 'advertises on demand'
      : 'advertises';
  return {
    title: 'intent',
    lines: [`fleet ${agent.generation} ${wanted} ${prefix} on ${agent.server}`, ...operators(prefix, agent)],
  };
}

function operators(prefix: Prefix, { intents }: AgentStatus): readonly string[] {
  if (intents === 'unreadable') return ['the record of what operators want cannot be read'];
  return intents
    .filter((candidate) => candidate.prefix === prefix)
    .map(
      ({ want, author, at, reason, until }) =>
        `operator ${author} at ${at}: ${want}${until === undefined ? '' : ` until ${until}`}: ${reason}`,
    );
}

/** Those that the prefix stands on: what all share, and its customer's own. */
function facts(prefix: Prefix, agent: Part<AgentStatus>): Link {
  if (isAway(agent)) return { title: 'facts', lines: ['unknown: the agent does not answer'] };
  const owner = agent.customers.find(({ prefixes }) => prefixes.includes(prefix))?.name;
  const age = agent.pass.age === undefined ? 'never read' : `read ${agent.pass.age} ms ago`;
  const isOwn = ({ check }: CheckStatus): boolean =>
    !check.startsWith('customers/') || (owner !== undefined && check.startsWith(`customers/${owner}/`));
  return {
    title: 'facts',
    lines: [
      ...agent.dataPlane
        .filter(({ subject }) => subject === 'endpoint' || subject === owner)
        .map(
          ({ subject, state, details }) =>
            `data plane of ${subject}: ${state}, ${age}${details.map((d) => `; ${d}`).join('')}`,
        ),
      ...agent.checks
        .filter(isOwn)
        .map(
          ({ check, health, onDown, forMs, detail }) =>
            `check ${check}: ${health} for ${(forMs / 1000).toFixed(1)} s, ${onDown} when down` +
            (detail === undefined ? '' : `; ${detail}`),
        ),
      ...agent.tunnels
        .filter(({ customer }) => customer === owner)
        .map(
          ({ customer, tunnel, health, forMs, sent, lost, roundTrip, detail }) =>
            `tunnel ${customer}/${tunnel}: ${health} for ${(forMs / 1000).toFixed(1)} s, ${lost} of ${sent} probes lost` +
            (roundTrip === undefined ? '' : `, ${roundTrip.toFixed(1)} ms`) +
            (detail === undefined ? '' : `; ${detail}`),
        ),
    ],
  };
}

function decision(prefix: Prefix, agent: Part<AgentStatus>): Link {
  if (isAway(agent)) return { title: 'agent asks', lines: ['unknown: the agent does not answer'] };
  const announcement = agent.announcements.find((candidate) => candidate.prefix === prefix);
  if (!announcement) return { title: 'agent asks', lines: ['nothing: the fleet does not name this prefix'] };
  return { title: 'agent asks', lines: [announcement.level, ...announcement.reasons.map(because)] };
}

function guard(prefix: Prefix, wire: Part<WireState>): Link {
  if (isAway(wire)) return { title: 'guard allows', lines: [`unknown: ${wire.problem}`] };
  const entry = wire.prefixes.find((candidate) => candidate.prefix === prefix);
  if (!entry) return { title: 'guard allows', lines: ['nothing: outside the allow-list of this server'] };
  return {
    title: 'guard allows',
    lines: [entry.level, ...entry.reasons.map(because), `agent: ${wire.agent}, server: ${wire.drain}`],
  };
}

function speaker(prefix: Prefix, wire: Part<WireState>): Link {
  if (isAway(wire)) return { title: 'speaker holds', lines: ['unknown: the guard does not answer'] };
  const entry = wire.prefixes.find((candidate) => candidate.prefix === prefix);
  const held = entry ? `${entry.held}${entry.settled ? ', settled' : ''}` : 'nothing';
  return {
    title: 'speaker holds',
    lines: [wire.speaker === 'ready' ? held : `${held}; speaker ${wire.speaker}: ${wire.speakerDetail ?? ''}`],
  };
}

const SENT: Readonly<Record<SentTo['sent'], string>> = {
  yes: 'has been sent it',
  no: 'has not been sent it',
  'no-session': 'is sent nothing',
  unknown: 'the speaker does not say what it has been sent',
};

function peers(wire: Part<WireState>, sent: Part<readonly SentTo[]>): Link {
  if (isAway(wire)) return { title: 'peers', lines: ['unknown: the guard does not answer'] };
  const told = new Map(isAway(sent) ? [] : sent.map((own) => [own.peer, own.sent]));
  return {
    title: 'peers',
    lines: wire.peers.map(
      ({ address, asn, state }) => `${address} AS${asn}: ${state}, ${SENT[told.get(address) ?? 'unknown']}`,
    ),
  };
}
