/** The lab's commands: wrong input, the wrong moment, and Ctrl-C at any moment. */
import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../drivers/speaker/until.js';
import { namespacesMissing, ownState, processesWith, testMachine, type TestMachine } from '../lab/machine.js';
import { CLI, Culvert, expectRefusal, NOBODY, whyNoProcesses } from './culvert.js';

const missing = whyNoProcesses() ?? namespacesMissing();
if (missing !== undefined) console.warn(`the lab's commands are not tested here: ${missing}`);
const here = missing === undefined ? describe : describe.skip;

const PAIR = `
name: pair
topology:
  defaults: { kind: linux, image: alpine, network-mode: none, cmd: sleep 4720 }
  nodes: { left: {}, right: {} }
  links:
    - endpoints: ["left:eth1", "right:eth1"]
`;

const MANY = `
name: many
topology:
  defaults: { kind: linux, image: alpine, network-mode: none, cmd: sleep 4720, exec: [sleep 0.2] }
  nodes: { n1: {}, n2: {}, n3: {}, n4: {}, n5: {}, n6: {}, n7: {}, n8: {} }
`;

/** On a machine that does other things too. */
jest.setTimeout(60_000);

here('culvert lab', () => {
  let machine: TestMachine;
  let culvert: Culvert;
  let pair: string;
  let before: string;
  const lab = (verb: string, ...words: readonly string[]) => culvert.run('lab', verb, '-t', pair, ...words);

  beforeEach(() => {
    machine = testMachine();
    culvert = new Culvert(machine.exec, ['env', `CULVERT_LAB_STATE=${machine.root}`]);
    pair = machine.topology('pair', PAIR);
    before = ownState();
  });
  afterEach(async () => {
    await lab('destroy');
    expect(ownState()).toBe(before);
    expect(processesWith(machine.root)).toEqual([]);
    expect(existsSync(machine.root)).toBe(false);
    machine.close();
  });

  it('deploy: a topology with unknown keys, each with its place', async () => {
    const path = machine.topology('odd', `colour: blue\n${PAIR.replace('left: {}', 'left: { imag: alpine }')}`);
    expectRefusal(
      await culvert.run('lab', 'deploy', '-t', path),
      `culvert: ${path}:1:1: colour is no key of a containerlab topology; remove it; labels are the place for keys of your own`,
      `${path}:6:20: topology.nodes.left.imag is no key of a containerlab topology; write image; nothing was changed`,
    );
  });

  it.each<[string, readonly string[], RegExp]>([
    ['deploy of nothing', ['deploy', '-t', '/nowhere.yml'], /^culvert: \/nowhere\.yml is not there; name a topology/],
    ['destroy without a lab', ['destroy'], /^culvert: lab pair is not up; there is nothing to destroy$/],
    ['inspect without a lab', ['inspect'], /^culvert: lab pair is not up; culvert lab deploy starts one$/],
    ['exec without a lab', ['exec', 'left', 'true'], /^culvert: lab pair is not up; culvert lab deploy starts one$/],
    ['verify without a lab', ['verify'], /^culvert: lab pair is not up; culvert lab deploy starts one$/],
  ])('%s', async (_, [verb = '', ...words], line) => {
    expectRefusal(await lab(verb, ...words), line);
  });

  it('deploy twice, an unknown node, somebody else’s story: refused, and the lab goes on', async () => {
    expect((await lab('deploy')).code).toBe(0);
    expectRefusal(
      await lab('deploy'),
      /^culvert: lab pair is up since .*; culvert lab inspect shows it, culvert lab destroy ends it$/,
    );
    expectRefusal(await lab('exec', 'centre', 'true'), 'culvert: lab pair has no node centre; it has left, right');
    expectRefusal(
      await lab('verify'),
      /^culvert: lab pair has no ams-r1, .*; verify plays the story of lab\/acme\/acme\.clab\.yml$/,
    );
    expect(await lab('exec', 'left', '--', 'sh', '-c', 'exit 7')).toMatchObject({ code: 7 });
    expect(await lab('destroy')).toMatchObject({ code: 0, stdout: 'lab pair is gone\n' });
  });

  it('where the kernel gives no namespaces: one line, and nothing is left', async () => {
    const refused = culvert.as(
      ...['unshare', '--user', '--map-root-user', 'sh', '-c'],
      ...['echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"', 'refused'],
    );
    expectRefusal(
      await refused.run('lab', 'deploy', '-t', pair),
      /^culvert: the anchor ended: .*unshare failed: .*; run it as root, or allow user namespaces$/,
    );
  });

  it('without root: works where the kernel allows, and says in one line where not', async () => {
    const folder = join(machine.folder, 'nobody');
    await machine.exec.run(['install', '-d', '-m', '777', folder]);
    await machine.exec.run(['chmod', '755', machine.folder]);
    const nobody = new Culvert(machine.exec, [...NOBODY, 'env', `CULVERT_LAB_STATE=${folder}/state`]);
    const deployed = await nobody.run('lab', 'deploy', '-t', pair);
    if (deployed.code !== 0) return expectRefusal(deployed, /; run it as root, or allow user namespaces$/);
    expect(await nobody.run('lab', 'destroy', '-t', pair)).toMatchObject({ code: 0, stdout: 'lab pair is gone\n' });
    expect(existsSync(`${folder}/state`)).toBe(false);
  });

  describe('deploy, interrupted', () => {
    /** To the whole group, as a terminal does it, or to the command alone. */
    const interrupted = async (group: boolean, moment: (said: string) => boolean, ms: number) => {
      const path = machine.topology('many', MANY);
      const child = spawn(process.execPath, [CLI, 'lab', 'deploy', '-t', path], {
        detached: true,
        env: { ...process.env, CULVERT_LAB_STATE: machine.root },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += String(chunk)));
      const ended = new Promise<number | null>((done) => child.once('close', done));
      await until('the moment', async () => moment(said) || child.exitCode !== null);
      await new Promise((done) => setTimeout(done, ms));
      const pid = child.pid ?? 0;
      process.kill(group ? -pid : pid, 'SIGINT');
      return { code: await ended, said };
    };
    const begun = (said: string): boolean => said.includes('GRE: ');

    it.each([
      [false, 0],
      [false, 250],
      [true, 100],
      [true, 250],
    ])('by the terminal: %s, %i ms into it: nothing is left', async (group, ms) => {
      const { code, said } = await interrupted(group, begun, ms);
      expect(said.trim().split('\n').at(-1)).toBe('culvert: interrupted; nothing was left behind');
      expect(code).toBe(1);
      expect(existsSync(machine.root)).toBe(false);
      expect(processesWith('sleep 4720')).toEqual([]);
    });
  });
});
