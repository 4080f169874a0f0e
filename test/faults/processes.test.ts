/** Guard and agent beside what should not be there, and their end. */
import { jest } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardClient } from '../../src/local/guard-client.js';
import type { WireState } from '../../src/model/lease.js';
import type { StreamHandle } from '../../src/ports/exec.js';
import { until } from '../drivers/speaker/until.js';
import { type Anchor, openAnchor, whyNoAnchor } from '../kernel-anchor.js';
import { Culvert, type Ended, expectRefusal, FLEET, whyNoProcesses, type Words } from './culvert.js';

const missing = whyNoProcesses() ?? (await whyNoAnchor());
if (missing !== undefined) console.warn(`processes are not tested here: ${missing}`);
const here = missing === undefined ? describe : describe.skip;

const SOCKET = 'unix:///run/culvert/gobgpd.sock';

/** On a machine that does other things too. */
jest.setTimeout(60_000);

here('a server', () => {
  let anchor: Anchor;
  let culvert: Culvert;
  let folder: string;
  let fleet: string;
  let running: Promise<unknown>[];
  let streams: StreamHandle[];

  beforeEach(async () => {
    anchor = await openAnchor();
    culvert = new Culvert(anchor.exec);
    folder = mkdtempSync(join(tmpdir(), 'culvert-faults-'));
    fleet = join(folder, 'fleet.yaml');
    writeFileSync(fleet, readFileSync(FLEET));
    [running, streams] = [[], []];
    await shell('mkdir /run/culvert; ip link add eth1 type veth peer name far; ip addr add 198.18.1.11/24 dev eth1');
    await shell('ip link set eth1 up; ip link set far up');
  });
  afterEach(async () => {
    for (const stream of streams) await stream.stop();
    await anchor.close();
    await Promise.all(running);
    rmSync(folder, { recursive: true, force: true });
  });

  const shell = async (text: string): Promise<string> => (await anchor.exec.run(['sh', '-c', text])).stdout.trim();
  const start = (command: 'guard' | 'agent', before: readonly string[] = []): Promise<Ended> => {
    const extra = command === 'agent' ? ['--lab', '--tunnels', 'auto'] : [];
    const ended = culvert
      .as(...before)
      .run(command, ...['--fleet', fleet, '--server', 'ams-s1', '--state-dir', '/run/state', ...extra]);
    running.push(ended.catch(() => undefined));
    return ended;
  };
  /** Asked at the socket itself: a command line for every look would take most of the time. */
  const wire = async (): Promise<WireState> => {
    const client = guardClient(socketOf('guard'));
    return client.status().finally(() => client.close());
  };
  const socketOf = (role: 'guard' | 'agent'): string => `/proc/${anchor.pid}/root/run/culvert/${role}.sock`;
  const speakerReady = (): Promise<unknown> =>
    until('the speaker is ready', async () => (await wire()).speaker === 'ready');
  const serves = (role: 'guard' | 'agent'): Promise<unknown> =>
    until(`${role} serves`, async () => existsSync(socketOf(role)));
  const pidOf = (role: 'guard' | 'agent'): Promise<string> => shell(`pgrep -o -f "^[^ ]*node [^ ]*cli.js ${role}"`);
  const processes = (): Promise<string> => shell('ps -eo args= | grep -vE "^(ps|grep|sh|setpriv|cat|nsenter)"');
  const background = async (argv: Words): Promise<void> => {
    streams.push(anchor.exec.stream(argv, { line: () => undefined, ended: () => undefined }));
  };
  const gobgpd = async (): Promise<void> => {
    await background(['gobgpd', '--api-hosts', SOCKET, '--pprof-disable', '-p', '-l', 'warn']);
    await until('gobgpd answers', async () => (await gobgp('global')).code === 0);
  };
  const gobgp = (...words: readonly string[]) => anchor.exec.run(['gobgp', '--target', SOCKET, ...words]);

  it('without gobgpd: the guard waits and says so, and goes on when it comes', async () => {
    const guard = start('guard');
    await serves('guard');
    await until('the speaker is missed', async () => (await wire()).speaker === 'unreachable');
    expect((await culvert.run('status')).stdout).toMatch(
      /^server in-service, agent never-seen, speaker unreachable \(.*connect ENOENT \/run\/culvert\/gobgpd\.sock; is gobgpd running, with --api-hosts at this address\?\), fleet /,
    );
    await gobgpd();
    await speakerReady();
    await shell(`kill -INT ${await pidOf('guard')}`);
    expect(await guard).toMatchObject({ code: 0, said: [] });
  });

  it("beside somebody else's peers: the guard refuses, and they stay", async () => {
    await gobgpd();
    await gobgp('global', 'as', '64500', 'router-id', '198.18.1.11');
    await gobgp('neighbor', 'add', '198.18.1.99', 'as', '64999');
    const before = (await gobgp('neighbor')).stdout;
    expectRefusal(
      await start('guard'),
      /^culvert: gobgpd .* is not ours: it has peers that the fleet does not name: 198\.18\.1\.99; give this guard its own gobgpd$/,
    );
    expect(before).toContain('198.18.1.99');
    expect((await gobgp('neighbor')).stdout).toBe(before);
    expect(await shell('ls /run/culvert')).toBe('gobgpd.sock');
  });

  it('with the BGP port taken: says so, tries on, and succeeds when it is free', async () => {
    await background(['socat', 'TCP-LISTEN:179,fork,reuseaddr', '/dev/null']);
    await until('the port is taken', async () => (await shell('ss -Hltn sport = 179')) !== '');
    await gobgpd();
    const guard = start('guard');
    await serves('guard');
    const detail = await until('the port is told', async () => {
      const { speakerDetail = '' } = await wire();
      return speakerDetail.includes('already in use') ? speakerDetail : undefined;
    });
    expect(detail).toMatch(/: address already in use; stop the other BGP daemon: this server has one speaker$/);
    await streams[0]?.stop();
    await shell('pkill -x socat'); // in a process namespace of our own
    await speakerReady();
    await shell(`kill -INT ${await pidOf('guard')}`);
    const { logged } = await guard;
    expect(logged.filter((line) => line.includes('start BGP'))).toHaveLength(1);
  });

  it.each(['guard', 'agent'] as const)('two of %s: the second is told who has the place, and ends', async (role) => {
    void start(role);
    await serves(role);
    const pid = await pidOf(role);
    expectRefusal(
      await start(role),
      `culvert: another ${role} is running at /run/culvert/${role}.sock, pid ${pid}; stop it first`,
    );
    expect(await pidOf(role)).toBe(pid);
  });

  it.each(['INT', 'TERM'])('SIG%s ends agent and guard, with everything that they started', async (signal) => {
    await gobgpd();
    const [guard, agent] = [start('guard'), start('agent')];
    await Promise.all([serves('guard'), serves('agent')]);
    await until('the agent has children', async () => (await processes()).includes('prober'));
    await shell(`kill -${signal} ${await pidOf('agent')}`);
    expect(await agent).toMatchObject({ code: 0, said: [] });
    await shell(`kill -${signal} ${await pidOf('guard')}`);
    expect(await guard).toMatchObject({ code: 0, said: [] });
    expect(await processes()).toMatch(/^gobgpd [^\n]*$/);
    expect(await shell('ls /run/culvert')).toBe('gobgpd.sock');
  });

  it('a reload of a bad fleet, and of other kernel numbers, is refused and the agent goes on', async () => {
    const log = join(folder, 'log');
    const text = readFileSync(FLEET, 'utf8');
    const told = (part: string): Promise<unknown> =>
      until(`"${part}" in the log`, async () => existsSync(log) && readFileSync(log, 'utf8').includes(part));
    const reload = async (next: string): Promise<void> => {
      writeFileSync(fleet, next);
      await shell(`kill -HUP ${await pidOf('agent')}`);
    };
    const agent = start('agent', ['sh', '-c', `exec "$@" 2>${log}`, 'agent']);
    await told('agent started');
    await reload(`${text}\nkernel: { table: 7701 }\n`);
    await told(
      'kernel: table from 7700 to 7701 cannot change while the agent runs; drain this server, restart its agent, undrain',
    );
    await reload('nonsense: true\n');
    await told('\\"nonsense\\" is not a key of the fleet; ');
    await reload(`${text}\n# another generation\n`);
    await told('fleet read again');
    await shell(`kill -INT ${await pidOf('agent')}`);
    expect((await agent).code).toBe(0);
    expect(readFileSync(log, 'utf8').match(/fleet refused; the last good one stays/g)).toHaveLength(2);
  });
});
