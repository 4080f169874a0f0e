/** Which BGP sessions this server keeps with its site's routers. */
import type { Family } from '../model/address.js';
import type { Router, ServerView } from '../model/fleet.js';
import type { MaxPrefix, Peer } from '../model/path.js';
import { sessionBetween } from '../model/session.js';

/** A limit for a family that the session does not carry has nothing to bind. */
const limitsOf = ({ maxPrefix }: Router, families: readonly Family[]): MaxPrefix =>
  Object.fromEntries(families.flatMap((family) => (maxPrefix[family] ? [[family, maxPrefix[family]]] : [])));

/** A router that shares no family with the server gets no session. */
function peerOf({ server }: ServerView, router: Router): Peer | undefined {
  const session = sessionBetween(server, router);
  return (
    session && {
      address: session.router,
      localAddress: session.server,
      families: session.families,
      asn: router.asn,
      hold: router.hold,
      keepalive: router.keepalive,
      gracefulRestart: router.gracefulRestart,
      ttlSecurity: session.ttlSecurity,
      passive: router.passive,
      multihop: session.multihop,
      maxPrefix: limitsOf(router, session.families),
      ...(router.password === undefined ? {} : { password: router.password }),
    }
  );
}

/** Sorted by address as text. */
export const peersOf = (view: ServerView): readonly Peer[] =>
  view.site.routers.flatMap((router) => peerOf(view, router) ?? []).sort((a, b) => (a.address < b.address ? -1 : 1));
