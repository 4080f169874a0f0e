/**
 * Real nodes on this machine:
 *
 *   left ── middle ── right
 *   10.7.1.0/24  10.7.2.0/24
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createExec } from '../../src/drivers/exec/exec.js';
import { execInside } from '../../src/drivers/exec/inside.js';
import { createFiles } from '../../src/drivers/files/files.js';
import { anchorArgv, startAnchor } from '../../src/lab/anchor.js';
import { deployLab } from '../../src/lab/deploy.js';
import { destroyLab } from '../../src/lab/destroy.js';
import { inspectLab } from '../../src/lab/inspect.js';
import { nodeOf } from '../../src/lab/lab.js';
import { LabError } from '../../src/lab/lab-error.js';
import { until } from '../../src/lab/machine.js';
import { parseTopology } from '../../src/lab/parse-topology.js';
import { isAlive, livingLabs, processOf, stateFolder, writeLab } from '../../src/lab/state.js';
import type { Topology } from '../../src/lab/topology.js';
import type { StreamHandlers } from '../../src/ports/exec.js';
import { namespacesMissing, ownState, processesWith, testMachine, type TestMachine } from './machine.js';

const THREE = `
name: three
topology:
  defaults: { kind: linux, image: alpine, network-mode: none }
  nodes:
    left:
      exec:
        - ip addr add 10.7.1.2/24 dev eth1
        - ip route add default via 10.7.1.1
    middle:
      sysctls: { net.ipv4.conf.all.rp_filter: 2 }
      env: { COLOUR: dark blue }
      cmd: sh -c 'echo "I am $$COLOUR on $(hostname)"; touch /etc/mark /var/mark /srv/mark /tmp/culvert-mark; exec sleep 4711'
      binds:
        - greeting:/etc/three/greeting:ro
        - folder:/var/three
      exec:
        - ip addr add 10.7.1.1/24 dev west
        - ip addr add 10.7.2.1/24 dev east
        - sh -c 'echo so it goes; exit 3'
    right:
      exec:
        - ip addr add 10.7.2.2/24 dev eth1
        - ip route add default via 10.7.2.1
  links:
    - { endpoints: ["left:eth1", "middle:west"], mtu: 1500 }
    - { endpoints: ["middle:east", "right:eth1"], mtu: 1400 }
`;

const missing = namespacesMissing();
if (missing !== undefined) console.warn(`labs are not deployed here: ${missing}`);
const here = missing === undefined ? describe : describe.skip;

here('a lab of three nodes', () => {
  let machine: TestMachine;
  const read = (name: string, text = THREE): Topology => {
    const { topology } = parseTopology(text, machine.topology(name, text), process.env);
    if (!topology) throw new Error('the topology is broken');
    return topology;
  };
  const deploy = (text = THREE) => deployLab(machine, machine.root, read('three', text));
  const destroy = () => destroyLab(machine, machine.root, 'three');

  beforeEach(() => {
    machine = testMachine();
    writeFileSync(join(machine.folder, 'greeting'), 'hello\n');
    mkdirSync(join(machine.folder, 'folder'));
  });
  afterEach(async () => {
    await destroy();
    machine.close();
  });

  it('routes, runs, binds and reports; destroy leaves this machine as it was', async () => {
    const before = ownState();
    const { lab, warnings } = await deploy();
    const on = (name: string) => nodeOf(machine, lab, name);

    const ping = await on('left').run(['ping', '-c', '1', '-W', '2', '10.7.2.2']);
    expect(ping).toMatchObject({ code: 0 });
    expect((await on('right').run(['cat', '/sys/class/net/eth1/mtu'])).stdout).toBe('1400\n');
    expect((await on('middle').run(['cat', '/proc/sys/net/ipv4/conf/all/rp_filter'])).stdout).toBe('2\n');
    expect((await on('middle').run(['cat', '/etc/three/greeting'])).stdout).toBe('hello\n');
    expect((await on('middle').run(['sh', '-c', 'echo x >/etc/three/greeting'])).code).not.toBe(0);
    expect((await on('middle').run(['touch', '/var/three/made'])).code).toBe(0);
    expect(existsSync(join(machine.folder, 'folder/made'))).toBe(true);
    expect((await on('middle').run(['cat'], { input: 'typed' })).stdout).toBe('typed');
    expect((await on('middle').run(['no-such-program'])).code).toBe(127);
    expect((await on('middle').run(['sh', '-c', 'echo $COLOUR; hostname'])).stdout).toBe('dark blue\nmiddle\n');
    expect((await on('left').run(['ps', '-eo', 'args'])).stdout).not.toContain('4711');

    expect(warnings).toEqual(["middle: sh -c 'echo so it goes; exit 3': exit 3: so it goes"]);
    const log = `${machine.root}/three/middle.log`;
    await until(machine.clock, 2_000, async () => readFileSync(log, 'utf8') !== '');
    expect(readFileSync(log, 'utf8')).toBe('I am dark blue on middle\n');
    for (const mark of ['/etc/mark', '/var/mark', '/srv/mark', '/tmp/culvert-mark']) {
      expect((await on('middle').run(['test', '-e', mark])).code).toBe(0);
      expect(existsSync(mark)).toBe(false);
    }

    expect(ownState()).toBe(before);
    expect(processesWith('sleep 4711')).toHaveLength(1);
    expect(await destroy()).toBe(true);
    expect(ownState()).toBe(before);
    expect(processesWith('sleep 4711')).toEqual([]);
    for (const { process } of lab.nodes) expect(await isAlive(machine.files, process)).toBe(false);
    expect(existsSync(machine.root)).toBe(false);
    expect(await destroy()).toBe(false);
  });

  it('tells whether main processes run', async () => {
    const { lab } = await deploy();
    const states = async () =>
      Object.fromEntries(
        (await inspectLab(machine.files, machine.root, lab)).nodes.map(({ name, state }) => [name, state]),
      );
    expect(await states()).toEqual({ left: 'running', middle: 'running', right: 'running' });
    await nodeOf(machine, lab, 'middle').run(['sh', '-c', 'kill $(cat /run/.main)']);
    expect(await until(machine.clock, 2_000, async () => (await states()).middle === 'exited')).toBe(true);
    await destroy();
    expect(await states()).toEqual({ left: 'gone', middle: 'gone', right: 'gone' });
  });

  it('a command that outlives its time is killed in the node too', async () => {
    const { lab } = await deploy();
    // Long enough to be there, on a busy machine too.
    await expect(nodeOf(machine, lab, 'left').run(['sleep', '4712'], { timeoutMs: 1_000 })).rejects.toThrow('killed');
    expect(await until(machine.clock, 2_000, async () => processesWith('sleep 4712').length === 0)).toBe(true);
  });

  it('is not deployed twice, and the first goes on', async () => {
    const { lab } = await deploy();
    await expect(deploy()).rejects.toThrow(/^lab three is up since .*; culvert lab inspect shows it/);
    expect((await nodeOf(machine, lab, 'left').run(['true'])).code).toBe(0);
    expect((await livingLabs(machine.files, machine.root)).map(({ name }) => name)).toEqual(['three']);
  });

  it('a lab whose anchor was killed is forgotten by the next deploy', async () => {
    const { lab } = await deploy();
    process.kill(lab.anchor.pid, 'SIGKILL');
    await until(machine.clock, 5_000, async () => !(await isAlive(machine.files, lab.anchor)));
    expect(await livingLabs(machine.files, machine.root)).toEqual([]);
    const again = await deploy();
    expect(again.lab.anchor.pid).not.toBe(lab.anchor.pid);
  });

  it('never kills a process that only has the number of an old anchor', async () => {
    const { lab } = await deploy();
    await destroy();
    const bystander = spawn('sleep', ['4713'], { stdio: 'ignore' });
    const pid = bystander.pid!;
    await machine.files.makeFolder(`${machine.root}/three`);
    await writeLab(machine.files, machine.root, { ...lab, anchor: { pid, started: '1' }, nodes: [] });
    expect(await destroy()).toBe(true);
    expect(await processOf(machine.files, pid)).toBeDefined();
    bystander.kill('SIGKILL');
  });

  it.each([
    [
      'a program that is missing',
      (text: string) => text.replace('ip addr add 10.7.1.2', 'ipp addr add 10.7.1.2'),
      /^this machine lacks ipp; install whatever brings ipp$/,
    ],
    [
      'a bind that is missing',
      (text: string) => text.replace('greeting:/', 'greetings:/'),
      /^node middle: .*greetings, which it binds, is not there; make it/,
    ],
    [
      'a sysctl that is none',
      (text: string) => text.replace('rp_filter: 2', 'no_filter: 2'),
      /^node middle: .*sysctl net.ipv4.conf.all.no_filter; /,
    ],
    [
      'a bind where nothing may be made',
      (text: string) => text.replace('/etc/three/greeting', '/proc/three'),
      /^node middle: .*bind \/proc\/three; /,
    ],
    [
      'a name the kernel refuses',
      (text: string) => text.replaceAll('west', 'we:t').replace('"middle:we:t"', '"middle:w%"'),
      /^links: /,
    ],
  ])('%s: one line, and nothing has changed', async (_, change, message) => {
    const before = ownState();
    const failure = await deploy(change(THREE)).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(LabError);
    expect((failure as LabError).message).toMatch(message);
    expect((failure as LabError).message).not.toContain('\n');
    expect(existsSync(machine.root)).toBe(false);
    expect(ownState()).toBe(before);
    expect(processesWith('sleep 4711')).toEqual([]);
  });

  it.each([0, 20, 60, 120, 500])('interrupted after %i ms it leaves nothing', async (ms) => {
    const endless = THREE.replace('- ip addr add 10.7.2.2', '- sleep 4711\n        - ip addr add 10.7.2.2');
    const interrupt = new AbortController();
    const deploying = deployLab(machine, machine.root, read('three', endless), interrupt.signal);
    machine.clock.after(ms, () => interrupt.abort());
    await expect(deploying).rejects.toThrow('interrupted; nothing was left behind');
    expect(existsSync(machine.root)).toBe(false);
    expect(processesWith(machine.folder)).toEqual([]);
    expect(processesWith('sleep 4711')).toEqual([]);
  });

  it('names its nodes when asked for one that is not there', async () => {
    const { lab } = await deploy();
    expect(() => nodeOf(machine, lab, 'centre')).toThrow('lab three has no node centre; it has left, middle, right');
  });
});

/** uid and gid of nobody, on Debian and elsewhere. */
const NOBODY = 65_534;

/** This machine as nobody sees it: programs run as nobody, and the state folder is nobody's. */
function unprivileged(): TestMachine {
  const [exec, files] = [createExec(), createFiles()];
  const machine = testMachine({
    uid: NOBODY,
    exec: execInside(exec, ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--']),
    files: {
      ...files,
      makeFolder: async (path) => {
        const made = await files.makeFolder(path);
        chownSync(path, NOBODY, NOBODY);
        return made;
      },
    },
  });
  chmodSync(machine.folder, 0o755);
  return machine;
}

here('without root', () => {
  it('nodes route, run and have their files; destroy leaves this machine as it was', async () => {
    const machine = unprivileged();
    const before = ownState();
    writeFileSync(join(machine.folder, 'greeting'), 'hello\n');
    mkdirSync(join(machine.folder, 'folder'));
    const { topology } = parseTopology(THREE, machine.topology('three', THREE));
    try {
      const { lab } = await deployLab(machine, machine.root, topology!);
      const on = (name: string) => nodeOf(machine, lab, name);
      expect(lab.rootless).toBe(true);
      expect(await on('left').run(['ping', '-c', '1', '-W', '2', '10.7.2.2'])).toMatchObject({ code: 0 });
      expect((await on('middle').run(['cat', '/etc/three/greeting'])).stdout).toBe('hello\n');
      expect((await on('middle').run(['id', '-u'])).stdout).toBe('0\n');
      expect((await on('middle').run(['nft', 'list', 'ruleset'])).code).toBe(0);
    } finally {
      await destroyLab(machine, machine.root, 'three');
      machine.close();
    }
    expect(ownState()).toBe(before);
    expect(processesWith('sleep 4711')).toEqual([]);
  });
});

here('an anchor', () => {
  it('ends with the process that deploys, even when that is killed', async () => {
    const machine = testMachine();
    const [program, ...args] = anchorArgv({ logs: machine.folder, rootless: false });
    const script =
      'require("node:child_process").spawn(process.argv[1], process.argv.slice(2), { stdio: ["pipe", "inherit", "inherit"] }).stdin.write("node lonely\\n")';
    const deployer = spawn(process.execPath, ['-e', script, program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    deployer.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const pids = () => [...text.matchAll(/^(?:anchor|node lonely) (\d+)/gm)].map((match) => Number(match[1]));
    const alive = async () => Promise.all(pids().map((pid) => processOf(machine.files, pid)));
    expect(await until(machine.clock, 5_000, async () => pids().length === 2)).toBe(true);
    expect(await alive()).not.toContain(undefined);
    deployer.kill('SIGKILL');
    expect(
      await until(machine.clock, 5_000, async () => (await alive()).every((process) => process === undefined)),
    ).toBe(true);
    expect(await until(machine.clock, 5_000, async () => processesWith(machine.folder).length === 0)).toBe(true);
    machine.close();
  });

  it('says why it cannot be', async () => {
    const machine = testMachine();
    const refused = {
      ...machine.exec,
      stream: (_: unknown, handlers: StreamHandlers) =>
        machine.exec.stream(['sh', '-c', 'echo no namespaces for you >&2; exit 1'], handlers),
    };
    await expect(startAnchor(refused, { logs: machine.folder, rootless: true })).rejects.toThrow(
      'the anchor ended: sh: exit status 1: no namespaces for you; run it as root, or allow user namespaces',
    );
    machine.close();
  });
});

describe('state', () => {
  it.each([
    [0, {}, '/run/culvert-lab'],
    [1000, { XDG_RUNTIME_DIR: '/run/user/1000' }, '/run/user/1000/culvert-lab'],
    [1000, {}, '/tmp/culvert-lab-1000'],
    [0, { CULVERT_LAB_STATE: '/var/tmp/labs' }, '/var/tmp/labs'],
  ])('of uid %i with %j is in %s', (uid, environment, folder) => {
    expect(stateFolder(uid, environment)).toBe(folder);
  });
});
