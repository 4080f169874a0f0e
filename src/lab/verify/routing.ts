/** What the lab's routers hold, asked of their own daemons and kernels. */
import { serverSymbol } from '../../render/router/symbols.js';
import { ACME, ACME_ROUTERS, AMS, SITES, UNICAST, type ServerNode, type SiteNodes } from './acme.js';
import { expect, type Field } from './field.js';

export const bird = (field: Field, node: string, ...command: readonly string[]): Promise<string> =>
  field.run(node, ['birdc', ...command]);

/** What a site's BIRD router has learned from one of its servers. */
export const learnedFrom = (field: Field, router: string, server: ServerNode): Promise<string> =>
  bird(field, router, 'show', 'route', 'protocol', serverSymbol(server));

/** AS paths of every route a BIRD router has for a prefix, the best one first. */
export async function asPaths(field: Field, node: string, prefix: string): Promise<readonly string[]> {
  const text = await field.attempt(node, ['birdc', 'show', 'route', 'for', prefix, 'all']);
  return [...text.stdout.matchAll(/BGP\.as_path: *([\d ]*)/g)].map((match) => (match[1] ?? '').trim());
}

/** `true`: Acme announces its own prefixes, as before the story; `false`: it leaves that to the sites. */
export async function acmeAnnounces(field: Field, announces: boolean): Promise<void> {
  for (const router of ACME_ROUTERS) {
    for (const protocol of ['own4', 'own6']) await bird(field, router, announces ? 'enable' : 'disable', protocol);
  }
  const wanted = announces ? '64512' : '64500 64512';
  for (const { isp } of SITES) {
    for (const prefix of [ACME.prefix4, ACME.prefix6]) {
      let saw = '';
      await field.until(
        `${isp} prefers ${wanted} for ${prefix}`,
        20_000,
        async () => {
          const paths = await asPaths(field, isp, prefix);
          saw = paths.join(', ') || 'no path';
          return paths[0] === wanted ? true : undefined;
        },
        () => saw,
      );
    }
  }
}

/** Next hops of a prefix in the kernel's own table, sorted; what the daemons believe is not asked. */
async function nextHops(field: Field, router: string, prefix: string): Promise<readonly string[]> {
  const family = prefix.includes(':') ? '-6' : '-4';
  const routes = JSON.parse(
    (await field.run(router, ['ip', '-j', family, 'route', 'show', prefix])) || '[]',
  ) as readonly {
    readonly gateway?: string;
    readonly via?: { readonly host: string };
    readonly flags?: readonly string[];
    readonly nexthops?: readonly { readonly gateway?: string; readonly flags?: readonly string[] }[];
  }[];
  return routes
    .flatMap((route) => route.nexthops ?? [route])
    .filter((hop) => !(hop.flags ?? []).some((flag) => flag === 'dead' || flag === 'linkdown'))
    .flatMap((hop) => hop.gateway ?? [])
    .sort();
}

/** Waits until a site's router spreads Acme's prefixes over exactly these servers, in its kernel. */
export function spreadOver(
  field: Field,
  site: SiteNodes,
  servers: readonly ServerNode[],
  boundMs: number,
  prefix: string = ACME.prefix4,
): Promise<{ tookMs: number }> {
  let saw = '';
  const wanted = servers
    .map((server) => (prefix.includes(':') ? v6Of(server) : UNICAST[server]))
    .sort()
    .join();
  return field.until(
    `${site.router} routes ${prefix} over ${servers.join(' and ') || 'no server'}`,
    boundMs,
    async () => {
      saw = (await nextHops(field, site.router, prefix)).join();
      return saw === wanted ? true : undefined;
    },
    () => saw || 'no next hop',
  );
}

const v6Of = (server: ServerNode): string => {
  const [, site, host] = /^198\.18\.(\d+)\.(\d+)$/.exec(UNICAST[server]) ?? [];
  return `2001:db8:${site}::${host}`;
};

/** The device of a router that leads to an address. */
export async function deviceTo(field: Field, router: string, address: string): Promise<string> {
  const [route] = JSON.parse(await field.run(router, ['ip', '-j', 'route', 'get', address])) as readonly {
    readonly dev?: string;
  }[];
  expect(route?.dev !== undefined, `${router} has no route to ${address}`);
  return route.dev;
}

/** BGP UPDATE messages that a site's router has received from each of its servers. */
async function updatesReceived(field: Field, site: SiteNodes): Promise<Readonly<Record<string, number>>> {
  return site === AMS ? frrUpdates(field, site) : birdUpdates(field, site);
}

/** No server of these sites sends its router an UPDATE while `during` runs. */
export async function noUpdate(
  field: Field,
  sites: readonly SiteNodes[],
  what: string,
  during: () => Promise<void>,
): Promise<void> {
  const count = async (): Promise<string> =>
    JSON.stringify(Object.assign({}, ...(await Promise.all(sites.map((site) => updatesReceived(field, site))))));
  const before = await count();
  await during();
  const after = await count();
  expect(after === before, `${what}: UPDATEs were ${before} before, ${after} after`);
  field.say(`${what}: no UPDATE at ${sites.map(({ router }) => router).join(' and ')}`);
}

async function frrUpdates(field: Field, site: SiteNodes): Promise<Readonly<Record<string, number>>> {
  const neighbours = JSON.parse(await field.run(site.router, ['vtysh', '-c', 'show bgp neighbors json'])) as Readonly<
    Record<string, { readonly messageStats?: { readonly updatesRecv: number } }>
  >;
  return Object.fromEntries(
    site.servers.map((server) => {
      const updates = neighbours[UNICAST[server]]?.messageStats?.updatesRecv;
      expect(updates !== undefined, `${site.router} does not know its neighbour ${server}`);
      return [server, updates];
    }),
  );
}

/** BIRD counts routes rather than messages: every announce and withdraw that came in. */
async function birdUpdates(field: Field, site: SiteNodes): Promise<Readonly<Record<string, number>>> {
  const entries = await Promise.all(
    site.servers.map(async (server) => {
      const text = await bird(field, site.router, 'show', 'protocols', 'all', serverSymbol(server));
      const counts = [...text.matchAll(/Import (?:updates|withdraws): +(\d+)/g)].map((match) => Number(match[1]));
      expect(counts.length >= 2, `${site.router} does not know its neighbour ${server}: ${text.slice(0, 200)}`);
      return [server, counts.reduce((sum, count) => sum + count, 0)] as const;
    }),
  );
  return Object.fromEntries(entries);
}
