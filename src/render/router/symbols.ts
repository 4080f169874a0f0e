import { shortened } from '../../model/naming.js';

/** BIRD 2.0: longer symbols are a syntax error. */
const LONGEST_SYMBOL = 64;

/**
 * BIRD's symbols have no hyphens and must not be keywords (`path`, `table`), so
 * a name gets its kind in front and underscores. Names of the fleet have none:
 * different names stay different.
 */
const symbol = (kind: 'server' | 'upstream', name: string): string =>
  shortened(`${kind}_${name.replaceAll('-', '_')}`, LONGEST_SYMBOL, name);

/** BIRD's protocol for a server: `server_ams_s1`. */
export const serverSymbol = (server: string): string => symbol('server', server);

/** BIRD's protocol for one session with an upstream: `upstream_isp_eu_v4`. */
export const upstreamSymbol = (upstream: string, family: 4 | 6): string => symbol('upstream', `${upstream}-v${family}`);
