import { prefix } from '../../../src/model/address.js';
import { whyNoAnchor } from '../../kernel-anchor.js';
import { rule } from '../../render/firewall-fleet.js';
import { openScene, type Node, type Scene } from './scene.js';

const why = await whyNoAnchor();
if (why) console.warn(`no packets through the rulesets: ${why}`);

const HOME4 = '203.0.113.100';
const HOME6 = '2001:db8:acf::100';

(why ? describe.skip : describe)('packets', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene();
    await scene.listen('home');
    await scene.listen('neighbour');
  });
  afterAll(() => scene?.close());

  /** Echo requests answered, of `count`, all sent at once. Waits `patience` seconds for what may never come. */
  async function ping(from: Node, to: string, count = 1, source?: string, patience = 3): Promise<number> {
    const bind = source ? ['-I', source] : [];
    const sending = ['-c', `${count}`, '-l', `${count}`, '-W', `${patience}`];
    const { stdout, stderr } = await scene.run(from, 'ping', '-n', '-q', ...sending, ...bind, to);
    const received = /(\d+) received/.exec(stdout)?.[1];
    if (received === undefined) throw new Error(`ping ${to}: ${stdout}${stderr}`);
    return Number(received);
  }

  /** Sends echo requests that shall not be answered. That they were sent is for counters to say. */
  async function unanswered(from: Node, to: string, count = 1, source?: string): Promise<void> {
    expect(await ping(from, to, count, source, 0.3)).toBe(0);
  }

  /** True when a TCP connection to port 80 opens. */
  async function connect(from: Node, to: string, options = ''): Promise<boolean> {
    const target = to.includes(':') ? `TCP6:[${to}]:80` : `TCP4:${to}:80`;
    const { code } = await scene.run(from, 'socat', '-u', 'OPEN:/dev/null', `${target},connect-timeout=3${options}`);
    return code === 0;
  }

  /** One datagram of any protocol, payload as given. */
  async function send(from: Node, address: string, payload: Buffer): Promise<void> {
    const file = `/run/${from}.datagram`;
    await scene.run(from, 'sh', '-c', `printf '%s' "$0" | base64 -d > ${file}`, payload.toString('base64'));
    const { code, stderr } = await scene.run(from, 'socat', '-u', `OPEN:${file}`, address);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }

  const udp = (from: Node, to: string, port: number, sourcePort?: number): Promise<void> => {
    const target = to.includes(':') ? `UDP6-SENDTO:[${to}]:${port}` : `UDP4-SENDTO:${to}:${port}`;
    return send(from, sourcePort ? `${target},sourceport=${sourcePort},reuseaddr` : target, Buffer.from('x'));
  };

  describe('a server', () => {
    beforeEach(() => scene.install({ firewall: [] }));

    test('carries both families to the customer, counted by customer', async () => {
      expect(await ping('user', HOME4, 3)).toBe(3);
      expect(await ping('user', HOME6, 2)).toBe(2);
      expect(await scene.counted('server')).toMatchObject({ carried_acme: 5, carried_globex: 0 });
    });

    test("leaves its own traffic and everybody else's alone", async () => {
      expect(await ping('user', '198.18.9.1')).toBe(1);
      expect(await ping('user', '198.18.8.2')).toBe(1);
      expect(await ping('user', '2001:db8:8::2')).toBe(1);
      expect(await connect('user', '198.18.8.2')).toBe(true);
      expect(await connect('user', '2001:db8:8::2')).toBe(true);
      expect(await scene.counted('server')).toEqual({
        carried_acme: 0,
        carried_globex: 0,
        gre_decapsulated: 0,
        gre_stranger: 0,
      });
    });

    test('a packet for a customer that arrives elsewhere than on an uplink is not marked', async () => {
      await unanswered('neighbour', HOME4);
      expect(await scene.counted('server')).toMatchObject({ carried_acme: 0 });
    });

    test('sets its own bits of the mark and no others', async () => {
      await scene.nft(
        'server',
        `table inet marks {
          counter kept { }
          counter lost { }
          chain before { type filter hook prerouting priority -320; iifname "eth1" meta mark set 0x880000ab; }
          chain after {
            type filter hook prerouting priority -300;
            iifname "eth1" ip daddr ${HOME4} meta mark 0x770000ab counter name kept
            iifname "eth1" ip daddr != ${HOME4} meta mark != 0x880000ab counter name lost
          }
        }`,
      );
      expect(await ping('user', HOME4, 2)).toBe(2);
      expect(await ping('user', '198.18.8.2', 2)).toBe(2);
      expect(await scene.counted('server', 'marks')).toEqual({ kept: 2, lost: 0 });
      await scene.nft('server', 'delete table inet marks');
    });

    test('drops and counts GRE from strangers, before anything sees it, and takes it from tunnels', async () => {
      await scene.nft(
        'server',
        `table inet seen { counter gre { }
          chain input { type filter hook input priority 0; ip protocol 47 counter name gre; }; }`,
      );
      const gre = Buffer.from('00000800', 'hex');
      for (let n = 0; n < 3; n++) await send('user', 'IP4-SENDTO:192.0.2.1:47,bind=198.18.10.66', gre);
      for (let n = 0; n < 2; n++) await send('user', 'IP4-SENDTO:192.0.2.1:47,bind=198.51.100.66', gre);
      expect(await scene.counted('server')).toMatchObject({ gre_stranger: 3, gre_decapsulated: 2 });
      expect(await scene.counted('server', 'seen')).toEqual({ gre: 2 });
      expect(await ping('user', '192.0.2.1')).toBe(1);
    });

    test.each<[string, Node]>([
      ['in the default namespace', 'server'],
      ["in the customer's", 'cv-acme'],
    ])('transit leaves nothing in conntrack %s; without NOTRACK it would', async (_, node) => {
      await scene.nft(
        node,
        'table inet control { chain c { type filter hook forward priority 0; ct state established counter; }; }',
      );
      const transit = async (): Promise<readonly string[]> => {
        await scene.run(node, 'conntrack', '-F');
        expect(await connect('user', HOME4)).toBe(true);
        expect(await connect('user', HOME6)).toBe(true);
        const { code, stdout } = await scene.run(node, 'conntrack', '-L');
        expect(code).toBe(0);
        return stdout.split('\n').filter((line) => line.includes(HOME4) || line.includes(HOME6));
      };
      expect(await transit()).toEqual([]);
      await scene.install({ firewall: [] }, (ruleset) => ruleset.replaceAll('notrack', ''));
      expect(await transit()).toHaveLength(2);
      await scene.nft(node, 'delete table inet control');
    });
  });

  describe("a customer's namespace", () => {
    const FIREWALL = [rule('known-attacker', 'drop', { source: [prefix('198.18.10.66/32')] })];
    const UDP = (port: number) => ({ protocol: 'udp', destinationPorts: [[port, port]] }) as const;

    test('drops what the customer drops, counts it, and permits the rest', async () => {
      await scene.install();
      await unanswered('user', HOME4, 3, '198.18.10.66');
      expect(await ping('user', HOME4, 3, '198.18.10.67')).toBe(3);
      expect(await scene.counted('cv-acme')).toEqual({
        inner_source_refused: 0,
        no_tunnel: 0,
        'rule_known-attacker': 3,
      });
    });

    test('is replaced under traffic without losing or letting through a packet', async () => {
      await scene.install();
      const witness = (hook: string, counted: Readonly<Record<string, string>>): string =>
        [
          'table inet witness {',
          ...Object.keys(counted).map((name) => `counter ${name} { }`),
          `chain witness { type filter hook ${hook} priority 0`,
          ...Object.entries(counted).map(([name, match]) => `${match} counter name ${name}`),
          '}',
          '}',
        ].join('\n');
      const toHome = `iifname "eth1" ip daddr ${HOME4}`;
      const unmarked = `${toHome} meta mark & 0xff000000 == 0`;
      await scene.nft('server', witness('prerouting', { seen: toHome, unmarked }));
      await scene.nft('cv-acme', witness('postrouting', { let_through: 'ip saddr 198.18.10.66' }));
      const stream = (source: string, ...pace: string[]): Promise<unknown> =>
        scene.run('user', 'ping', '-n', '-q', '-w', '4', ...pace, '-I', source, HOME4);
      let streaming = true;
      const streams = Promise.all([
        stream('198.18.10.66', '-i', '0.001'),
        stream('198.18.10.67', '-f'),
        stream('198.18.9.2', '-f'),
      ]).finally(() => (streaming = false));
      let replaced = 0;
      for (; streaming; replaced++) {
        const turn = `turn-${replaced % 3}`;
        const firewall = [...FIREWALL, rule(turn, 'drop', { destinationPorts: [[7, 7]], protocol: 'udp' })];
        await scene.replace({ firewall }, (text) => text.replace('{', `{\n  counter ${turn} { }`));
      }
      await streams;
      const { seen = 0, unmarked: lost } = await scene.counted('server', 'witness');
      expect({ lost, ...(await scene.counted('cv-acme', 'witness')) }).toEqual({ lost: 0, let_through: 0 });
      expect(seen).toBeGreaterThan(1_000);
      expect(replaced).toBeGreaterThan(3);
    });

    test('passes a burst and drops what is over the rate', async () => {
      await scene.install({ firewall: [rule('ping', { packetsPerSecond: 1, burst: 10 }, { protocol: 'icmp' })] });
      const passed = await ping('user', HOME4, 50, undefined, 1);
      expect(passed).toBeGreaterThanOrEqual(10);
      expect(passed).toBeLessThanOrEqual(13);
      expect(await scene.counted('cv-acme')).toEqual({
        inner_source_refused: 0,
        no_tunnel: 0,
        rule_ping: 50,
        over_ping: 50 - passed,
      });
    });

    test('lets the first match decide, in both families', async () => {
      await scene.install({
        firewall: [
          rule('friend', 'permit', { source: [prefix('198.18.9.2/32'), prefix('2001:db8:9::2/128')], ...UDP(1000) }),
          rule('low', 'drop', { protocol: 'udp', destinationPorts: [[0, 1023]] }),
          rule('reflected', 'drop', { sourcePorts: [[53, 53]] }),
          rule('here', 'drop', {
            source: [prefix('198.18.8.0/21'), prefix('2001:db8:9::/64')],
            destination: [prefix('203.0.113.0/25'), prefix('2001:db8:acf::/64')],
          }),
        ],
      });
      for (const home of [HOME4, HOME6]) {
        await udp('user', home, 1000);
        await udp('user', home, 999);
        await udp('user', home, 999, 53);
        await udp('user', home, 2000, 53);
        await unanswered('user', home);
      }
      expect(await scene.counted('cv-acme')).toMatchObject({
        rule_friend: 2,
        rule_low: 4,
        rule_reflected: 2,
        rule_here: 2,
      });
    });

    test('a rule that drops everything does not cut the link: neighbours are still found', async () => {
      await scene.install({ firewall: [rule('hello', 'permit', { protocol: 'tcp' }), rule('all', 'drop')] });
      for (const node of ['server', 'cv-acme'] as const) await scene.run(node, 'ip', '-6', 'neigh', 'flush', 'all');
      expect(await connect('user', HOME4)).toBe(true);
      expect(await connect('user', HOME6)).toBe(true);
      await unanswered('user', HOME6);
      expect(await scene.counted('cv-acme')).toMatchObject({ rule_all: 1 });
    });

    test('lets out what has a source of the customer and counts what has not', async () => {
      await scene.install({ firewall: [] });
      expect(await ping('home', '198.18.9.2', 2, HOME4)).toBe(2);
      expect(await ping('home', '2001:db8:9::2', 2, HOME6)).toBe(2);
      await unanswered('home', '198.18.9.2', 3, '203.0.112.9');
      await unanswered('home', '2001:db8:9::2', 4, '2001:db8:bad::9');
      expect(await scene.counted('cv-acme')).toEqual({ inner_source_refused: 7, no_tunnel: 0 });
    });

    test('link-local packets from a tunnel are no violation', async () => {
      await scene.install({ firewall: [] });
      expect(await ping('home', 'fe80::1%wan')).toBe(1);
      expect(await scene.counted('cv-acme')).toEqual({ inner_source_refused: 0, no_tunnel: 0 });
    });

    test('a packet that finds no tunnel ends here and does not circle', async () => {
      await scene.install({ firewall: [] });
      const routes = { 4: '203.0.113.0/24 via inet6', 6: '2001:db8:acf::/48 via' } as const;
      for (const family of [4, 6] as const)
        await scene.run('cv-acme', 'ip', `-${family}`, 'route', 'flush', 'dev', 'gre-us');
      await unanswered('user', HOME4, 2);
      await unanswered('user', HOME6, 2);
      expect(await scene.counted('cv-acme')).toEqual({ inner_source_refused: 0, no_tunnel: 4 });
      for (const family of [4, 6] as const) {
        await scene.run(
          'cv-acme',
          'ip',
          `-${family}`,
          'route',
          'add',
          ...routes[family].split(' '),
          'fe80::2',
          'dev',
          'gre-us',
        );
      }
      expect(await ping('user', HOME4)).toBe(1);
    });

    /** Counts SYN and SYN-ACK that arrive, by MSS. */
    const meter = (...sizes: readonly number[]): string =>
      `add table inet sizes; delete table inet sizes
       table inet sizes {
         ${sizes.map((size) => `counter mss_${size} { }`).join('\n')}
         chain input {
           type filter hook input priority 0;
           ${sizes.map((size) => `tcp flags & (syn | rst) == syn tcp option maxseg size ${size} counter name mss_${size}`).join('\n')}
         }
       }`;

    test('clamps the MSS to what fits the tunnel, in both directions and families', async () => {
      await scene.install({ firewall: [] });
      for (const node of ['home', 'user'] as const) await scene.nft(node, meter(1460, 1440, 1436, 1416));
      expect(await connect('user', HOME4)).toBe(true);
      expect(await connect('user', HOME6)).toBe(true);
      const clamped = { mss_1460: 0, mss_1440: 0, mss_1436: 1, mss_1416: 1 };
      expect(await scene.counted('home', 'sizes')).toEqual(clamped);
      expect(await scene.counted('user', 'sizes')).toEqual(clamped);
    });

    test('never raises the MSS', async () => {
      await scene.install({ firewall: [] });
      await scene.nft('home', meter(1200, 1436));
      expect(await connect('user', HOME4, ',mss=1200')).toBe(true);
      expect(await scene.counted('home', 'sizes')).toEqual({ mss_1200: 1, mss_1436: 0 });
    });

    test('lets out the news that a packet is too big', async () => {
      await scene.install();
      const v4 = await scene.run('user', 'ping', '-n', '-c', '1', '-W', '1', '-M', 'do', '-s', '1472', HOME4);
      expect(v4.stdout).toMatch(/From 192\.0\.2\.2 .*mtu = 1476/);
      const v6 = await scene.run('user', 'ping', '-n', '-c', '1', '-W', '1', '-M', 'do', '-s', '1452', HOME6);
      expect(v6.stdout).toMatch(/From 2001:db8:e::2 .*mtu=1476/);
    });
  });
});
