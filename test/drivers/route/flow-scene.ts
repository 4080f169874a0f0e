/**
 * Flows through a customer's namespace, each seen on its tunnel. Tunnels are
 * veth pairs without ARP here: to a nexthop, a tunnel is a device.
 *
 *   user ──wan══edge0── cv-acme ──gre-a══end── far-a
 *                               └─gre-b══end── far-b …
 *
 * user sends UDP to 203.0.113.100 and 2001:db8:acf::100; what arrives in a far
 * namespace is written down by source port, counted and dropped.
 */
import { pathsOf, nexthopsOf } from '../../../src/decide/nexthops.js';
import { createIproute } from '../../../src/drivers/iproute/iproute.js';
import { createRouteDriver } from '../../../src/drivers/route/route.js';
import { familyOf, type Family } from '../../../src/model/address.js';
import type { Customer } from '../../../src/model/fleet.js';
import type { TunnelHealth } from '../../../src/model/health.js';
import { TABLE_MAIN, type Hashing, type KernelDesired, type KernelOp } from '../../../src/model/kernel.js';
import { inOrder } from '../../../src/model/kernel-order.js';
import { netnsOf } from '../../../src/model/naming.js';
import { gathered } from '../../../src/model/routes-alike.js';
import { planKernel } from '../../../src/plan/kernel.js';
import type { RouteDriver } from '../../../src/ports/kernel.js';
import { acme, acmeFleet } from '../../acme.js';
import { openAnchor, type Anchor } from '../../kernel-anchor.js';
import { until } from '../speaker/until.js';

export const NETNS = netnsOf(acme.name);
const PORT = 7007;
const TARGETS: Readonly<Record<Family, string>> = { 4: '203.0.113.100', 6: '2001:db8:acf::100' };

const GATEWAYS: Readonly<Record<Family, string>> = { 4: '198.18.9.1', 6: '2001:db8:9::1' };

/** Source port to tunnel. */
export type Flows = ReadonlyMap<number, string>;

/** Acme with other tunnels, all of one priority: name to weight. */
export function customerWith(weights: Readonly<Record<string, number>>): Customer {
  const [tunnel] = acme.tunnels;
  if (!tunnel) throw new Error('acme has no tunnel');
  return {
    ...acme,
    tunnels: Object.keys(weights).map((name) => ({ ...tunnel, name })),
    routes: acme.prefixes.flatMap(({ prefix }) =>
      Object.entries(weights).map(([name, weight]) => ({ prefix, tunnel: name, priority: 100, weight })),
    ),
  };
}

export interface Wish {
  readonly customer: Customer;
  readonly hashing?: Hashing['kind'];
  /** Those that are down. */
  readonly down?: readonly string[];
  /** In place of the timers that groups have. */
  readonly timers?: { readonly idleTimer: number; readonly unbalancedTimer: number };
}

export const NOTHING: KernelDesired = {
  ...{ namespaces: [], veths: [], addresses: [], rules: [], routes: [], nexthops: [] },
  ...{ sysctls: [], tunnels: [], rulesets: [] },
};

function desiredFor({ customer, hashing = 'resilient', down = [], timers }: Wish): KernelDesired {
  const health = (tunnel: string): TunnelHealth => (down.includes(tunnel) ? 'down' : 'up');
  const routes = pathsOf(customer, hashing).map(({ prefix: destination, target }) => ({
    ...{ netns: NETNS, family: familyOf(destination), table: TABLE_MAIN },
    destination,
    target,
  }));
  const nexthops = nexthopsOf(customer, health, acmeFleet.safety.tunnels, hashing).map((nexthop) => {
    const { target } = nexthop;
    if (!timers || target.kind !== 'group' || target.hashing.kind !== 'resilient') return nexthop;
    return { ...nexthop, target: { ...target, hashing: { ...target.hashing, ...timers } } };
  });
  return inOrder({ ...NOTHING, routes: gathered(routes), nexthops });
}

const pairOf = (tunnel: string, index: number): readonly string[] => {
  const mac = `02:00:00:00:01:${(index + 16).toString(16)}`;
  return [
    `ip netns add far-${tunnel}`,
    `ip link add gre-${tunnel} netns ${NETNS} address ${mac} type veth peer name end netns far-${tunnel} address ${mac}`,
    `ip -n far-${tunnel} link set end arp off addrgenmode none`,
    `ip -n far-${tunnel} link set end up`,
    `ip -n ${NETNS} link set gre-${tunnel} arp off addrgenmode none`,
    `ip -n ${NETNS} link set gre-${tunnel} up`,
    `ip netns exec far-${tunnel} nft -f - <<'END'
table inet flows {
  counter got { }
  set seen4 { type inet_service; size 65535; flags dynamic; }
  set seen6 { type inet_service; size 65535; flags dynamic; }
  chain arrived {
    type filter hook prerouting priority -300
    udp dport != ${PORT} drop
    meta l4proto != udp accept
    counter name got
    meta nfproto ipv4 add @seen4 { udp sport } drop
    add @seen6 { udp sport } drop
  }
}
END`,
  ];
};

const SETUP = [
  'ip netns add user',
  `ip netns add ${NETNS}`,
  `ip link add wan netns user type veth peer name edge0 netns ${NETNS}`,
  'ip -n user addr add 198.18.9.2/24 dev wan',
  'ip -n user addr add 2001:db8:9::2/64 dev wan nodad',
  'ip -n user link set wan up',
  `ip -n ${NETNS} link set lo up`,
  `ip -n ${NETNS} addr add 198.18.9.1/24 dev edge0`,
  `ip -n ${NETNS} addr add 2001:db8:9::1/64 dev edge0 nodad`,
  `ip -n ${NETNS} link set edge0 up`,
  'ip -n user route add default via 198.18.9.1',
  'ip -n user -6 route add default via 2001:db8:9::1',
  `ip netns exec ${NETNS} sysctl -qw ${[
    'net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
    'net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1',
  ].join(' ')}`,
];

/** Without --norc it would take its standard input, a socket, for a login from afar, and read the user's .bashrc first, which may take a second. */
const BASH = ['bash', '--norc', '-c'] as const;

/** One socket per flow, held open; every burst sends one datagram on each. `stream` sends bursts until the next line. */
const SENDER = `
ulimit -n $(($1 + 64))
for ((n = 0; n < $1; n++)); do exec {fd}>/dev/udp/$2/${PORT}; fds+=($fd); done
burst() { for fd in "\${fds[@]}"; do printf x >&$fd; done 2>/dev/null; sent=$((sent + $1)); }
echo ready
while read -r word; do
  sent=0
  case $word in
    burst) burst $1 ;;
    stream) until read -r -t "$3" word; do burst $1; done ;;
  esac
  echo "$sent"
done
`;

/** Lines to a program, each answered with one. */
class Sender {
  private answer: ((line: string) => void) | undefined;
  private failed: ((error: Error) => void) | undefined;
  private readonly program;

  constructor(
    { exec }: Anchor,
    readonly flows: number,
    readonly family: Family,
    pause: string,
  ) {
    const argv = [...BASH, SENDER, 'sender', String(flows), TARGETS[family], pause] as const;
    this.program = exec.stream(['ip', 'netns', 'exec', 'user', ...argv], {
      line: (text) => this.answer?.(text),
      ended: (reason) => this.failed?.(new Error(`the sender has ended: ${reason}`)),
    });
  }

  next(word?: string): Promise<string> {
    const answered = new Promise<string>((resolve, reject) => ([this.answer, this.failed] = [resolve, reject]));
    if (word !== undefined) this.program.write(word);
    return answered;
  }

  tell(word: string): void {
    this.program.write(word);
  }

  stop(): Promise<void> {
    return this.program.stop();
  }
}

export interface FlowSceneOptions {
  readonly tunnels: readonly string[];
  /** Of each family. */
  readonly flows: number;
  readonly families?: readonly Family[];
  /** Seconds between the bursts of a stream. */
  readonly pause?: string;
}

export class FlowScene {
  readonly driver: RouteDriver;
  private readonly senders: Sender[] = [];

  private constructor(
    readonly anchor: Anchor,
    private readonly options: FlowSceneOptions,
  ) {
    this.driver = createRouteDriver(createIproute(anchor.exec), anchor.rtnetlink, acmeFleet.kernel);
  }

  static async open(options: FlowSceneOptions): Promise<FlowScene> {
    const scene = new FlowScene(await openAnchor(), options);
    try {
      await scene.shell([...SETUP, ...options.tunnels.flatMap(pairOf)].join('\n'));
      for (const family of options.families ?? [4]) {
        const sender = new Sender(scene.anchor, options.flows, family, options.pause ?? '0.001');
        scene.senders.push(sender);
        await sender.next();
        await until(`the gateway of IPv${family} answers`, () => scene.answers(GATEWAYS[family]));
      }
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.senders.map((sender) => sender.stop()));
    await this.anchor.close();
  }

  async shell(script: string): Promise<string> {
    const end = await this.anchor.exec.run([...BASH, `set -e\n${script}`], { timeoutMs: 20_000 });
    if (end.code !== 0) throw new Error(`${script}: ${end.stderr}`);
    return end.stdout;
  }

  private async answers(address: string): Promise<boolean> {
    const ping = ['ip', 'netns', 'exec', 'user', 'ping', '-c', '1', '-W', '1', address] as const;
    return (await this.anchor.exec.run(ping)).code === 0;
  }

  /** What is to be done, as the agent would find it. */
  async planFor(wish: Wish, prune = false): Promise<readonly KernelOp[]> {
    const { routes, nexthops } = await this.driver.observe([NETNS], NOTHING);
    return planKernel(desiredFor(wish), { ...NOTHING, rulesets: [], uplinks: [], routes, nexthops }, { prune });
  }

  /** Brings a wish about; resolves to what was done. */
  async reach(wish: Wish, prune = false): Promise<readonly KernelOp[]> {
    const ops = await this.planFor(wish, prune);
    await this.driver.apply(ops as Parameters<RouteDriver['apply']>[0]);
    const left = await this.planFor(wish, prune);
    if (left.length > 0) throw new Error(`not reached: ${JSON.stringify(left)}`);
    return ops;
  }

  /** Sends one datagram of each flow and sees which tunnel each took. Flows that arrived nowhere are absent. */
  async flows(family: Family = 4): Promise<Flows> {
    await this.forget();
    await this.senderOf(family).next('burst');
    await this.settled();
    return this.seen(family);
  }

  /** Sends all flows over and over, from before `during` until after it; resolves to packets sent and lost, and how long they were sent. */
  async streaming(
    during: () => Promise<unknown>,
    family: Family = 4,
  ): Promise<{ readonly sent: number; readonly lost: number; readonly ms: number }> {
    await this.forget();
    const sender = this.senderOf(family);
    const began = performance.now();
    const over = sender.next('stream');
    await until('packets flow', async () => (await this.got()) > 0);
    await during();
    const before = await this.got();
    await until('packets flow on', async () => (await this.got()) > before + this.options.flows);
    sender.tell('stop');
    const sent = Number(await over);
    const ms = performance.now() - began;
    return { sent, lost: sent - (await this.settled()), ms };
  }

  private senderOf(family: Family): Sender {
    const sender = this.senders.find((one) => one.family === family);
    if (!sender) throw new Error(`no flows of IPv${family}`);
    return sender;
  }

  private async seen(family: Family): Promise<Flows> {
    const flows = new Map<number, string>();
    for (const tunnel of this.options.tunnels) {
      const text = await this.shell(`ip netns exec far-${tunnel} nft -j list set inet flows seen${family}`);
      const { nftables } = JSON.parse(text) as {
        readonly nftables: readonly { readonly set?: { readonly elem?: readonly number[] } }[];
      };
      for (const port of nftables.flatMap(({ set }) => set?.elem ?? [])) {
        if (flows.has(port)) throw new Error(`port ${port} was seen on ${flows.get(port)} and on ${tunnel}`);
        flows.set(port, tunnel);
      }
    }
    return flows;
  }

  private async forget(): Promise<void> {
    await this.everywhere('flush set inet flows seen4; flush set inet flows seen6; reset counter inet flows got');
  }

  private async got(): Promise<number> {
    const text = await this.everywhere('list counter inet flows got');
    return [...text.matchAll(/packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
  }

  /** Packets that have arrived when no more do. */
  private async settled(): Promise<number> {
    let last = -1;
    return until('no more packets', async () => {
      const before = last;
      last = await this.got();
      return last === before ? last : undefined;
    });
  }

  private everywhere(commands: string): Promise<string> {
    return this.shell(this.options.tunnels.map((tunnel) => `ip netns exec far-${tunnel} nft '${commands}'`).join('\n'));
  }
}

/** Flows by tunnel. */
export function shares(flows: Flows): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const tunnel of flows.values()) counts[tunnel] = (counts[tunnel] ?? 0) + 1;
  return counts;
}

/** Flows that took another tunnel than before, of those that `were` on one of these. */
export function moved(before: Flows, after: Flows, were: (tunnel: string) => boolean = () => true): number {
  return [...before].filter(([port, tunnel]) => were(tunnel) && after.get(port) !== tunnel).length;
}
