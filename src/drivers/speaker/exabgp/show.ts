/** Reads what ExaBGP 4.2's `show` commands answer: text for people, in fixed forms. */
import { type Address, type Family, parseAddress, parsePrefix, type Prefix } from '../../../model/address.js';
import type { Peer, SessionState } from '../../../model/path.js';
import { SpeakerError } from '../../../ports/speaker.js';
import { MARK } from '../../../render/exabgp/configuration.js';

/** A neighbour as it is configured, with what it takes for our end. */
export interface Neighbor {
  readonly peer: Peer;
  readonly localAsn: number;
  readonly routerId: Address;
  /** It bears our mark. */
  readonly ours: boolean;
}

export interface Session {
  readonly state: SessionState;
  /** Empty until both ends have said which they carry. */
  readonly negotiated: readonly Family[];
}

const STATES: readonly string[] = ['idle', 'connect', 'active', 'opensent', 'openconfirm', 'established'];

const nonsense = (what: string): SpeakerError =>
  new SpeakerError('rejected', `exabgp shows ${what}, which is not understood; is it ExaBGP 4.2?`);

function addressOf(what: string, text = ''): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw nonsense(`${what} ${JSON.stringify(text)}`);
  return parsed;
}

/** Lines from one that matches `head` to the next such. */
function blocks(lines: readonly string[], head: RegExp): (readonly [name: string, lines: readonly string[]])[] {
  const found: [string, string[]][] = [];
  for (const line of lines) {
    const name = head.exec(line)?.[1];
    if (name !== undefined) found.push([name, []]);
    else found.at(-1)?.[1].push(line);
  }
  return found;
}

/** `show neighbor configuration`. Throws SpeakerError on what this reader does not know. */
export const readNeighbors = (lines: readonly string[]): readonly Neighbor[] =>
  blocks(lines, /^neighbor (\S+) \{$/).map(([name, inside]) => neighborOf(addressOf('neighbor', name), inside));

function neighborOf(address: Address, lines: readonly string[]): Neighbor {
  const settings = new Map<string, string>();
  for (const line of lines) {
    const [, key, value] = /^\s*([a-z0-9-]+) (.*);$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined && !settings.has(key)) settings.set(key, value);
  }
  const numberOf = (key: string): number => {
    const value = Number(settings.get(key) ?? 'none');
    if (!Number.isInteger(value)) throw nonsense(`neighbor ${address} with ${key} ${settings.get(key)}`);
    return value;
  };
  const unquoted = (key: string): string | undefined => /^"(.*)"$/.exec(settings.get(key) ?? '')?.[1];
  const password = unquoted('md5-password');
  const hold = numberOf('hold-time');
  const graceful = settings.get('graceful-restart');
  return {
    localAsn: numberOf('local-as'),
    routerId: addressOf('router-id', settings.get('router-id')),
    ours: unquoted('description') === MARK,
    peer: {
      address,
      asn: numberOf('peer-as'),
      localAddress: addressOf('local-address', settings.get('local-address')),
      families: familiesIn(lines),
      hold,
      keepalive: Math.floor(hold / 3),
      ...(password === undefined ? {} : { password }),
      ttlSecurity: settings.has('incoming-ttl'),
      gracefulRestart: graceful === undefined || graceful === 'disable' ? 0 : numberOf('graceful-restart'),
      passive: settings.get('passive') === 'true',
      multihop: settings.has('outgoing-ttl') ? numberOf('outgoing-ttl') : 0,
      maxPrefix: {},
    },
  };
}

/** Of the first section `family`; other sections name families too. */
function familiesIn(lines: readonly string[]): readonly Family[] {
  const begin = lines.findIndex((line) => /^\s*family \{/.test(line));
  const rest = begin < 0 ? [] : lines.slice(begin + 1);
  const end = rest.findIndex((line) => line.includes('}'));
  return rest.slice(0, Math.max(end, 0)).flatMap((line) => FAMILIES[line.trim().replace(';', '')] ?? []);
}

const FAMILIES: Readonly<Record<string, Family>> = { 'ipv4 unicast': 4, 'ipv6 unicast': 6 };

/** `show neighbor extensive`, by neighbour. */
export const readSessions = (lines: readonly string[]): ReadonlyMap<Address, Session> =>
  new Map(blocks(lines, /^Neighbor (\S+)$/).map(([name, inside]) => [addressOf('neighbor', name), sessionOf(inside)]));

function sessionOf(lines: readonly string[]): Session {
  const wordsAfter = (key: string): readonly string[] =>
    lines
      .find((line) => line.trimStart().startsWith(`${key} `))
      ?.trim()
      .slice(key.length)
      .trim()
      .split(/\s+/) ?? [];
  const state = (wordsAfter('state')[0] ?? '').toLowerCase();
  return {
    state: STATES.includes(state) ? (state as SessionState) : 'unknown',
    negotiated: Object.entries(FAMILIES).flatMap(([name, family]) =>
      wordsAfter(`${name}:`)[1] === 'enabled' ? [family] : [],
    ),
  };
}

/** What one neighbour has been given. */
export type HeldRoutes = ReadonlyMap<Prefix, string>;

export interface Held {
  /** By neighbour: attributes as `attributesText`, by prefix. */
  readonly routes: ReadonlyMap<Address, HeldRoutes>;
  /** What is no unicast prefix at all: none of ours reads like that. */
  readonly strange: readonly string[];
}

const ROUTE = /^neighbor (\S+) .* family-allowed \S+ ipv[46] unicast (\S+) (.*)$/;

/** `show adj-rib out extensive`. */
export function readHeld(lines: readonly string[]): Held {
  const routes = new Map<Address, Map<Prefix, string>>();
  const strange: string[] = [];
  for (const line of lines) {
    const [, peer = '', nlri = '', attributes = ''] = ROUTE.exec(line) ?? [];
    const prefix = parsePrefix(nlri);
    const address = parseAddress(peer);
    if (address === undefined || prefix === 'not-a-prefix' || prefix === 'host-bits') {
      strange.push(line);
      continue;
    }
    const held = routes.get(address) ?? new Map<Prefix, string>();
    routes.set(address, held.set(prefix, attributes.trim()));
  }
  return { routes, strange };
}
