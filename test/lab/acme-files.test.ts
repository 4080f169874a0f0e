/** lab/acme as files: valid for containerlab and for each daemon's own parser, and of one mind with the fleet. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { programsOf } from '../../src/lab/packages.js';
import { profileOf } from '../../src/lab/images.js';
import type { Vendor } from '../../src/model/vendor.js';
import { fleetOf } from '../routers/fleets.js';
import { rendered } from '../routers/templates.js';
import { parseTopology } from '../../src/lab/parse-topology.js';
import { formatTopologyIssue, type Topology } from '../../src/lab/topology.js';

const ACME = resolve('lab/acme');

function read(path: string): Topology {
  const { topology, issues } = parseTopology(readFileSync(path, 'utf8'), path);
  if (issues) throw new Error(issues.map(formatTopologyIssue).join('\n'));
  return topology;
}

const acme = read(join(ACME, 'acme.clab.yml'));
const words = (node: string): string =>
  acme.nodes
    .find(({ name }) => name === node)!
    .exec.map((line) => line.join(' '))
    .join('\n');

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const itWith = (program: string): jest.It => {
  if (has(program)) return it;
  console.warn(`not checked by its own parser: no ${program} here`);
  return it.skip;
};

describe('the topology', () => {
  it('is the picture', () => {
    expect(acme.nodes.map(({ name }) => name).sort()).toEqual([
      ...['acme-ftp', 'acme-r1', 'acme-r2', 'ams-r1', 'ams-s1', 'ams-s2', 'globex-r1', 'isp-eu', 'isp-us'],
      ...['sjc-r1', 'sjc-s1', 'sjc-s2', 'user-eu', 'user-us'],
    ]);
    expect(acme.links.map(({ ends }) => ends.map(({ node }) => node).join(' '))).toEqual([
      ...['user-eu isp-eu', 'user-us isp-us', 'isp-eu isp-us', 'isp-eu ams-r1', 'isp-us sjc-r1'],
      ...['isp-us acme-r1', 'isp-eu acme-r2', 'isp-us globex-r1', 'acme-r1 acme-ftp', 'acme-r2 acme-ftp'],
      ...['ams-r1 ams-s1', 'ams-r1 ams-s2', 'sjc-r1 sjc-s1', 'sjc-r1 sjc-s2'],
    ]);
  });

  it('asks for nothing that is not emulated, and every image is known', () => {
    expect(acme.notEmulated).toEqual([]);
    for (const node of acme.nodes) expect([node.name, profileOf(node, '/') !== undefined]).toEqual([node.name, true]);
  });

  it('binds only what is there', () => {
    for (const { source } of acme.nodes.flatMap(({ binds }) => binds))
      expect([source, existsSync(source)]).toEqual([source, true]);
  });

  it('names the programs it needs', () => {
    expect(programsOf(acme, '/home')).toEqual([
      ...['/usr/lib/frr/watchfrr', 'bash', 'bird', 'birdc', 'curl', 'gobgpd', 'ip', 'mount', 'nft', 'nsenter'],
      ...['ping', 'runsvdir', 'setpriv', 'setsid', 'sh', 'sv', 'unshare', 'vsftpd', 'vtysh'],
    ]);
  });
});

describe('the fleet', () => {
  interface Fleet {
    sites: Record<
      string,
      {
        routers: Record<string, { v4: string; v6: string }>;
        servers: Record<string, { v4: string; v6: string; uplinks: string[] }>;
      }
    >;
    customers: Record<string, { tunnels: Record<string, { remote: string; inner: string }> }>;
  }
  const fleet = parse(readFileSync(join(ACME, 'fleet.yaml'), 'utf8')) as Fleet;

  it('has its servers and routers where the topology has them', () => {
    for (const { routers, servers } of Object.values(fleet.sites)) {
      for (const [router, at] of Object.entries(routers)) {
        for (const [server, own] of Object.entries(servers)) {
          for (const family of ['v4', 'v6'] as const) {
            expect(words(router)).toContain(`ip addr add ${at[family]} peer ${own[family]} dev`);
            expect(words(server)).toContain(`ip addr add ${own[family]} peer ${at[family]} dev ${own.uplinks[0]}`);
          }
        }
      }
    }
  });

  it('ends its tunnels where the customers have them', () => {
    for (const [customer, { tunnels }] of Object.entries(fleet.customers)) {
      const routers = acme.nodes
        .filter(({ name }) => name.startsWith(`${customer}-r`))
        .map(({ name }) => words(name))
        .join('\n');
      for (const { remote, inner } of Object.values(tunnels)) {
        const [address, length] = inner.split('/');
        const other = address!.replace(/\d+$/, (last) => String(Number(last) ^ 1));
        expect(routers).toContain(`sh /etc/customer/gre ${remote} ${other}/${length}`);
        expect(routers).toContain(`ip addr add ${remote}/30 dev isp`);
      }
    }
  });
});

describe("the sites' routers", () => {
  it.each<[string, Vendor, string]>([
    ['ams-r1', 'frr', 'frr.conf'],
    ['sjc-r1', 'bird', 'bird.conf'],
  ])('%s runs what is rendered for %s', (router, vendor, file) => {
    const fleet = fleetOf(readFileSync(join(ACME, 'fleet.yaml'), 'utf8'));
    const path = join(ACME, router, file);
    const text = rendered(fleet, router, vendor);
    if (process.env.UPDATE_GOLDEN) writeFileSync(path, text);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});

describe('parsers of others', () => {
  const schemaPath = process.env.CLAB_SCHEMA;
  if (schemaPath === undefined)
    console.warn("not checked against containerlab's own schema: CLAB_SCHEMA does not name it");
  (schemaPath === undefined ? it.skip : it)("containerlab's JSON Schema", () => {
    const ajv = new Ajv({ strict: false, allErrors: true });
    const validate = ajv.compile(JSON.parse(readFileSync(schemaPath!, 'utf8')) as object);
    for (const path of topologies()) {
      validate(parse(readFileSync(path, 'utf8'), { merge: true }));
      expect([path, validate.errors ?? []]).toEqual([path, []]);
    }
    expect(validate({ name: 'x', topology: { nodes: { a: { kind: 'linux', colour: 'blue' } } } })).toBe(false);
  });

  const topologies = (): readonly string[] =>
    readdirSync('lab', { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.clab.yml'))
      .map((path) => join('lab', path));

  itWith('bird').each(['isp-eu', 'isp-us', 'sjc-r1', 'acme-r1', 'acme-r2'])('bird -p: %s', (node) => {
    execFileSync('bird', ['-p', '-c', join(ACME, node, 'bird.conf')], { stdio: 'pipe' });
  });

  itWith('vtysh')('vtysh -C: ams-r1', () => {
    const { status, stdout, stderr } = spawnSync('vtysh', ['-C', '-f', join(ACME, 'ams-r1/frr.conf')], {
      encoding: 'utf8',
    });
    expect([status, stdout + stderr]).toEqual([0, expect.not.stringMatching(/unknown|error/i)]);
  });

  itWith('nft')("nft -c: the customers' clamp", () => {
    const file = join(ACME, 'customer/clamp.nft');
    const { status, stderr } = spawnSync('unshare', ['--user', '--map-root-user', '--net', 'nft', '-c', '-f', file], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  it.each([
    'server/service/gobgpd/run',
    'server/service/guard/run',
    'server/service/agent/run',
    'server/service/tund/run',
    'customer/gre',
    'acme-ftp/start',
  ])('sh -n: %s', (script) => {
    execFileSync('sh', ['-n', join(ACME, script)], { stdio: 'pipe' });
  });
});
