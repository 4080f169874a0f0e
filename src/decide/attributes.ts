/** What a path of ours looks like on the wire, at full level and degraded. */
import type { Address, Family } from '../model/address.js';
import { isInternal, type ServerView } from '../model/fleet.js';
import type { Level } from '../model/level.js';
import { fnv1a } from '../model/naming.js';
import { once } from '../model/once.js';
import {
  GRACEFUL_SHUTDOWN,
  type LargeCommunity,
  LEAVING_FUNCTION,
  type Path,
  type PathAttributes,
  TAG_FUNCTION,
} from '../model/path.js';

/** A path that is announced has one of these levels. */
export type AnnouncedLevel = Exclude<Level, 'withdrawn'>;

/**
 * Explicit on full paths too: a router with "missing MED as worst" would
 * otherwise prefer the degraded ones (RFC 4271 9.1.2.2 c leaves it open).
 */
const FULL_MED = 0;
/** Far above anything a site uses to rank its own servers, and far below the range some routers read as "infinite". */
const DEGRADED_MED = 1000;
/** Below the default of 100 that every router gives to paths of its own (RFC 8326 4.2 uses 0 as well). */
const DEGRADED_LOCAL_PREF = 0;
/** On top of the one that the speaker itself puts in front towards eBGP. */
const DEGRADED_PREPENDS = 2;

/** Stable 32-bit number of a server, for its large community. */
export const serverNumber = (name: string): number => fnv1a(name);

/** `asn:1:server`, on every path of this server and on nobody else's. */
export const ownTag = once(
  (view: ServerView): LargeCommunity => `${view.fleet.provider.asn}:${TAG_FUNCTION}:${serverNumber(view.server.name)}`,
);

/** `asn:2:0`, the same for all servers: a router's configuration can name it. */
const leavingMark = ({ fleet }: ServerView): LargeCommunity => `${fleet.provider.asn}:${LEAVING_FUNCTION}:0`;

/** Lists that all paths share. */
const NO_COMMUNITIES: PathAttributes['communities'] = [];
const DEGRADED_COMMUNITIES: PathAttributes['communities'] = [GRACEFUL_SHUTDOWN];
const tagsOf = once((view: ServerView) => ({
  staying: [ownTag(view)],
  leaving: [ownTag(view), leavingMark(view)],
}));

/**
 * The speaker keeps one path per prefix for all its peers, so the degraded
 * form has to suit each of them. LOCAL_PREF never crosses an eBGP session
 * (RFC 4271 5.1.5) and is harmless there. Our own ASN in the path is a loop to
 * an iBGP peer (RFC 4271 9.1.2): prepends are for servers whose every router
 * is external.
 */
function degradedPath(view: ServerView, asPath: readonly number[]): Pick<PathAttributes, 'asPath' | 'localPref'> {
  const internal = view.site.routers.some((router) => isInternal(view.server, router));
  if (internal) return { asPath, localPref: DEGRADED_LOCAL_PREF };
  return { asPath: [...Array<number>(DEGRADED_PREPENDS).fill(view.server.asn), ...asPath] };
}

/**
 * The attributes of a path at this level. A degraded path of a site that
 * is taken out bears `leavingMark`: the site's routers then turn upstreams
 * away too, which GRACEFUL_SHUTDOWN alone does not reach.
 */
function attributesAt(
  view: ServerView,
  level: AnnouncedLevel,
  nextHop: Address,
  asPath: readonly number[],
  leavesSite: boolean,
): PathAttributes {
  const { staying, leaving } = tagsOf(view);
  const tagged = { nextHop, largeCommunities: staying };
  if (level === 'full') return { ...tagged, asPath, med: FULL_MED, communities: NO_COMMUNITIES };
  const degraded = { ...tagged, ...degradedPath(view, asPath), med: DEGRADED_MED, communities: DEGRADED_COMMUNITIES };
  return leavesSite ? { ...degraded, largeCommunities: leaving } : degraded;
}

/** Of one server, by what they are made of. */
const knownOf = once((_: ServerView) => new Map<string, PathAttributes>());

/**
 * What all paths of this level, family and AS path carry: one object. `asPath`
 * is the sequence at full level. Throws TypeError for v6 on a server without a
 * v6 address: the gate keeps such prefixes out.
 */
export function attributesFor(
  view: ServerView,
  level: AnnouncedLevel,
  family: Family,
  asPath: readonly number[],
  leavesSite = false,
): PathAttributes {
  const { server } = view;
  const nextHop = family === 4 ? server.v4 : server.v6;
  if (nextHop === undefined) throw new TypeError(`${server.name} has no v6 address: no next hop for a v6 prefix`);
  const known = knownOf(view);
  const identity = `${level} ${family} ${leavesSite} ${asPath.join(' ')}`;
  const attributes = known.get(identity) ?? attributesAt(view, level, nextHop, asPath, leavesSite);
  known.set(identity, attributes);
  return attributes;
}

/** True for a path that this server has announced, in whatever form. */
export const isOurs = (view: ServerView, path: Path): boolean =>
  path.attributes.largeCommunities.includes(ownTag(view));

/** Which of the two forms a path of ours has, told by GRACEFUL_SHUTDOWN (RFC 8326): nothing else of ours carries it. */
export const levelHeld = (path: Path): AnnouncedLevel =>
  path.attributes.communities.includes(GRACEFUL_SHUTDOWN) ? 'degraded' : 'full';
