/** Which BGP session a server and a router of its site have. */
import type { Address, Family } from './address.js';
import { isInternal, type Router, type Server } from './fleet.js';

/** One session, named by its two ends. */
export interface Session {
  readonly server: Address;
  readonly router: Address;
  readonly families: readonly Family[];
  /** iBGP. */
  readonly internal: boolean;
  /** GTSM is for directly connected external peers (RFC 5082 2.2). */
  readonly ttlSecurity: boolean;
  /** TTL, 2 to 255, of an external session beyond the link; 0 on it. */
  readonly multihop: number;
}

/**
 * Over v4, carrying v6 as well where both ends have an address (RFC 4760);
 * over v6 with v6 alone only where the router has no v4. `undefined` where the
 * two share no family.
 */
export function sessionBetween(server: Server, router: Router): Session | undefined {
  const internal = isInternal(server, router);
  const terms = {
    internal,
    ttlSecurity: router.ttlSecurity && !internal,
    multihop: internal ? 0 : router.multihop,
  };
  if (router.v4 !== undefined) {
    const families: readonly Family[] = router.v6 !== undefined && server.v6 !== undefined ? [4, 6] : [4];
    return { server: server.v4, router: router.v4, families, ...terms };
  }
  if (router.v6 === undefined || server.v6 === undefined) return undefined;
  return { server: server.v6, router: router.v6, families: [6], ...terms };
}
