/** Which BGP sessions this server keeps with its site's routers. */
import type { Family } from '../model/address.js';
import { isInternal, type Router, type ServerView } from '../model/fleet.js';
import type { Peer } from '../model/path.js';

/**
 * One session per router: over v4, carrying v6 as well where both ends have an
 * address (RFC 4760); over v6 with v6 alone only where the router has no v4.
 * A router that shares no family with the server gets none.
 */
function sessionWith(view: ServerView, router: Router): Peer | undefined {
  const { server } = view;
  // A limit for a family that the session does not carry has nothing to bind.
  const carrying = (families: readonly Family[]): Pick<Peer, 'families' | 'maxPrefix'> => ({
    families,
    maxPrefix: Object.fromEntries(families.flatMap((f) => (router.maxPrefix[f] ? [[f, router.maxPrefix[f]]] : []))),
  });
  const both6 = router.v6 !== undefined && server.v6 !== undefined;
  const terms = {
    asn: router.asn,
    hold: router.hold,
    keepalive: router.keepalive,
    gracefulRestart: router.gracefulRestart,
    // GTSM is for directly connected external peers (RFC 5082 2.2).
    ttlSecurity: router.ttlSecurity && !isInternal(server, router),
    passive: router.passive,
    multihop: isInternal(server, router) ? 0 : router.multihop,
    ...(router.password === undefined ? {} : { password: router.password }),
  };
  if (router.v4 !== undefined) {
    const families: readonly Family[] = both6 ? [4, 6] : [4];
    return { address: router.v4, localAddress: server.v4, ...carrying(families), ...terms };
  }
  if (router.v6 !== undefined && server.v6 !== undefined) {
    return { address: router.v6, localAddress: server.v6, ...carrying([6]), ...terms };
  }
  return undefined;
}

/** Sorted by address as text. */
export const peersOf = (view: ServerView): readonly Peer[] =>
  view.site.routers
    .flatMap((router) => sessionWith(view, router) ?? [])
    .sort((a, b) => (a.address < b.address ? -1 : 1));
