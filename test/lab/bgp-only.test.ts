/** lab/bgp-only with everything in it running: the same guard and agent before a GoBGP and before an ExaBGP. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { deployLab } from '../../src/lab/deploy.js';
import { destroyLab } from '../../src/lab/destroy.js';
import { nodeOf } from '../../src/lab/lab.js';
import { until } from '../../src/lab/machine.js';
import { parseTopology } from '../../src/lab/parse-topology.js';
import type { LabRecord } from '../../src/lab/state.js';
import type { Words } from '../../src/lab/topology.js';
import { namespacesMissing, ownState, testMachine } from './machine.js';

const missing = existsSync('dist/main/cli.js') ? namespacesMissing() : 'no build';
if (missing !== undefined) console.warn(`lab/bgp-only is not deployed here: ${missing}`);

const PREFIXES = ['192.0.2.0/24', '203.0.113.0/24', '2001:db8:e::/48'];
const SERVERS = ['s1', 's2'] as const;

(missing === undefined ? describe : describe.skip)('lab/bgp-only', () => {
  const machine = testMachine();
  const before = ownState();
  let lab: LabRecord;
  const output = async (name: string, ...argv: Words): Promise<string> =>
    (await nodeOf(machine, lab, name).run(argv, { timeoutMs: 20_000 })).stdout;
  /** What the router has from a server, attributes included. */
  const from = (server: string): Promise<string> => output('r1', 'birdc', 'show', 'route', 'all', 'protocol', server);
  const count = async (server: string): Promise<number> =>
    PREFIXES.filter(
      (
        (text) => (prefix: string) =>
          text.includes(prefix)
      )(await from(server)),
    ).length;
  const imports = async (server: string): Promise<readonly string[]> =>
    (await output('r1', 'birdc', 'show', 'protocols', 'all', server)).match(/Import (updates|withdraws):.*/g) ?? [];
  const eventually = async (probe: () => Promise<boolean>, boundMs = 30_000): Promise<void> =>
    expect(await until(machine.clock, boundMs, probe)).toBe(true);
  const kill = (server: string, pattern: string): Promise<string> => output(server, 'pkill', '-9', '-f', pattern);
  const log = (server: string): Promise<string> => output(server, 'cat', '/run/log/guard.log');

  beforeAll(async () => {
    const path = resolve('lab/bgp-only/bgp-only.clab.yml');
    const { topology } = parseTopology((await machine.files.read(path)) ?? '', path);
    if (!topology) throw new Error('the topology is broken');
    ({ lab } = await deployLab(machine, machine.root, topology));
  }, 60_000);

  afterAll(async () => {
    await destroyLab(machine, machine.root, 'bgp-only');
    machine.close();
    expect(ownState()).toBe(before);
  }, 20_000);

  it('the router has every prefix from both servers, alike but for next hop and tag', async () => {
    for (const server of SERVERS) await eventually(async () => (await count(server)) === PREFIXES.length);
    const attributes = async (server: string): Promise<readonly string[]> =>
      [...(await from(server)).matchAll(/BGP\.(?!next_hop|large_community).*/g)].map(([line]) => line.trim()).sort();
    await eventually(async () => !(await from('s2')).includes('65535,0'));
    await eventually(async () => !(await from('s1')).includes('65535,0'));
    expect(await attributes('s2')).toEqual(await attributes('s1'));
  }, 60_000);

  it('an ExaBGP that was killed is filled again; the other server carries on', async () => {
    const other = await imports('s1');
    await kill('s2', '/usr/sbin/exabgp');
    await eventually(async () => (await count('s2')) === 0);
    await eventually(async () => (await count('s2')) === PREFIXES.length);
    expect(await imports('s1')).toEqual(other);
  }, 60_000);

  it('a bridge that was killed is taken over without an UPDATE', async () => {
    await eventually(async () => !(await from('s2')).includes('65535,0'));
    const [told, heard] = [(await log('s2')).length, await imports('s2')];
    await kill('s2', 'exabgp-bridge');
    await eventually(async () => (await log('s2')).slice(told).includes('install the barrier'));
    await eventually(async () => (await output('s2', 'culvert', 'status')).includes('speaker ready'));
    expect(await imports('s2')).toEqual(heard);
  }, 60_000);

  it('a guard that was killed takes everything over without an UPDATE', async () => {
    const heard = await imports('s2');
    await kill('s2', 'cli.js guard');
    await eventually(async () => (await output('s2', 'culvert', 'status')).includes('speaker ready'));
    await eventually(async () => (await output('s2', 'culvert', 'status')).includes('agent leased'));
    expect(await imports('s2')).toEqual(heard);
  }, 60_000);

  it('drain takes it out, degraded first; undrain brings it back', async () => {
    const degraded: boolean[] = [];
    const draining = output('s2', 'culvert', 'drain');
    await eventually(async () => {
      degraded.push((await from('s2')).includes('65535,0'));
      return (await count('s2')) === 0;
    });
    expect(await draining).toContain('drained');
    expect(degraded).toContain(true);
    await output('s2', 'culvert', 'undrain');
    await eventually(async () => (await count('s2')) === PREFIXES.length);
  }, 90_000);
});
