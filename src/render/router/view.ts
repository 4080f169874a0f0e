/** What the templates of a router's configuration may name: every key is always there, and every text is one token. */
import { bitsOf, comparePrefix, familyOf, lengthOf, type Family, type Prefix } from '../../model/address.js';
import { announceable, type Fleet, type Router, type Server, type Site } from '../../model/fleet.js';
import { LEAVING_FUNCTION } from '../../model/path.js';
import { sessionBetween, type Session } from '../../model/session.js';
import { addressText } from '../address-text.js';
import { serverSymbol, upstreamSymbol } from './symbols.js';
import { asnText, nameText, passwordText } from './text.js';
import type { Vendor } from '../../model/vendor.js';

export interface RouterView {
  readonly name: string;
  readonly site: string;
  readonly asn: number;
  /** With upstreams the file is the router's whole configuration; without, the servers' part of it. */
  readonly isWhole: boolean;
  /** Empty where an operator's own file holds it. */
  readonly id: string;
  /** The end of the servers' sessions, and its family. */
  readonly address: string;
  readonly transport: Family;
  /** Seconds. */
  readonly hold: number;
  readonly keepalive: number;
  /** Empty: none. */
  readonly password: string;
  /** Whether to keep the routes of a session that broke, RFC 4724. */
  readonly gracefulRestart: boolean;
  /** TTL of sessions with servers beyond the link; 0 where they are on it. */
  readonly multihop: number;
  readonly servers: readonly ServerSession[];
  readonly groups: readonly SessionGroup[];
  readonly upstreams: readonly UpstreamSession[];
  /** Those of the sessions, IPv4 first. */
  readonly families: readonly FamilyView[];
  /** Private AS numbers do not leave (RFC 6996); in a lab they stand for public ones. */
  readonly stripsPrivate: boolean;
  /** `asn:function:0`, on the paths of a site that leaves as a whole. */
  readonly leaving: { readonly asn: number; readonly function: number };
}

interface ServerSession {
  readonly name: string;
  readonly symbol: string;
  readonly address: string;
  readonly asn: number;
  readonly ttlSecurity: boolean;
}

/** Servers of one kind of session: what FRR calls a peer group. */
interface SessionGroup {
  readonly name: 'IBGP-SERVERS' | 'EBGP-SERVERS';
  readonly ttlSecurity: boolean;
  readonly servers: readonly ServerSession[];
}

interface UpstreamSession {
  readonly name: string;
  readonly symbol: string;
  readonly family: Family;
  readonly address: string;
  readonly asn: number;
  readonly password: string;
}

interface FamilyView {
  readonly number: Family;
  readonly bits: number;
  /** What servers may announce. */
  readonly fleet: readonly string[];
  /** What the router announces itself. */
  readonly networks: readonly string[];
  /** Both: never taken from an upstream, nor anything inside. `isHost`: nothing is inside. */
  readonly ours: readonly { readonly prefix: string; readonly isHost: boolean }[];
  /** More routes than this end a server's session: BIRD counts all that it received, FRR those that its filter let through. */
  readonly limit: number;
  readonly groups: readonly SessionGroup[];
  readonly hasUpstreams: boolean;
  /** Servers that may carry one prefix at once, by kind of session. */
  readonly internalPaths: number;
  readonly externalPaths: number;
}

/** Stands where a password would, unless it is asked for. */
const HIDDEN = 'HIDDEN-PASSWORD';

export interface Wanted {
  readonly fleet: Fleet;
  readonly site: Site;
  readonly router: Router;
  readonly vendor: Vendor;
  readonly showSecrets: boolean;
}

/**
 * Throws TypeError or RangeError on what configuration never lets through, and
 * with a remedy where the vendor's language cannot hold a password or the
 * router has no server to speak to.
 */
export function routerView({ fleet, site, router, vendor, showSecrets }: Wanted): RouterView {
  const secret = (password: string | undefined, whose: string): string => {
    if (password === undefined) return '';
    const text = passwordText(password, whose, vendor);
    return showSecrets ? text : HIDDEN;
  };
  const sessions = site.servers.flatMap((server) => {
    const session = sessionBetween(server, router);
    return session ? [{ server, session }] : [];
  });
  const first = sessions[0];
  if (!first)
    throw new TypeError(`${router.name} shares no address family with a server of ${site.name}; give it a v4`);
  const password = secret(router.password, router.name);
  const upstreams = router.upstreams.flatMap(({ name, asn, v4, v6, password: key }) =>
    [v4, v6].flatMap((address): UpstreamSession[] =>
      address === undefined
        ? []
        : [
            {
              name: nameText(name),
              symbol: upstreamSymbol(name, familyOf(address)),
              family: familyOf(address),
              address: addressText(address),
              asn: asnText(asn),
              password: secret(key, `upstream ${name}`),
            },
          ],
    ),
  );
  return {
    name: nameText(router.name),
    site: nameText(site.name),
    asn: asnText(router.asn),
    isWhole: upstreams.length > 0,
    id: router.id === undefined ? '' : addressText(router.id),
    address: addressText(first.session.router),
    transport: familyOf(first.session.router),
    hold: router.hold,
    keepalive: router.keepalive,
    password,
    gracefulRestart: router.gracefulRestart > 0,
    multihop: router.multihop,
    servers: sessions.map(serverSession),
    groups: groupsOf(sessions),
    upstreams,
    families: ([4, 6] as const).flatMap((family) => {
      const view = familyView(family, fleet, router, sessions, upstreams);
      return view.groups.length > 0 || view.hasUpstreams ? [view] : [];
    }),
    stripsPrivate: !fleet.allowReserved,
    leaving: { asn: asnText(fleet.provider.asn), function: LEAVING_FUNCTION },
  };
}

interface Held {
  readonly server: Server;
  readonly session: Session;
}

const serverSession = ({ server, session }: Held): ServerSession => ({
  name: nameText(server.name),
  symbol: serverSymbol(server.name),
  address: addressText(session.server),
  asn: asnText(server.asn),
  ttlSecurity: session.ttlSecurity,
});

function groupsOf(sessions: readonly Held[]): readonly SessionGroup[] {
  return [true, false].flatMap((internal): SessionGroup[] => {
    const members = sessions.filter(({ session }) => session.internal === internal);
    return members.length === 0
      ? []
      : [
          {
            name: internal ? 'IBGP-SERVERS' : 'EBGP-SERVERS',
            ttlSecurity: members.some(({ session }) => session.ttlSecurity),
            servers: members.map(serverSession),
          },
        ];
  });
}

/** Room for a fleet that grows before its routers are rendered anew. A server that sends more has lost its way. */
const limitOf = (prefixes: number): number => Math.max(1_000, 2 * prefixes);

function familyView(
  family: Family,
  fleet: Fleet,
  router: Router,
  sessions: readonly Held[],
  upstreams: readonly UpstreamSession[],
): FamilyView {
  const of = (prefixes: readonly Prefix[]): readonly Prefix[] =>
    prefixes.filter((prefix) => familyOf(prefix) === family).sort(comparePrefix);
  const announced = of(announceable(fleet));
  const networks = of(router.networks);
  const carried = announced.length === 0 ? [] : sessions.filter(({ session }) => session.families.includes(family));
  return {
    number: family,
    bits: bitsOf(family),
    fleet: announced.map(addressText),
    networks: networks.map(addressText),
    ours: [...announced, ...networks].sort(comparePrefix).map((prefix) => ({
      prefix: addressText(prefix),
      isHost: lengthOf(prefix) === bitsOf(family),
    })),
    limit: limitOf(announced.length),
    groups: groupsOf(carried),
    hasUpstreams: upstreams.some((upstream) => upstream.family === family),
    internalPaths: carried.filter(({ session }) => session.internal).length,
    externalPaths: carried.filter(({ session }) => !session.internal).length,
  };
}
