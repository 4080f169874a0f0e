import type { Prefix } from '../../model/address.js';
import { isInScope } from '../../model/fleet.js';
import { PrefixIndex } from '../../model/prefix-index.js';
import { tunnelsOf } from '../addresses.js';
import type { Rule } from '../judge.js';
import type { Draft, DraftCustomer } from '../schema.js';
import { alternatives, nearest, shown, type TreePath } from '../wording.js';

type DraftRoute = DraftCustomer['routes'][number];

export const routeTunnelRule: Rule = (draft, judge) => {
  for (const [customer, { tunnels, routes }] of Object.entries(draft.customers)) {
    for (const [index, { tunnel }] of routes.entries()) {
      const known = Object.keys(tunnels);
      // A tunnel that is there and wrong in itself is not missing.
      if (known.includes(tunnel) || !judge.isIntact(['customers', customer, 'tunnels', tunnel])) continue;
      const meant = nearest(tunnel, known);
      const some = known.length > 0 ? `write ${alternatives(known)}` : `write the tunnel below tunnels of ${customer}`;
      judge.refuse({
        code: 'unknown-tunnel',
        path: ['customers', customer, 'routes', index, 'tunnel'],
        message: `${customer} has no tunnel ${shown(tunnel)}`,
        remedy: meant === undefined ? some : `did you mean ${meant}?`,
      });
    }
  }
};

export const routePrefixRule: Rule = (draft, judge) => {
  for (const [customer, { prefixes, routes }] of Object.entries(draft.customers)) {
    if (!judge.isIntact(['customers', customer, 'prefixes'])) continue;
    const own = indexOf(prefixes);
    for (const [index, route] of routes.entries()) {
      if (own.holding(route.prefix).length > 0) continue;
      judge.refuse({
        code: 'route-outside',
        path: ['customers', customer, 'routes', index, 'prefix'],
        message: `${route.prefix} is not one of ${customer}'s prefixes, nor inside one`,
        remedy:
          prefixes.length > 0
            ? `write ${alternatives(prefixes.map(({ prefix }) => prefix))}, or a part of it`
            : `write it below prefixes of ${customer} first`,
      });
    }
  }
};

/** Names of sites and regions that a route counts at. */
export const routeScopeRule: Rule = (draft, judge) => {
  const known = {
    sites: Object.keys(draft.sites),
    regions: [...new Set(Object.values(draft.sites).map(({ region }) => region))],
  };
  for (const [customer, { routes }] of Object.entries(draft.customers)) {
    for (const [index, route] of routes.entries()) {
      for (const scope of ['sites', 'regions'] as const) {
        for (const [at, name] of (route[scope] ?? []).entries()) {
          if (known[scope].includes(name) || !judge.isIntact(['sites'])) continue;
          const meant = nearest(name, known[scope]);
          judge.refuse({
            code: 'unknown-scope',
            path: ['customers', customer, 'routes', index, scope, at],
            message: `the fleet has no ${scope === 'sites' ? 'site' : 'region'} ${shown(name)}`,
            remedy: meant === undefined ? `write ${alternatives(known[scope])}` : `did you mean ${meant}?`,
          });
        }
      }
    }
  }
};

export const repeatedRouteRule: Rule = (draft, judge) => {
  for (const [customer, { routes }] of Object.entries(draft.customers)) {
    const written = new Map<string, { readonly path: TreePath; readonly sites: readonly string[] }[]>();
    for (const [index, route] of routes.entries()) {
      const path = ['customers', customer, 'routes', index];
      const sites = sitesOf(draft, route);
      const id = `${route.prefix} ${route.tunnel}`;
      const others = written.get(id) ?? [];
      written.set(id, [...others, { path, sites }]);
      const other = others.find((before) => before.sites.some((site) => sites.includes(site)));
      if (!other) continue;
      const message = `the route ${route.prefix} to ${route.tunnel} is written already at ${judge.placeOf(other.path)}`;
      judge.refuse({
        code: 'repeated-route',
        path,
        message,
        remedy: 'keep one of the two; weight gives a tunnel more',
      });
    }
  }
};

/** Legal, and yet worth a word: the site does not announce the prefix. */
export const routelessSiteRule: Rule = (draft, judge) => {
  for (const [customer, { prefixes, routes }] of Object.entries(draft.customers)) {
    if (!judge.isIntact(['customers', customer, 'routes']) || !judge.isIntact(['sites'])) continue;
    if (!routes.some((route) => route.sites ?? route.regions)) continue;
    const carried = new PrefixIndex<DraftRoute>();
    for (const route of routes) carried.add(route.prefix, route);
    for (const [index, { prefix, advertise, onDemand }] of prefixes.entries()) {
      if (!(advertise || onDemand === true)) continue;
      const carrying = carried.holding(prefix);
      const without = Object.keys(draft.sites).filter(
        (site) => !carrying.some((route) => sitesOf(draft, route).includes(site)),
      );
      if (carrying.length === 0 || without.length === 0) continue;
      judge.warn({
        code: 'routeless-site',
        path: ['customers', customer, 'prefixes', index, 'prefix'],
        message: `${prefix} has no route at ${without.join(', ')}, which will not announce it`,
        remedy: 'write a route that counts there, if it should',
      });
    }
  }
};

const sitesOf = (draft: Draft, route: DraftRoute): readonly string[] =>
  Object.entries(draft.sites).flatMap(([name, { region }]) => (isInScope(route, { name, region }) ? [name] : []));

/** Who announces a prefix must know where all of it goes. */
export const advertisedRouteRule: Rule = (draft, judge) => {
  for (const [customer, { prefixes, routes }] of Object.entries(draft.customers)) {
    if (!judge.isIntact(['customers', customer, 'routes'])) continue;
    const routed = indexOf(routes);
    for (const [index, { prefix, advertise, onDemand }] of prefixes.entries()) {
      if (!(advertise || onDemand === true) || routed.holding(prefix).length > 0) continue;
      judge.refuse({
        code: 'no-route',
        path: ['customers', customer, 'prefixes', index, 'prefix'],
        message: `${prefix} is advertised and no route says which tunnel carries all of it`,
        remedy: `write { prefix: ${prefix}, tunnel: … } below routes of ${customer}, or advertise: false`,
      });
    }
  }
};

export const unusedTunnelRule: Rule = (draft, judge) => {
  for (const { customer, name, path } of tunnelsOf(draft)) {
    const routes = draft.customers[customer]?.routes ?? [];
    if (!judge.isIntact(['customers', customer, 'routes']) || routes.some(({ tunnel }) => tunnel === name)) continue;
    const message = `no route of ${customer} uses the tunnel ${name}`;
    judge.warn({ code: 'unused-tunnel', path, target: 'key', message, remedy: 'write a route to it, or take it out' });
  }
};

function indexOf(entries: readonly { readonly prefix: Prefix }[]): PrefixIndex<Prefix> {
  const index = new PrefixIndex<Prefix>();
  for (const { prefix } of entries) index.add(prefix, prefix);
  return index;
}
