/** The Acme lab up to the point where Culvert's own part begins: users reach Acme because Acme announces itself. */
import { join, resolve } from 'node:path';
import { deployLab } from '../../src/lab/deploy.js';
import { destroyLab } from '../../src/lab/destroy.js';
import { nodeOf, type InNode } from '../../src/lab/lab.js';
import { until } from '../../src/lab/machine.js';
import { parseTopology } from '../../src/lab/parse-topology.js';
import type { LabRecord } from '../../src/lab/state.js';
import type { Words } from '../../src/lab/topology.js';
import { namespacesMissing, ownState, testMachine } from './machine.js';

const missing = namespacesMissing();
if (missing !== undefined) console.warn(`the Acme lab is not deployed here: ${missing}`);

(missing === undefined ? describe : describe.skip)('the Acme lab', () => {
  const machine = testMachine();
  const before = ownState();
  let lab: LabRecord;
  let deployedMs = 0;
  let warnings: readonly string[] = [];
  const on = (name: string): InNode => nodeOf(machine, lab, name);
  const output = async (name: string, ...argv: Words): Promise<string> =>
    (await on(name).run(argv, { timeoutMs: 20_000 })).stdout;
  const established = async (isp: string): Promise<number> =>
    (await output(isp, 'birdc', 'show', 'protocols')).split('\n').filter((line) => line.includes('Established')).length;
  const bestPath = async (isp: string, prefix: string): Promise<string | undefined> =>
    /BGP\.as_path: ([\d ]*)/
      .exec(await output(isp, 'birdc', 'show', 'route', 'for', prefix, 'primary', 'all'))?.[1]
      ?.trim();

  beforeAll(async () => {
    const path = resolve('lab/acme/acme.clab.yml');
    const { topology } = parseTopology((await machine.files.read(path)) ?? '', path);
    if (!topology) throw new Error('the topology is broken');
    ({ lab, warnings, elapsedMs: deployedMs } = await deployLab(machine, machine.root, topology));
  }, 60_000);

  afterAll(async () => {
    await destroyLab(machine, machine.root, 'acme');
    machine.close();
    expect(ownState()).toBe(before);
  }, 20_000);

  it('converges', async () => {
    const since = machine.clock.now();
    const all = async () => (await established('isp-eu')) === 6 && (await established('isp-us')) === 6;
    expect(await until(machine.clock, 30_000, all)).toBe(true);
    console.info(
      `deployed in ${Math.round(deployedMs)} ms, all of the ISPs' sessions after ${Math.round(machine.clock.now() - since)} ms more`,
    );
  }, 40_000);

  it('runs every exec command', () => {
    // Without a build there is no userspace GRE.
    expect(warnings.filter((warning) => !warning.includes('gre1 did not appear'))).toEqual([]);
  });

  it.each(['203.0.113.0/24', '2001:db8:acf::/48'])(
    'each ISP has %s from Acme itself',
    async (prefix) => {
      for (const isp of ['isp-eu', 'isp-us']) {
        expect(await until(machine.clock, 10_000, async () => (await bestPath(isp, prefix)) === '64512')).toBe(true);
      }
    },
    30_000,
  );

  it.each(['ftp://203.0.113.100', 'ftp://[2001:db8:acf::100]'])(
    'both users fetch from and send to %s',
    async (site) => {
      for (const user of ['user-eu', 'user-us']) {
        const fetched = await output(
          user,
          'curl',
          '-sSg',
          '--max-time',
          '15',
          '-o',
          '/dev/null',
          '-w',
          '%{size_download}',
          `${site}/pub/20m`,
        );
        expect(fetched).toBe('20000000');
        const sent = await on(user).run(
          ['curl', '-sSg', '--max-time', '15', '-T', '-', `${site}/up/${user}-${site.length}`],
          { input: 'from outside' },
        );
        expect(sent).toMatchObject({ code: 0, stderr: '' });
        expect(await output('acme-ftp', 'cat', `/srv/ftp/up/${user}-${site.length}`)).toBe('from outside');
      }
    },
    60_000,
  );

  it('an upload leaves the SYN-ACK clamped', async () => {
    const counters = await output('acme-r1', 'nft', 'list', 'table', 'inet', 'clamp');
    expect(counters).toMatch(/maxseg size set 1436/);
    expect(counters).toMatch(/maxseg size set 1416/);
  });

  it('sites reach each other and every customer by their default routes', async () => {
    for (const [from, to] of [
      ['ams-s1', '198.18.2.11'],
      ['sjc-s2', '198.51.100.130'],
      ['ams-s2', '198.51.100.70'],
      ['ams-s1', '2001:db8:2::12'],
    ] as const) {
      const reached = async () => (await on(from).run(['ping', '-c', '1', '-W', '1', to])).code === 0;
      expect([from, to, await until(machine.clock, 10_000, reached)]).toEqual([from, to, true]);
    }
  }, 60_000);

  it('a link to a server is a link: the router sees its carrier go', async () => {
    await on('ams-s1').run(['ip', 'link', 'set', 'eth1', 'down']);
    expect(await output('ams-r1', 'ip', '-br', 'link', 'show', 's1')).toMatch(/DOWN/);
  });

  it('when Acme stops announcing, nobody reaches it; and again when it resumes', async () => {
    // The sites would announce it, as soon as they are ready.
    const down = ['sv', '-w', '20', 'down', '/run/service/agent', '/run/service/guard'] as const;
    await Promise.all(
      ['ams-s1', 'ams-s2', 'sjc-s1', 'sjc-s2'].map((server) => on(server).run(down, { timeoutMs: 30_000 })),
    );
    const each = async (verb: string): Promise<void> => {
      for (const router of ['acme-r1', 'acme-r2']) {
        for (const protocol of ['own4', 'own6']) await output(router, 'birdc', verb, protocol);
      }
    };
    await each('disable');
    for (const isp of ['isp-eu', 'isp-us']) {
      expect(
        await until(machine.clock, 10_000, async () => (await bestPath(isp, '203.0.113.0/24')) === undefined),
      ).toBe(true);
    }
    expect((await on('user-eu').run(['ping', '-c', '1', '-W', '1', '203.0.113.100'])).code).toBe(1);
    await each('enable');
    for (const isp of ['isp-eu', 'isp-us']) {
      expect(await until(machine.clock, 10_000, async () => (await bestPath(isp, '203.0.113.0/24')) === '64512')).toBe(
        true,
      );
    }
  }, 120_000);

  it('every server has its gobgpd, under runit', async () => {
    for (const server of ['ams-s1', 'ams-s2', 'sjc-s1', 'sjc-s2']) {
      const running = async () => (await output(server, 'sv', 'status', '/run/service/gobgpd')).startsWith('run: ');
      expect(await until(machine.clock, 10_000, running)).toBe(true);
      const answered = await on(server).run(['gobgp', '--target', 'unix:///run/culvert/gobgpd.sock', 'global']);
      expect(answered.stdout + answered.stderr).not.toMatch(/refused|no such/i);
    }
  }, 30_000);
});

const examples = process.env.CLAB_EXAMPLES;
if (examples === undefined)
  console.warn("containerlab's own examples are not deployed: CLAB_EXAMPLES does not name their folder");
(examples === undefined || missing !== undefined ? describe.skip : describe)("containerlab's example frr01", () => {
  it('is deployed as it is: its routers speak OSPF, its PCs reach them', async () => {
    const machine = testMachine();
    const path = join(resolve(examples!), 'frr01/frr01.clab.yml');
    const { topology } = parseTopology((await machine.files.read(path)) ?? '', path, process.env);
    try {
      const { lab, warnings } = await deployLab(machine, machine.root, topology!);
      expect(warnings).toEqual([]);
      const reached = async () =>
        (await nodeOf(machine, lab, 'PC1').run(['ping', '-c', '1', '-W', '1', '192.168.11.1'])).code === 0;
      expect(await until(machine.clock, 20_000, reached)).toBe(true);
      const ospf = async () =>
        (await nodeOf(machine, lab, 'router1').run(['vtysh', '-c', 'show ip ospf interface eth1'])).stdout.includes(
          '192.168.1.1/24',
        );
      expect(await until(machine.clock, 20_000, ospf)).toBe(true);
      expect(machine.said).toContain("  quay.io/frrouting/frr:10.5.1 is Debian's FRR here; images are not downloaded");
    } finally {
      await destroyLab(machine, machine.root, 'frr01');
      machine.close();
    }
  }, 90_000);
});
