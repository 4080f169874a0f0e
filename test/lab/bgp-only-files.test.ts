/** lab/bgp-only as files: a topology and a fleet that agree, with one server of each speaker. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatIssue } from '../../src/config/issue.js';
import { parseFleet } from '../../src/config/parse.js';
import { profileOf } from '../../src/lab/images.js';
import { programsOf } from '../../src/lab/packages.js';
import { parseTopology } from '../../src/lab/parse-topology.js';
import { formatTopologyIssue } from '../../src/lab/topology.js';

const LAB = resolve('lab/bgp-only');
const read = (name: string): string => readFileSync(join(LAB, name), 'utf8');

const parsed = parseTopology(read('bgp-only.clab.yml'), join(LAB, 'bgp-only.clab.yml'));
if (parsed.issues) throw new Error(parsed.issues.map(formatTopologyIssue).join('\n'));
const { topology } = parsed;

test('nothing in it is not emulated, every image is known, every bind is there', () => {
  expect(topology.notEmulated).toEqual([]);
  expect(topology.nodes.filter((node) => profileOf(node, '/') === undefined)).toEqual([]);
  expect(topology.nodes.flatMap(({ binds }) => binds).filter(({ source }) => !existsSync(source))).toEqual([]);
});

test('it names both daemons', () => {
  expect(programsOf(topology, '/home')).toEqual(expect.arrayContaining(['bird', 'exabgp', 'gobgpd']));
});

test('fleet and topology are of one mind', () => {
  const fleet = parseFleet([{ path: 'fleet.yaml', text: read('fleet.yaml') }], 'abc');
  if (!fleet.ok) throw new Error(fleet.issues.map(formatIssue).join('\n'));
  expect(fleet.warnings).toEqual([]);
  const [site] = fleet.fleet.sites;
  expect(site!.servers.map(({ name, speaker }) => [name, speaker])).toEqual([
    ['s1', 'gobgp'],
    ['s2', 'exabgp'],
  ]);
  for (const { name, v4, v6 } of site!.servers) {
    const words = topology.nodes.find((node) => node.name === name)!.exec.map((line) => line.join(' '));
    expect(words).toEqual(
      expect.arrayContaining([expect.stringContaining(` ${v4} `), expect.stringContaining(` ${v6} `)]),
    );
    expect(read('r1/bird.conf')).toContain(`neighbor ${v4} internal`);
  }
});
