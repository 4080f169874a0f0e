/**
 * ```
 *   cv-acme                 default namespace                  isp                      cpe
 *   gre-us ············ 192.0.2.1, 198.18.1.11 ─── 198.18.1.1 · 198.51.100.65 ─── 198.51.100.66
 *   (TUN by tund)                      ▲ answers: outside the tunnel, to 198.18.1.11 ─────┘
 * ```
 * isp has no route to 192.0.2.1: as if the customer's way to the anycast
 * address led to another site.
 */
import { createProber } from '../../../src/drivers/probe/prober.js';
import { createTunTunnels } from '../../../src/drivers/tunnel/tun/tun-tunnels.js';
import { address } from '../../../src/model/address.js';
import type { ProbeSample } from '../../../src/model/health.js';
import type { TunnelState } from '../../../src/model/kernel.js';
import type { ProbeSpec, Prober } from '../../../src/ports/prober.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';
import { eventually } from '../syscall/eventually.js';
import { transpiled, type Program } from '../syscall/transpiled.js';

const missing = await whyNoAnchor();
if (missing !== undefined) console.warn(`probes through tunnels are not tested: ${missing}`);
const whenPossible = missing === undefined ? describe : describe.skip;

const NODES = `
for n in cv-acme isp cpe; do ip netns add $n; ip -n $n link set lo up; done
ip link add v0 type veth peer name v0 netns isp
ip -n isp link add v1 type veth peer name v1 netns cpe
ip address add 192.0.2.1/32 dev lo; ip address add 198.18.1.11/24 dev v0; ip link set v0 up
ip -n isp address add 198.18.1.1/24 dev v0; ip -n isp link set v0 up
ip -n isp address add 198.51.100.65/30 dev v1; ip -n isp link set v1 up
ip netns exec isp sysctl -qw net.ipv4.ip_forward=1
ip -n cpe address add 198.51.100.66/30 dev v1; ip -n cpe link set v1 up
ip -n cpe route add default via 198.51.100.65
ip route add default via 198.18.1.1
ip address add 2001:db8:1::11/64 dev v0 nodad; ip -n isp address add 2001:db8:1::1/64 dev v0 nodad
ip -n isp address add 2001:db8:2::65/64 dev v1 nodad; ip -n cpe address add 2001:db8:2::66/64 dev v1 nodad
ip netns exec isp sysctl -qw net.ipv6.conf.all.forwarding=1
ip -n cpe route add default via 2001:db8:2::65; ip route add default via 2001:db8:1::1
`;

const GRE_US: TunnelState = {
  netns: 'cv-acme',
  name: 'gre-us',
  local: address('192.0.2.1'),
  remote: address('198.51.100.66'),
  mtu: 1476,
  up: true,
};

const SPEC: ProbeSpec = {
  customer: 'acme',
  tunnel: 'us',
  netns: 'cv-acme',
  device: 'gre-us',
  kind: 'request',
  source: address('198.18.1.11'),
  target: address('198.51.100.66'),
  intervalMs: 20,
  timeoutMs: 100,
};

whenPossible('probes', () => {
  let programs: Program[] = [];
  let anchor: Anchor;
  let prober: Prober;
  const samples: ProbeSample[] = [];
  let reasons: string[] = [];

  const sh = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await anchor.exec.run(['sh', '-ec', script], { timeoutMs: 15_000 });
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout;
  };
  const up = (argv: readonly [string, ...string[]]): Promise<void> =>
    new Promise((resolve, reject) => {
      anchor.exec.stream(argv, { line: () => resolve(), ended: (reason) => reject(new Error(reason)) });
    });
  const addTunnel = () =>
    createTunTunnels({
      exec: anchor.exec,
      rtnetlink: anchor.rtnetlink,
      socket: `/proc/${anchor.pid}/root/run/culvert/tund.sock`,
    }).apply([{ kind: 'tunnel-add', tunnel: GRE_US }]);
  /** Waits for `count` samples after now, and returns them. */
  const next = async (count: number): Promise<readonly ProbeSample[]> => {
    const from = samples.length;
    await eventually(() => samples.length >= from + count);
    return samples.slice(from);
  };
  const outcomes = (some: readonly ProbeSample[]): string => [...new Set(some.map(({ outcome }) => outcome))].join();
  /** Waits until a run of samples all end like this. */
  const settled = (outcome: ProbeSample['outcome']) => eventually(async () => outcomes(await next(5)) === outcome);

  beforeAll(async () => {
    programs = await Promise.all(['src/main/tund.ts', 'src/main/prober.ts'].map(transpiled));
    const [tund, child] = programs.map(({ path }) => path) as [string, string];
    anchor = await openAnchor();
    await sh(NODES);
    const router = 'name=gre1,local=198.51.100.66,remote=192.0.2.1,address=10.255.0.1/31';
    await Promise.all([
      up(['node', tund, '--socket', '/run/culvert/tund.sock']),
      up(['ip', 'netns', 'exec', 'cpe', 'node', tund, '--static', router]),
    ]);
    await sh('ip netns exec cpe sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gre1.rp_filter=0');
    await addTunnel();
    prober = createProber({ exec: anchor.exec, argv: ['node', child] });
    prober.start({ sample: (sample) => samples.push(sample), broken: (reason) => reasons.push(reason) });
  });
  afterAll(async () => {
    await prober.stop();
    await anchor.close();
    for (const program of programs) await program.remove();
  });
  beforeEach(async () => {
    prober.configure([SPEC]);
    await settled('answered');
    reasons = [];
  });

  test('go through the tunnel and are answered outside it', async () => {
    const [sample] = await next(1);
    expect(sample).toMatchObject({ customer: 'acme', tunnel: 'us', outcome: 'answered' });
    expect(sample?.roundTrip).toBeGreaterThan(0);
    expect(sample?.roundTrip).toBeLessThan(100);
    expect(Math.abs((sample?.at ?? 0) - Number(process.hrtime.bigint()) / 1e6)).toBeLessThan(2_000);
    const counted = async (way: 'rx' | 'tx') =>
      Number(await sh(`ip netns exec cv-acme cat /sys/class/net/gre-us/statistics/${way}_packets`));
    const [sent, received] = [await counted('tx'), await counted('rx')];
    await next(5);
    expect(await counted('tx')).toBeGreaterThan(sent);
    expect(await counted('rx')).toBe(received);
  });

  test('are not confused by another prober and by ping with the same identifiers', async () => {
    const pings = sh('ping -q -i 0.01 -c 50 198.51.100.66 >/dev/null');
    const mine: ProbeSample[] = [];
    const other = createProber({ exec: anchor.exec, argv: ['node', programs[1]?.path ?? ''] });
    other.start({ sample: (sample) => mine.push(sample), broken: (reason) => reasons.push(reason) });
    other.configure([{ ...SPEC, target: address('198.51.100.98') }]);
    await eventually(() => mine.length >= 10);
    await other.stop();
    await pings;
    expect(outcomes(mine)).toBe('lost');
    expect(outcomes(await next(3))).toBe('answered');
  });

  test('are lost when the underlay drops, and answered again', async () => {
    await sh(
      'ip netns exec isp nft "add table t; add chain t f { type filter hook forward priority 0; }; add rule t f ip protocol gre drop"',
    );
    await settled('lost');
    const [sample] = await next(1);
    expect(sample).not.toHaveProperty('roundTrip');
    await sh('ip netns exec isp nft delete table t');
    await settled('answered');
  });

  test('prove nothing while the device is gone, and go on when it is back', async () => {
    await sh('ip -n cv-acme link delete gre-us');
    await settled('unsent');
    expect((await next(1))[0]?.detail).toBe('setsockopt SO_BINDTODEVICE gre-us: ENODEV');
    await addTunnel();
    await settled('answered');
  });

  test('a down device is unsent, too', async () => {
    await sh('ip -n cv-acme link set gre-us down');
    await settled('unsent');
    await sh('ip -n cv-acme link set gre-us up');
    await settled('answered');
  });

  test('do not keep a deleted namespace alive', async () => {
    await sh('ip link add v9 type veth peer name v9 netns cv-acme; ip netns delete cv-acme');
    await eventually(async () => (await anchor.exec.run(['ip', 'link', 'show', 'v9'])).code !== 0);
    await settled('unsent');
    expect((await next(1))[0]?.detail).toBe('open /run/netns/cv-acme: ENOENT, it is not there');
    await sh('ip netns add cv-acme');
    await addTunnel();
    await settled('answered');
  });

  test('of IPv6, where a route leads through the device', async () => {
    prober.configure([{ ...SPEC, source: address('2001:db8:1::11'), target: address('2001:db8:2::66') }]);
    await settled('unsent');
    await sh('ip -n cv-acme route add 2001:db8:2::/64 dev gre-us');
    await settled('answered');
  });

  test('of kind reply come back from a router that only forwards them, and not from one that filters them', async () => {
    const source = address('203.0.113.7');
    await sh('ip netns exec cpe sysctl -qw net.ipv4.ip_forward=1');
    await sh('ip netns exec cpe nft "add table t; add chain t o { type filter hook output priority 0; policy drop; }"');
    prober.configure([{ ...SPEC, kind: 'reply', source, target: SPEC.source }]);
    await settled('answered');
    await sh(
      'ip netns exec cpe nft "add chain t f { type filter hook forward priority 0; ip saddr 203.0.113.7 drop; }"',
    );
    await settled('lost');
    await sh('ip netns exec cpe nft delete table t');
    await settled('answered');
  });

  test('that stay in the list keep their beat', async () => {
    prober.configure([{ ...SPEC, intervalMs: 500 }]);
    await next(1);
    const from = samples.length;
    for (let i = 0; i < 50; i++)
      prober.configure([
        { ...SPEC, intervalMs: 500 },
        { ...SPEC, tunnel: `t${i}`, intervalMs: 3_600_000 },
      ]);
    await eventually(() => samples.slice(from).filter(({ tunnel }) => tunnel === 'us').length >= 3);
    const ours = samples.slice(from).filter(({ tunnel }) => tunnel === 'us');
    const gaps = ours.slice(1).map(({ at }, i) => at - (ours[i]?.at ?? 0));
    for (const gap of gaps) expect(Math.abs(gap - 500)).toBeLessThan(100);
  });

  test('a killed child is reported and replaced', async () => {
    await sh(
      `for p in /proc/[0-9]*; do if grep -aq 'main/prober.js' $p/cmdline && grep -aq ^node $p/cmdline; then kill -KILL \${p#/proc/}; fi; done`,
    );
    await eventually(() => reasons.length === 1);
    expect(reasons[0]).toMatch(/^the prober ended: /);
    await settled('answered');
  });

  test('200 of them at 200 ms are all answered, at little cost', async () => {
    const targets = Array.from({ length: 200 }, (_, i) => ({
      ...SPEC,
      tunnel: `t${i}`,
      intervalMs: 200,
      timeoutMs: 1_000,
    }));
    prober.configure(targets);
    await eventually(() => new Set(samples.map(({ tunnel }) => tunnel)).size > 200);
    const ticks = () =>
      sh(
        `for p in /proc/[0-9]*; do if grep -aq 'main/prober.js' $p/cmdline && grep -aq ^node $p/cmdline; then awk '{print $14+$15}' $p/stat; fi; done`,
      );
    const [began, before] = [Date.now(), Number(await ticks())];
    const seen = await next(2_000);
    const share = (Number(await ticks()) - before) / ((Date.now() - began) / 10);
    console.info(`200 probes at 200 ms: ${(100 * share).toFixed(1)} % of a core`);
    expect(outcomes(seen)).toBe('answered');
    expect(share).toBeLessThan(0.5);
  });
});

test('a child ends when its standard input does', async () => {
  const program = await transpiled('src/main/prober.ts');
  const { createExec } = await import('../../../src/drivers/exec/exec.js');
  try {
    const { code, stderr } = await createExec().run(['node', program.path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const bad = await createExec().run(['node', program.path], { input: '{"probes":[{}]}\n' });
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toHaveProperty('broken');
  } finally {
    await program.remove();
  }
});
