/**
 * A server with one customer, built by hand. `gre-us` is a veth here: to the
 * ruleset a tunnel is a device of that name.
 *
 *   user ──eth1── (server) ──cv-acme/edge0── cv-acme ──gre-us── home
 *                    └──eth2── neighbour
 *
 * user       198.18.9.2, 198.18.10.66, 198.18.10.67, 198.51.100.66, 2001:db8:9::2
 * server     198.18.9.1, 2001:db8:9::1; endpoint 192.0.2.1
 * home       203.0.113.100, 2001:db8:acf::100; and 203.0.112.9, 2001:db8:bad::9, which are not Acme's
 * neighbour  198.18.8.2, 2001:db8:8::2
 */
import { createClock } from '../../../src/drivers/clock/clock.js';
import { createFirewallDriver } from '../../../src/drivers/firewall/firewall.js';
import type { Customer } from '../../../src/model/fleet.js';
import type { ExecResult, StreamHandle } from '../../../src/ports/exec.js';
import { serverRulesets } from '../../../src/render/nft/rulesets.js';
import { openAnchor } from '../../kernel-anchor.js';
import { viewWith } from '../../render/firewall-fleet.js';

export type Node = 'server' | 'user' | 'cv-acme' | 'home' | 'neighbour';

export interface Scene {
  run(node: Node, ...argv: [string, ...string[]]): Promise<ExecResult>;
  /** Loads a table of the test's own; fails unless nft takes it. */
  nft(node: Node, text: string): Promise<void>;
  /** Puts our rulesets in place, with changes to Acme; counters start anew. */
  install(acme?: Partial<Customer>, edit?: (ruleset: string) => string): Promise<void>;
  /** Goes from what is in place to our rulesets with other changes to Acme. */
  replace(acme?: Partial<Customer>, edit?: (ruleset: string) => string): Promise<void>;
  /** Packets on the named counters of a table, by name. */
  counted(node: Node, table?: string): Promise<Readonly<Record<string, number>>>;
  /** Accepts TCP connections on port 80, and what they send. */
  listen(node: Node): Promise<void>;
  close(): Promise<void>;
}

const pair = (a: Node, deviceA: string, b: Node, deviceB: string): string =>
  `link add name ${deviceA}${netns(a)} type veth peer name ${deviceB}${netns(b)}`;

const netns = (node: Node): string => (node === 'server' ? '' : ` netns ${node}`);

const LINKS = [
  ...['user', 'cv-acme', 'home', 'neighbour'].map((node) => `netns add ${node}`),
  pair('server', 'eth1', 'user', 'wan'),
  pair('server', 'eth2', 'neighbour', 'wan'),
  pair('server', 'cv-acme', 'cv-acme', 'edge0'),
  pair('cv-acme', 'gre-us', 'home', 'wan'),
];

const linkLocal = (device: string, end: 1 | 2): readonly string[] => [
  `addr add fe80::${end}/64 dev ${device} nodad`,
  `link set ${device} up`,
];

const SETUP: Readonly<Record<Node, readonly string[]>> = {
  server: [
    ...['eth1', 'eth2', 'cv-acme'].flatMap((device) => linkLocal(device, 1)),
    'addr add 192.0.2.1/32 dev lo',
    'addr add 198.18.9.1/24 dev eth1',
    'addr add 2001:db8:9::1/64 dev eth1 nodad',
    'addr add 198.18.8.1/24 dev eth2',
    'addr add 2001:db8:8::1/64 dev eth2 nodad',
    'route add 198.18.10.0/24 via 198.18.9.2',
    'route add 198.51.100.0/24 via 198.18.9.2',
    'rule add fwmark 0x77000000/0xff000000 iif eth1 lookup 77',
    '-6 rule add fwmark 0x77000000/0xff000000 iif eth1 lookup 77',
    'route add 203.0.113.0/24 via inet6 fe80::2 dev cv-acme table 77',
    'route add 2001:db8:acf::/48 via fe80::2 dev cv-acme table 77',
  ],
  'cv-acme': [
    'link set lo up',
    ...linkLocal('edge0', 2),
    ...linkLocal('gre-us', 1),
    'link set gre-us mtu 1476',
    'addr add 192.0.2.2/32 dev lo',
    'addr add 2001:db8:e::2/128 dev lo nodad',
    'route add 0.0.0.0/0 via inet6 fe80::1 dev edge0 src 192.0.2.2',
    '-6 route add default via fe80::1 dev edge0 src 2001:db8:e::2',
    'route add 203.0.113.0/24 via inet6 fe80::2 dev gre-us',
    'route add 2001:db8:acf::/48 via fe80::2 dev gre-us',
  ],
  home: [
    'link set lo up',
    ...linkLocal('wan', 2),
    ...['203.0.113.100/32', '203.0.112.9/32'].map((address) => `addr add ${address} dev lo`),
    ...['2001:db8:acf::100/128', '2001:db8:bad::9/128'].map((address) => `addr add ${address} dev lo nodad`),
    'route add 0.0.0.0/0 via inet6 fe80::1 dev wan src 203.0.113.100',
    '-6 route add default via fe80::1 dev wan src 2001:db8:acf::100',
  ],
  user: [
    'link set lo up',
    ...linkLocal('wan', 2),
    'addr add 198.18.9.2/24 dev wan',
    'addr add 2001:db8:9::2/64 dev wan nodad',
    ...['198.18.10.66/32', '198.18.10.67/32', '198.51.100.66/32'].map((address) => `addr add ${address} dev lo`),
    'route add default via 198.18.9.1 src 198.18.9.2',
    '-6 route add default via 2001:db8:9::1 src 2001:db8:9::2',
  ],
  neighbour: [
    ...linkLocal('wan', 2),
    'addr add 198.18.8.2/24 dev wan',
    'addr add 2001:db8:8::2/64 dev wan nodad',
    'route add default via 198.18.8.1',
    '-6 route add default via 2001:db8:8::1',
  ],
};

const FORWARDING = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0'];

export async function openScene(): Promise<Scene> {
  const anchor = await openAnchor();
  const { exec, netlink, namespaces } = anchor;
  const driver = createFirewallDriver({ exec, netlink, namespaces, clock: createClock() });
  const listeners: StreamHandle[] = [];

  const enter = (node: Node, argv: readonly [string, ...string[]]): readonly [string, ...string[]] =>
    node === 'server' ? argv : ['nsenter', `--net=/run/netns/${node}`, ...argv];

  async function demand(node: Node, argv: readonly [string, ...string[]], input?: string): Promise<string> {
    const { code, stdout, stderr } = await anchor.exec.run(enter(node, argv), {
      ...(input !== undefined && { input }),
    });
    if (code !== 0) throw new Error(`${node}: ${argv.join(' ')}: ${stderr.trim() || stdout.trim()}`);
    return stdout;
  }

  const scene: Scene = {
    run: (node, ...argv) => anchor.exec.run(enter(node, argv)),
    nft: async (node, text) => void (await demand(node, ['nft', '-f', '-'], text)),
    async install(acme, edit) {
      await driver.apply(['', 'cv-acme'].map((name) => ({ kind: 'ruleset-delete', netns: name })));
      await scene.replace(acme, edit);
    },
    async replace(acme = {}, edit = (ruleset) => ruleset) {
      const rulesets = serverRulesets(viewWith({}, acme)).filter(
        ({ netns: name }) => name === '' || name === 'cv-acme',
      );
      await driver.apply(
        rulesets.map((state) => ({
          kind: 'ruleset-replace',
          ruleset: { netns: state.netns, ruleset: edit(state.ruleset) },
        })),
      );
    },
    async counted(node, table = 'culvert') {
      const printed = JSON.parse(await demand(node, ['nft', '-j', 'list', 'counters', 'table', 'inet', table])) as {
        nftables: { counter?: { name: string; packets: number } }[];
      };
      return Object.fromEntries(
        printed.nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])),
      );
    },
    async listen(node) {
      const listener = anchor.exec.stream(
        enter(node, ['socat', '-u', 'TCP6-LISTEN:80,ipv6only=0,fork,reuseaddr', 'OPEN:/dev/null']),
        {
          line: () => undefined,
          ended: () => undefined,
        },
      );
      listeners.push(listener);
      for (let tries = 0; !(await demand(node, ['ss', '-ltnH', 'sport = :80'])).includes(':80'); tries++) {
        if (tries > 200) throw new Error(`nothing listens on ${node}`);
      }
    },
    async close() {
      await Promise.all(listeners.map((listener) => listener.stop()));
      await anchor.close();
    },
  };

  try {
    await demand('server', ['ip', '-batch', '-'], LINKS.join('\n'));
    for (const node of ['server', 'cv-acme'] as const) await demand(node, ['sysctl', '-qw', ...FORWARDING]);
    for (const node of ['user', 'home', 'neighbour'] as const)
      await demand(node, ['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0']);
    for (const [node, lines] of Object.entries(SETUP)) {
      const [plain, v6] = [
        lines.filter((line) => !line.startsWith('-6 ')),
        lines.filter((line) => line.startsWith('-6 ')),
      ];
      await demand(node as Node, ['ip', '-batch', '-'], plain.join('\n'));
      await demand(node as Node, ['ip', '-6', '-batch', '-'], v6.map((line) => line.slice(3)).join('\n'));
    }
    await scene.install({ firewall: [] });
    return scene;
  } catch (error) {
    await anchor.close();
    throw error;
  }
}
