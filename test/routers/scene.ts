/**
 * Real daemons around a fleet: two routers that run what is rendered for
 * them, and the servers and upstreams that both have. In the fleet `every`:
 *
 *   isp-a AS64496 .11 ─┐                        ┌─ s1 .11, s2 .12  AS64500          iBGP
 *                      ├─ r1 .1 FRR, r2 .2 BIRD ┼─ s3 .13, s4 .14  AS65001          eBGP, one AS
 *   isp-b AS64497 .12 ─┘       AS64500          └─ s5 .15, s6 .16  AS65002, AS65003  eBGP, differing
 *      198.18.0.0/24                   198.18.1.0/24
 */
import { fileURLToPath } from 'node:url';
import type { AnnouncedLevel } from '../../src/decide/attributes.js';
import { gateOf } from '../../src/decide/gate.js';
import { peersOf } from '../../src/decide/sessions.js';
import { createGobgpSpeaker } from '../../src/drivers/speaker/gobgp.js';
import type { Prefix } from '../../src/model/address.js';
import { type Fleet, type ServerView, viewOf } from '../../src/model/fleet.js';
import type { Path } from '../../src/model/path.js';
import type { StreamHandle } from '../../src/ports/exec.js';
import type { Speaker } from '../../src/ports/speaker.js';
import { parseRoutes, type ReceivedRoute } from '../drivers/speaker/receiver.js';
import { until } from '../drivers/speaker/until.js';
import { type Anchor, openAnchor } from '../kernel-anchor.js';
import type { Vendor } from '../../src/model/vendor.js';
import { CUSTOMERS, routerIn } from './fleets.js';
import { rendered } from './templates.js';
import { pathFor } from '../paths.js';

export const ROUTERS = ['r1', 'r2'] as const;
export const UPSTREAMS = ['isp-a', 'isp-b'] as const;
export const PAIRS = {
  internal: ['s1', 's2'],
  same: ['s3', 's4'],
  differing: ['s5', 's6'],
} as const;

export type RouterName = (typeof ROUTERS)[number];
export type UpstreamName = (typeof UPSTREAMS)[number];
export type Pair = keyof typeof PAIRS;
export type ServerName = (typeof PAIRS)[Pair][number];

export const KINDS = Object.keys(PAIRS) as readonly Pair[];

/** What isp-a sends besides: an ordinary route, and what it must not give us. */
export const FROM_UPSTREAM = {
  ordinary: '100.64.1.0/24',
  /** Added later: what was sent before it has arrived when it has. */
  later: '100.64.2.0/24',
  /** The fleet's, a part of that, the site's own network. */
  ours: ['203.0.112.0/23', '203.0.113.0/24', '198.18.1.0/24'],
} as const;

const LAY = `
ip link add lan type bridge; ip link set lan up; ip link add isp type bridge; ip link set isp up
join() { # NAMESPACE BRIDGE ADDRESS4 ADDRESS6
  [ -e /run/netns/$1 ] || { ip netns add $1; ip -n $1 link set lo up; }
  ip link add $1-$2 type veth peer name $2 netns $1; ip link set $1-$2 master $2; ip link set $1-$2 up
  ip -n $1 addr add $3/24 dev $2; ip -n $1 addr add $4/64 dev $2 nodad; ip -n $1 link set $2 up
}
${[1, 2].map((n) => `join r${n} lan 198.18.1.${n} 2001:db8:1::${n}; join r${n} isp 198.18.0.${n} 2001:db8:0:2::${n}`).join('\n')}
${[1, 2, 3, 4, 5, 6].map((n) => `join s${n} lan 198.18.1.1${n} 2001:db8:1::1${n}`).join('\n')}
${UPSTREAMS.map((name, n) => `join ${name} isp 198.18.0.1${n + 1} 2001:db8:0:2::1${n + 1}`).join('\n')}
mkdir -p /run/frr; mount -t tmpfs tmpfs /var/log; mkdir /var/log/frr; : >/run/frr/empty
chown -R frr:frr /run/frr /var/log/frr`;

const upstream = (name: UpstreamName): string => {
  const n = UPSTREAMS.indexOf(name) + 1;
  const routes = name === 'isp-a' ? [FROM_UPSTREAM.ordinary, ...FROM_UPSTREAM.ours] : [];
  const session = (router: RouterName, family: 4 | 6): string => {
    const net = family === 4 ? '198.18.0.' : '2001:db8:0:2::';
    return `protocol bgp ${router}_v${family} {
  local ${net}1${n} as ${64_495 + n}; neighbor ${net}${router.slice(1)} as 64500;
  connect delay time 1; connect retry time 1; error wait time 1, 1;
  ${name === 'isp-b' ? `password "up-${router}";` : ''}
  ipv${family} { import all; export where source = RTS_STATIC; };
}`;
  };
  return `router id 198.18.0.1${n};
protocol device {}
protocol static { ipv4; ${routes.map((route) => `route ${route} unreachable;`).join(' ')} }
protocol static later { disabled; ipv4; route ${FROM_UPSTREAM.later} unreachable; }
${ROUTERS.flatMap((router) => [session(router, 4), session(router, 6)]).join('\n')}
`;
};

export interface Scene {
  /** Gives each server of these its pair's prefixes at this level. */
  announce(servers: readonly ServerName[], level: AnnouncedLevel, leavesSite?: boolean): Promise<void>;
  /** Whatever is asked, barrier included: a server that has lost its way. */
  announceStray(server: ServerName, paths: readonly Path[]): Promise<void>;
  withdraw(server: ServerName, prefixes: readonly string[]): Promise<void>;
  view(server: ServerName): ServerView;
  /** Next hops of every route in a router's kernel, sorted, by prefix. */
  fib(router: RouterName): Promise<ReadonlyMap<string, string>>;
  /** What an upstream has from a router. */
  heard(upstream: UpstreamName, router: RouterName): Promise<readonly ReceivedRoute[]>;
  /** Has isp-a announce `FROM_UPSTREAM.later`. */
  announceLater(): Promise<void>;
  /** Its gobgpd is gone at once, without a word to anyone. */
  kill(server: ServerName): Promise<void>;
  /** Has FRR take everything from its external servers. */
  openFilter(router: 'r1'): Promise<void>;
  /** Whether a router says that its session with a server stands. */
  isEstablished(router: RouterName, server: ServerName): Promise<boolean>;
  /** What a router says of its session with a server. */
  session(router: RouterName, server: ServerName): Promise<string>;
  close(): Promise<void>;
}

const PROTO_DIR = fileURLToPath(new URL('../../protos', import.meta.url));

/** What an operator's own configuration holds around the servers' part. */
const OWN = {
  bird: `router id 198.18.1.2;
protocol device {}
protocol kernel { ipv4 { import none; export all; }; merge paths yes; }
protocol kernel { ipv6 { import none; export all; }; merge paths yes; }
`,
  frr: 'frr defaults traditional\nrouter bgp 65100\n bgp router-id 198.18.1.1\nexit\n',
} as const;

const configurationOf = (fleet: Fleet, router: RouterName, vendor: Vendor): string => {
  const text = rendered(fleet, router, vendor);
  return routerIn(fleet, router).router.upstreams.length > 0 ? text : `${OWN[vendor]}${text}`;
};

/** Starts everything; resolves when the configurations have been taken without a word. */
export async function openScene(fleet: Fleet): Promise<Scene> {
  const anchor = await openAnchor();
  const streams: StreamHandle[] = [];
  const speakers = new Map<ServerName, Speaker>();
  const close = async (): Promise<void> => {
    for (const speaker of speakers.values()) speaker.close();
    await anchor.close();
    for (const stream of streams) await stream.stop();
  };
  try {
    await startAll(anchor, fleet, streams, speakers);
  } catch (error) {
    await close();
    throw error;
  }
  const speaker = (name: ServerName): Speaker => speakers.get(name)!;
  const bird = async (node: string, ...words: readonly string[]): Promise<string> =>
    (await anchor.exec.run(['birdc', '-s', `/run/${node}.ctl`, ...words])).stdout;

  const session = async (router: RouterName, server: ServerName): Promise<string> => {
    if (router === 'r2') return bird('r2', 'show', 'protocols', 'all', `server_${server}`);
    const command = `show bgp neighbors ${viewFor(fleet, server).server.v4}`;
    return (await anchor.exec.run(['vtysh', '-c', command])).stdout;
  };

  return {
    announce: async (servers, level, leavesSite = false) => {
      await Promise.all(
        servers.map((name) => {
          const { asn, prefixes } = CUSTOMERS[pairOf(name)];
          const paths = prefixes.map((p) => pathFor(viewFor(fleet, name), level, p as Prefix, [asn], leavesSite));
          return speaker(name).apply([{ kind: 'announce', paths }]);
        }),
      );
    },
    announceStray: (name, paths) =>
      speaker(name).apply([
        { kind: 'allow', prefixes: paths.map(({ prefix }) => prefix) },
        { kind: 'announce', paths },
      ]),
    withdraw: (name, prefixes) =>
      speaker(name).apply([{ kind: 'withdraw', prefixes: prefixes.map((text) => text as Prefix) }]),
    view: (name) => viewFor(fleet, name),
    fib: async (router) => {
      const texts = await Promise.all(
        ['-4', '-6'].map(async (family) => (await anchor.exec.run(['ip', '-n', router, '-j', family, 'route'])).stdout),
      );
      return new Map(texts.flatMap((text) => JSON.parse(text || '[]') as readonly KernelRoute[]).map(nextHopsOf));
    },
    heard: async (name, router) => {
      const texts = await Promise.all(
        ['v4', 'v6'].map((family) => bird(name, 'show', 'route', 'all', 'protocol', `${router}_${family}`)),
      );
      return texts.flatMap(parseRoutes);
    },
    announceLater: async () => void (await bird('isp-a', 'enable', 'later')),
    kill: async (name) => void (await anchor.exec.run(['sh', '-c', `kill -KILL $(ip netns pids ${name})`])),
    openFilter: async () => {
      const commands = ['configure terminal', 'route-map OPEN permit 10', 'exit', 'router bgp 64500'];
      commands.push('address-family ipv4 unicast', 'neighbor EBGP-SERVERS route-map OPEN in');
      const { code, stdout } = await anchor.exec.run(['vtysh', ...commands.flatMap((command) => ['-c', command])]);
      if (code !== 0) throw new Error(stdout);
    },
    session,
    isEstablished: async (router, server) =>
      /(?:BGP state = |BGP state: +)Established/.test(await session(router, server)),
    close,
  };
}

const pairOf = (server: ServerName): Pair => KINDS.find((pair) => (PAIRS[pair] as readonly string[]).includes(server))!;

function viewFor(fleet: Fleet, server: ServerName): ServerView {
  const view = viewOf(fleet, server);
  if (!view) throw new Error(`no server ${server}`);
  return view;
}

interface KernelRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly nexthops?: readonly { readonly gateway?: string }[];
}

const nextHopsOf = ({ dst, gateway, nexthops }: KernelRoute): readonly [string, string] => [
  dst,
  (nexthops ?? [{ gateway }])
    .map((hop) => hop.gateway ?? 'link')
    .sort()
    .join(),
];

async function startAll(
  anchor: Anchor,
  fleet: Fleet,
  streams: StreamHandle[],
  speakers: Map<ServerName, Speaker>,
): Promise<void> {
  const servers = fleet.sites.flatMap((site) => site.servers.map(({ name }) => name as ServerName));
  const must = async (script: string, input = ''): Promise<void> => {
    const { code, stdout, stderr } = await anchor.exec.run(['sh', '-ec', script], { input, timeoutMs: 20_000 });
    if (code !== 0 || stdout + stderr !== '') throw new Error(`${script}: ${code} ${stdout}${stderr}`);
  };
  const background = (node: string, ...argv: readonly string[]): void => {
    const words = ['ip', 'netns', 'exec', node, ...argv] as unknown as readonly [string, ...string[]];
    streams.push(anchor.exec.stream(words, { line: () => undefined, ended: () => undefined }));
  };
  await must(LAY);
  for (const name of UPSTREAMS) await must(`cat >/run/${name}.conf`, upstream(name));
  await must('cat >/run/r2.conf', configurationOf(fleet, 'r2', 'bird'));
  await must('cat >/run/frr/frr.conf', configurationOf(fleet, 'r1', 'frr'));

  for (const node of ['r2', ...UPSTREAMS]) {
    background(node, 'bird', '-f', '-c', `/run/${node}.conf`, '-s', `/run/${node}.ctl`, '-P', `/run/${node}.pid`);
  }
  for (const daemon of ['zebra', 'bgpd']) {
    background(
      'r1',
      `/usr/lib/frr/${daemon}`,
      '-A',
      '127.0.0.1',
      '-f',
      '/run/frr/empty',
      '-i',
      `/run/frr/${daemon}.pid`,
    );
  }
  for (const name of servers) {
    background(name, 'gobgpd', '--api-hosts', `unix:///run/${name}.sock`, '--pprof-disable', '-p', '-l', 'warn');
  }
  for (const node of ['r2', ...UPSTREAMS]) {
    await until(`BIRD of ${node}`, async () => {
      const { stdout } = await anchor.exec.run(['birdc', '-s', `/run/${node}.ctl`, 'show', 'status']);
      return stdout.includes('up and running');
    });
  }
  for (const daemon of ['zebra', 'bgpd']) {
    await until(daemon, async () => (await anchor.exec.run(['vtysh', '-d', daemon, '-c', 'show version'])).code === 0);
  }
  await must(`vtysh -f /run/frr/frr.conf 2>&1 | sed '/^Graceful restart configuration changed/d'`);
  await Promise.all(servers.map(async (name) => speakers.set(name, await startSpeaker(anchor, fleet, name))));
}

/** As the guard does it: barrier, paths, peers. */
async function startSpeaker(anchor: Anchor, fleet: Fleet, name: ServerName): Promise<Speaker> {
  const view = viewFor(fleet, name);
  const socket = `unix:/proc/${anchor.pid}/root/run/${name}.sock`;
  const speaker = createGobgpSpeaker({ address: socket, protoDir: PROTO_DIR });
  await until(`gobgpd of ${name}`, async () => (await speaker.observe()).state === 'not-started');
  const { asn, prefixes } = CUSTOMERS[pairOf(name)];
  await speaker.apply([
    { kind: 'start', asn: view.server.asn, routerId: view.server.v4, listenPort: 179 },
    { kind: 'install-barrier', allow: gateOf(view).allow },
    { kind: 'announce', paths: prefixes.map((p) => pathFor(view, 'full', p as Prefix, [asn])) },
    ...peersOf(view).map((peer) => ({ kind: 'add-peer', peer }) as const),
  ]);
  return speaker;
}
