/**
 * ```
 *   cv-acme              default namespace                           far
 *   edge0 fe80::2 ────── cv-acme                              198.18.1.1  services
 *   192.0.2.2            198.18.1.11, 198.18.1.12 ── v0 ─────  (v0)       203.0.113.9 services
 *   gre-us ············· as if it led to far:  203.0.113.0/24
 * ```
 * gre-us is a veth pair whose far end answers to 198.18.1.11 outside of it.
 */
import { createChecker } from '../../../src/drivers/check/checker.js';
import { address } from '../../../src/model/address.js';
import type { ActiveProbe, CheckSample, CheckSpec, HttpProbe } from '../../../src/model/check.js';
import type { Address } from '../../../src/model/address.js';
import type { Checker } from '../../../src/ports/checker.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../../kernel-anchor.js';
import { eventually } from '../syscall/eventually.js';
import { transpiled, type Program } from '../syscall/transpiled.js';

const missing = await whyNoAnchor();
if (missing !== undefined) console.warn(`checks are not tested: ${missing}`);
const whenPossible = missing === undefined ? describe : describe.skip;

const NODES = `
for n in cv-acme far; do ip netns add $n; ip -n $n link set lo up; done
ip link add v0 type veth peer name v0 netns far
ip address add 198.18.1.11/24 dev v0; ip address add 198.18.1.12/24 dev v0; ip link set v0 up
ip address add 2001:db8:1::11/64 dev v0 nodad
ip -n far address add 198.18.1.1/24 dev v0; ip -n far address add 203.0.113.9/32 dev lo
ip -n far address add 2001:db8:1::1/64 dev v0 nodad; ip -n far link set v0 up
ip route add 198.51.100.0/24 via 198.18.1.1; ip -n far route add blackhole 198.51.100.0/24
ip route add unreachable 192.0.2.128/25
ip -n cv-acme address add 10.255.0.0/31 dev lo; ip -n cv-acme address add 127.0.0.9/8 dev lo
ip link add gre-us netns cv-acme type veth peer name gre0 netns far
ip -n cv-acme link set gre-us up; ip -n far link set gre0 up
ip netns exec far sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gre0.rp_filter=0
ip -n cv-acme neigh add 203.0.113.9 lladdr $(ip netns exec far cat /sys/class/net/gre0/address) dev gre-us
# A new veth carries IPv6 only once the kernel has told addrconf of its carrier, up to a second later.
timeout 10 sh -c 'until ping -c 1 -W 1 -I 2001:db8:1::11 2001:db8:1::1 >/dev/null; do :; done'
mkdir -p /run/programs; cd /run/programs
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=acme.example \\
  -addext subjectAltName=DNS:acme.example -keyout key.pem -out cert.pem 2>/dev/null
`;

/** Programs of exec checks, each in a file of its own. */
const PROGRAMS: Readonly<Record<string, string>> = {
  fine: 'exit 0',
  sick: 'echo "CRITICAL: no disk left"; echo more; exit 2',
  hangs: 'sleep 1000 & sleep 1000 & echo $! > /run/programs/child; wait',
  prints: 'head -c 10000000 /dev/zero; exit 0',
  leaves: 'sleep 1001 & exit 0',
  where: 'test "$(cat /sys/class/net/lo/operstate >/dev/null; ip -o address show to 10.255.0.0/31)" != ""',
  killed: 'kill -SEGV $$',
};

whenPossible('checks', () => {
  let programs: Program[] = [];
  let anchor: Anchor;
  let checker: Checker;
  let samples: CheckSample[] = [];
  const reasons: string[] = [];

  const sh = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await anchor.exec.run(['sh', '-ec', script], { timeoutMs: 15_000 });
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout;
  };
  const up = (argv: readonly [string, ...string[]]): Promise<void> =>
    new Promise((resolve, reject) => {
      anchor.exec.stream(argv, { line: () => resolve(), ended: (reason) => reject(new Error(reason)) });
    });

  beforeAll(async () => {
    programs = await Promise.all(['test/drivers/check/responders.ts', 'src/main/checker.ts'].map(transpiled));
    const [responders, child] = programs.map(({ path }) => path) as [string, string];
    anchor = await openAnchor();
    await sh(NODES);
    for (const [name, text] of Object.entries(PROGRAMS)) {
      await sh(`printf '%s\\n' '#!/bin/sh' '${text}' > /run/programs/${name}; chmod 755 /run/programs/${name}`);
    }
    const tls = ['/run/programs/cert.pem', '/run/programs/key.pem'];
    await Promise.all([
      up(['node', responders, '127.0.0.1', ...tls]),
      up(['node', responders, '::1']),
      up(['ip', 'netns', 'exec', 'far', 'node', responders, '203.0.113.9']),
      up(['ip', 'netns', 'exec', 'far', 'node', responders, '198.18.1.1']),
      up(['ip', 'netns', 'exec', 'cv-acme', 'node', responders, '127.0.0.9']),
    ]);
    checker = createChecker({ exec: anchor.exec, argv: ['node', child] });
    checker.start({ sample: (sample) => samples.push(sample), broken: (reason) => reasons.push(reason) });
  }, 30_000);
  afterAll(async () => {
    await checker.stop();
    await anchor.close();
    for (const program of programs) await program.remove();
  });
  afterEach(() => expect(reasons).toEqual([]));

  let last = 0;
  const spec = (probe: ActiveProbe, rest: Partial<CheckSpec> = {}): CheckSpec => ({
    key: `check-${++last}`,
    probe,
    netns: '',
    remote: false,
    intervalMs: 1_000,
    timeoutMs: 1_000,
    phaseMs: (31 * last) % 200,
    ...rest,
  });
  const icmp = (target: string): ActiveProbe => ({ kind: 'icmp', target: address(target) });
  const tcp = (target: string, port = 7): ActiveProbe => ({ kind: 'tcp', target: address(target), port });
  const http = (path: string, rest: Partial<HttpProbe<Address>> = {}): ActiveProbe => ({
    kind: 'http',
    target: address('127.0.0.1'),
    port: 80,
    path,
    status: [200],
    ...rest,
  });
  const exec = (name: string): ActiveProbe => ({ kind: 'exec', command: [`/run/programs/${name}`] });

  /** Runs these checks alone until each has `count` samples, and returns those. */
  async function samplesOf(
    specs: readonly CheckSpec[],
    count = 3,
    withinMs = 15_000,
  ): Promise<readonly (readonly CheckSample[])[]> {
    samples = [];
    checker.configure(specs);
    const of = ({ key }: CheckSpec) => samples.filter(({ check }) => check === key);
    await eventually(() => specs.every((one) => of(one).length >= count), withinMs);
    return specs.map((one) => of(one).slice(0, count));
  }
  const ends = (some: readonly CheckSample[] | undefined): readonly string[] => [
    ...new Set((some ?? []).map(({ outcome, detail }) => (detail === undefined ? outcome : `${outcome}: ${detail}`))),
  ];

  const TIMED = { intervalMs: 200, timeoutMs: 100 };
  const SLOW = { intervalMs: 400, timeoutMs: 400 };
  const acme = { netns: 'cv-acme' };
  const unicast = { source: address('198.18.1.11') };

  /** All run at once; each check's samples must all end like this. */
  const CASES: readonly (readonly [what: string, expected: string, spec: CheckSpec])[] = [
    ['icmp to loopback', 'ok', spec(icmp('127.0.0.1'))],
    ['icmp to IPv6 loopback', 'ok', spec(icmp('::1'))],
    [
      'icmp to a neighbour, from the second address',
      'ok',
      spec(icmp('198.18.1.1'), { source: address('198.18.1.12') }),
    ],
    ['icmp over IPv6, from an address', 'ok', spec(icmp('2001:db8:1::1'), { source: address('2001:db8:1::11') })],
    [
      'icmp from nowhere, local',
      'unsent: the source 198.18.9.9 is no address here',
      spec(icmp('127.0.0.1'), { source: address('198.18.9.9') }),
    ],
    ['icmp into a blackhole', 'failed: no answer within 100 ms', spec(icmp('198.51.100.9'), TIMED)],
    ['icmp without a route, local', 'failed: host is unreachable', spec(icmp('192.0.2.200'))],
    ['icmp without a route, remote', 'unsent: host is unreachable', spec(icmp('192.0.2.200'), { remote: true })],
    [
      'icmp from nowhere',
      'unsent: the source 198.18.9.9 is no address here',
      spec(icmp('198.18.1.1'), { source: address('198.18.9.9') }),
    ],
    ['icmp inside', 'ok', spec(icmp('10.255.0.0'), acme)],
    [
      'icmp inside to what is only outside',
      'unsent: network is unreachable',
      spec(icmp('198.18.1.11'), { ...acme, remote: true }),
    ],
    [
      'icmp in a namespace that is not there',
      'unsent: open /run/netns/cv-none: ENOENT, it is not there',
      spec(icmp('127.0.0.1'), { netns: 'cv-none' }),
    ],
    [
      'icmp through a device, answered outside it',
      'ok',
      spec(icmp('203.0.113.9'), { ...acme, ...unicast, device: 'gre-us', remote: true }),
    ],
    [
      'icmp through a device that is not there',
      'unsent: setsockopt SO_BINDTODEVICE gre-eu: ENODEV',
      spec(icmp('203.0.113.9'), { ...acme, ...unicast, device: 'gre-eu' }),
    ],
    ['tcp', 'ok', spec(tcp('127.0.0.1'))],
    ['tcp over IPv6', 'ok', spec(tcp('::1'))],
    ['tcp from an address', 'ok', spec(tcp('198.18.1.1'), { source: address('198.18.1.12') })],
    ['tcp inside', 'ok', spec(tcp('127.0.0.9'), acme)],
    ['tcp outside to what is only inside', 'failed: connection refused', spec(tcp('127.0.0.9'))],
    ['tcp refused', 'failed: connection refused', spec(tcp('127.0.0.1', 9))],
    ['tcp into a blackhole', 'failed: no handshake within 100 ms', spec(tcp('198.51.100.9'), TIMED)],
    ['tcp without a route, remote', 'unsent: host is unreachable', spec(tcp('192.0.2.200'), { remote: true })],
    [
      'tcp from nowhere',
      'unsent: the source 198.18.9.9 is no address here',
      spec(tcp('198.18.1.1'), { source: address('198.18.9.9') }),
    ],
    ['http', 'ok', spec(http('/200', { body: 'as asked' }))],
    ['http over IPv6', 'ok', spec(http('/host', { target: address('::1'), body: 'host: [::1]' }))],
    [
      'http from an address',
      'ok',
      spec(http('/source', { target: address('198.18.1.1'), body: 'source: 198.18.1.12' }), {
        source: address('198.18.1.12'),
      }),
    ],
    ['http inside', 'ok', spec(http('/200', { target: address('127.0.0.9') }), acme)],
    ['http with a host', 'ok', spec(http('/host', { host: 'acme.example', body: 'host: acme.example' }))],
    ['http with another status', 'failed: status 503', spec(http('/503'))],
    ['http with another status that is meant', 'ok', spec(http('/503', { status: [200, 503] }))],
    ['http without a body', 'ok', spec(http('/204', { status: [204] }))],
    ['http without the text', 'failed: the body lacks the text', spec(http('/200', { body: 'at ease' }))],
    ['http in chunks', 'ok', spec(http('/chunks', { body: 'in two pieces' }))],
    ['http that closes each time', 'ok', spec(http('/once', { body: 'once' }))],
    ['http with a body that does not end', 'failed: no response within 100 ms', spec(http('/slow'), TIMED)],
    ['http with a huge body', 'ok', spec(http('/huge', { body: 'xxx' }), SLOW)],
    [
      'http with the text behind 64 KiB',
      'failed: the body lacks the text',
      spec(http('/buried', { body: 'treasure' }), SLOW),
    ],
    ['http without an answer', 'failed: no response within 100 ms', spec(http('/silent'), TIMED)],
    ['http reset', 'failed: connection reset by peer', spec(http('/reset'))],
    ['http closed', 'failed: closed before the response', spec(http('/closed'))],
    ['http from something else', 'failed: no HTTP/1 response', spec(http('/garbage'))],
    ['http refused', 'failed: connection refused', spec(http('/200', { port: 9 }))],
    [
      'https with a certificate of nobody',
      'failed: self-signed certificate',
      spec(http('/200', { port: 443, tls: { verify: true }, host: 'acme.example' }), SLOW),
    ],
    ['https unverified', 'ok', spec(http('/200', { port: 443, tls: { verify: false } }), SLOW)],
    ['https towards plain http', 'failed: protocol error', spec(http('/200', { tls: { verify: false } }), SLOW)],
    ['exec', 'ok', spec(exec('fine'), SLOW)],
    ['exec that fails', 'failed: exit status 2: CRITICAL: no disk left', spec(exec('sick'), SLOW)],
    ['exec inside', 'ok', spec(exec('where'), { ...SLOW, ...acme })],
    ['exec outside', 'failed: exit status 1', spec(exec('where'), SLOW)],
    ['exec killed', 'failed: /run/programs/killed: killed by SIGSEGV', spec(exec('killed'), SLOW)],
    [
      'exec that prints 10 MB',
      'failed: /run/programs/prints: printed more than 1 MiB; killed',
      spec(exec('prints'), SLOW),
    ],
    [
      'exec of nothing',
      'unsent: /run/programs/none cannot be read (ENOENT); install it, or correct command',
      spec(exec('none')),
    ],
  ];
  let results: Promise<readonly (readonly CheckSample[])[]> | undefined;

  test.each(CASES)(
    '%s: %s',
    async (_, expected, { key }) => {
      results ??= samplesOf(CASES.map(([, , one]) => one));
      expect(ends((await results).find(([first]) => first?.check === key))).toEqual([expected]);
    },
    30_000,
  );

  test('samples carry when they were sent, on the grid, and what they took', async () => {
    const [some] = await samplesOf([spec(icmp('127.0.0.1'), { intervalMs: 100, timeoutMs: 100, phaseMs: 37 })], 10);
    const slips = some!.map(({ sentAt }) => (((sentAt - 37) % 100) + 100) % 100);
    for (const slip of slips) expect(slip).toBeLessThan(40);
    const now = Number(process.hrtime.bigint()) / 1e6;
    for (const { sentAt, took } of some!) {
      expect(Math.abs(now - sentAt)).toBeLessThan(20_000);
      expect(took).toBeGreaterThan(0);
      expect(took).toBeLessThan(50);
    }
  });

  test('a connection is kept for the next probe, and opened again when the service has closed it', async () => {
    const counts = spec(http('/connections', { body: 'connections: ' }));
    const opened = async (): Promise<number> => Number(/\d+/.exec(await sh('curl -s http://127.0.0.1/connections')));
    await samplesOf([counts], 1);
    const before = await opened();
    const often = { ...counts, key: 'kept', intervalMs: 100, timeoutMs: 100 };
    expect(ends((await samplesOf([often], 10))[0])).toEqual(['ok']);
    expect((await opened()) - before).toBe(2); // ours, and curl's
    // The service closes what is idle for 300 ms: that is no failure.
    const rare = spec(http('/200'), { intervalMs: 700, timeoutMs: 300 });
    const between = await opened();
    expect(ends((await samplesOf([rare], 4))[0])).toEqual(['ok']);
    expect((await opened()) - between).toBe(5);
  });

  test('a program is killed at the timeout with all that it started, and so is what one leaves behind', async () => {
    const sleeping = async () => (await anchor.exec.run(['pgrep', '-f', '^sleep 100[01]'])).stdout.trim();
    expect(ends((await samplesOf([spec(exec('hangs'), SLOW)]))[0])).toEqual(['failed: no end within 400 ms']);
    expect(ends((await samplesOf([spec(exec('leaves'), SLOW)]))[0])).toEqual(['ok']);
    checker.configure([]);
    await eventually(async () => (await sleeping()) === '');
  });

  test('a program that somebody else may change is not run', async () => {
    await sh('chmod 777 /run/programs/fine');
    const [loose] = await samplesOf([spec(exec('fine'), SLOW)], 1);
    expect(ends(loose)).toEqual(['unsent: /run/programs/fine can be changed by others; chmod go-w /run/programs/fine']);
    await sh('chmod 755 /run/programs/fine; chown 65534 /run/programs/fine');
    const [foreign] = await samplesOf([spec(exec('fine'), SLOW)], 1);
    expect(ends(foreign)).toEqual([
      'unsent: /run/programs/fine belongs to user 65534; chown root /run/programs/fine, or it is not run',
    ]);
    await sh('chown 0 /run/programs/fine; chmod 777 /run/programs');
    const [folder] = await samplesOf([spec(exec('fine'), SLOW)], 1);
    expect(ends(folder)).toEqual(['unsent: /run/programs can be changed by others; chmod go-w /run/programs']);
    await sh('chmod 755 /run/programs');
  });

  test('of many programs that hang, 16 run at once; the others could not be tried', async () => {
    const many = Array.from({ length: 20 }, () =>
      spec(exec('hangs'), { intervalMs: 4_000, timeoutMs: 2_000, phaseMs: 0 }),
    );
    const all = (await samplesOf(many, 1, 60_000)).flatMap(ends);
    expect(all.filter((end) => end === 'unsent: 16 programs of checks are running already')).toHaveLength(4);
    expect(all.filter((end) => end === 'failed: no end within 2000 ms')).toHaveLength(16);
  }, 70_000);

  test('a deleted namespace is not kept alive, and its successor is asked, not its memory', async () => {
    await sh('ip netns add cv-gone; ip -n cv-gone link set lo up; ip link add v9 type veth peer name v9 netns cv-gone');
    await sh('ip link set v9 up; ip -n cv-gone link set v9 up; ip -n cv-gone address add 198.51.100.1/24 dev v9');
    await sh('ip -n cv-gone neigh add 198.51.100.9 lladdr 02:00:00:00:00:09 dev v9');
    const gone = { netns: 'cv-gone', intervalMs: 100, timeoutMs: 100 };
    const inside = spec(icmp('127.0.0.1'), gone);
    // Those that nobody answers: somebody waits on the socket all the time.
    const waiting = [0, 12, 24, 36, 48, 60, 72, 84].map((phaseMs) => spec(icmp('198.51.100.9'), { ...gone, phaseMs }));
    expect((await samplesOf([inside, ...waiting])).map(ends)).toEqual([
      ['ok'],
      ...waiting.map(() => ['failed: no answer within 100 ms']),
    ]);
    await sh('ip netns delete cv-gone');
    await eventually(async () => (await anchor.exec.run(['ip', 'link', 'show', 'v9'])).code !== 0);
    await sh('ip netns add cv-gone'); // loopback is down in this one
    const ofInside = () => samples.filter(({ check }) => check === inside.key);
    const from = ofInside().length;
    await eventually(() => ofInside().length > from + 3);
    expect(ofInside().at(-1)?.outcome).not.toBe('ok');
    await sh('ip netns delete cv-gone');
  });

  test('nothing stays open when checks go', async () => {
    const child = (await sh("pgrep -f '^node .*main/checker.js'")).trim();
    const open = async () => Number(await sh(`ls /proc/${child}/fd | wc -l`));
    checker.configure([]);
    await samplesOf([spec(icmp('127.0.0.1'))], 1);
    const before = await open();
    await samplesOf(
      CASES.map(([, , one]) => ({ ...one, key: `again-${one.key}` })),
      2,
    );
    await samplesOf([spec(icmp('127.0.0.1'))], 1);
    await eventually(async () => (await open()) <= before + 4); // echo sockets of the default namespace stay: one for each source
  }, 30_000);

  test('a killed child is reported and replaced', async () => {
    await samplesOf([spec(tcp('127.0.0.1'), { intervalMs: 200 })]);
    await sh("pkill -KILL -f '^node .*main/checker.js'");
    await eventually(() => reasons.length === 1);
    expect(reasons.splice(0)).toEqual([expect.stringMatching(/^the checker ended: /)]);
    const from = samples.length;
    await eventually(() => samples.length > from + 3);
  });
});
