/** Who is who in lab/acme: the names and addresses that the steps speak of. */
export const SERVERS = ['ams-s1', 'ams-s2', 'sjc-s1', 'sjc-s2'] as const;
export type ServerNode = (typeof SERVERS)[number];

export interface SiteNodes {
  readonly router: 'ams-r1' | 'sjc-r1';
  readonly servers: readonly [ServerNode, ServerNode];
  readonly user: 'user-eu' | 'user-us';
  readonly isp: 'isp-eu' | 'isp-us';
}

export const AMS: SiteNodes = { router: 'ams-r1', servers: ['ams-s1', 'ams-s2'], user: 'user-eu', isp: 'isp-eu' };
export const SJC: SiteNodes = { router: 'sjc-r1', servers: ['sjc-s1', 'sjc-s2'], user: 'user-us', isp: 'isp-us' };
export const SITES = [AMS, SJC] as const;

export const UNICAST: Readonly<Record<ServerNode, string>> = {
  'ams-s1': '198.18.1.11',
  'ams-s2': '198.18.1.12',
  'sjc-s1': '198.18.2.11',
  'sjc-s2': '198.18.2.12',
};

export const ENDPOINT = '192.0.2.1';

export const ACME = {
  v4: '203.0.113.100',
  v6: '2001:db8:acf::100',
  prefix4: '203.0.113.0/24',
  prefix6: '2001:db8:acf::/48',
  server: 'acme-ftp',
  /** Tunnel ends: the customer's routers and their public addresses. */
  routers: { 'acme-r1': '198.51.100.66', 'acme-r2': '198.51.100.130' },
} as const;

/** What a server announces that its data plane carries: Acme's prefixes and the covering one of the endpoint. */
export const PREFIXES = [ACME.prefix4, ACME.prefix6, '192.0.2.0/24'] as const;

export const ACME_ROUTERS = ['acme-r1', 'acme-r2'] as const;

export const GLOBEX = { router: 'globex-r1', v4: '198.19.7.100' } as const;

export const USER_EU = { address: '198.18.10.2', attacker: '198.18.10.66' } as const;

/** Every node that a step works in. */
export const NODES: readonly string[] = [
  ...SITES.flatMap(({ router, servers, user, isp }) => [router, ...servers, user, isp]),
  ACME.server,
  ...ACME_ROUTERS,
  GLOBEX.router,
];

/** UDP port on which measurements are received. */
export const PORT = 7007;
