import { routersOf, serversOf } from '../addresses.js';
import type { Rule } from '../judge.js';
import type { Draft } from '../schema.js';

/** RFC 4271 4.2: hold is 0 or at least 3; 4.4: keepalives at a third of it at most, none when it is 0. */
export const holdRule: Rule = (draft, judge) => {
  for (const { name, written, path } of routersOf(draft)) {
    const { hold, keepalive } = written;
    if (hold === 1 || hold === 2) {
      const message = `hold ${hold} of ${name} is below the smallest that BGP allows`;
      judge.refuse({
        code: 'hold-timers',
        path: [...path, 'hold'],
        message,
        remedy: 'write 3 or more seconds, or 0 for none',
      });
    } else if (keepalive !== undefined && (keepalive > hold / 3 || (keepalive === 0 && hold > 0))) {
      const remedy = hold === 0 ? 'leave keepalive out' : `write a whole number from 1 to ${Math.floor(hold / 3)}`;
      const message = `keepalive ${keepalive} of ${name} does not fit hold ${hold}`;
      judge.refuse({ code: 'hold-timers', path: [...path, 'keepalive'], message, remedy });
    } else if (hold === 0) {
      const message = `with hold 0 a dead ${name} is never noticed`;
      judge.warn({
        code: 'hold-zero',
        path: [...path, 'hold'],
        message,
        remedy: 'write hold: 9 unless BFD watches it',
      });
    }
  }
};

/**
 * The degraded level is LOCAL_PREF on iBGP and prepends on eBGP; one server's
 * path carries the one or the other, so its routers must agree.
 */
export const mixedSessionRule: Rule = (draft, judge) => {
  const routers = routersOf(draft);
  const reported = new Set<string>();
  for (const server of serversOf(draft)) {
    const asn = server.written.asn ?? draft.provider?.asn;
    const heard = routers.filter(({ site }) => site === server.site);
    const first = heard[0];
    if (asn === undefined || !first) continue;
    const kindOf = (router: (typeof heard)[number]): string => (router.written.asn === asn ? 'iBGP' : 'eBGP');
    const odd = heard.find((router) => kindOf(router) !== kindOf(first));
    if (!odd || reported.has(odd.name)) continue;
    reported.add(odd.name);
    judge.refuse({
      code: 'mixed-sessions',
      path: [...odd.path, 'asn'],
      message: `${server.name} (AS ${asn}) would speak ${kindOf(first)} to ${first.name} and ${kindOf(odd)} to ${odd.name}`,
      remedy: `write AS numbers that make both sessions ${kindOf(first)}`,
    });
  }
};

/** A server of the router's site in the router's own AS: their session is internal. */
const innerServer = (draft: Draft, { site, written }: ReturnType<typeof routersOf>[number]) =>
  serversOf(draft).find(
    (server) => server.site === site && (server.written.asn ?? draft.provider?.asn) === written.asn,
  );

/** RFC 5082; speakers set TTL 255 towards eBGP neighbours only. */
export const ttlSecurityRule: Rule = (draft, judge) => {
  for (const router of routersOf(draft)) {
    if (!router.written.ttlSecurity) continue;
    const inner = innerServer(draft, router);
    if (!inner) continue;
    const message = `ttlSecurity of ${router.name} does not work on its iBGP session with ${inner.name}`;
    judge.refuse({
      code: 'ttl-security',
      path: [...router.path, 'ttlSecurity'],
      message,
      remedy: 'leave it out, or speak eBGP',
    });
  }
};

/** GTSM (RFC 5082 2.2) is for neighbours on the link; internal sessions may take any way without being told. */
export const multihopRule: Rule = (draft, judge) => {
  for (const router of routersOf(draft)) {
    const { name, written } = router;
    if (written.multihop === undefined) continue;
    const path = [...router.path, 'multihop'];
    if (written.ttlSecurity) {
      const message = `${name} has both multihop and ttlSecurity, which takes only packets that nobody has forwarded`;
      judge.refuse({ code: 'multihop', path, message, remedy: 'leave one of them out' });
      continue;
    }
    const inner = innerServer(draft, router);
    if (!inner) continue;
    const message = `multihop of ${name} means nothing on its iBGP session with ${inner.name}`;
    judge.refuse({
      code: 'multihop',
      path,
      message,
      remedy: 'leave it out: internal sessions may cross any number of hops',
    });
  }
};
