import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fleet } from '../../src/model/fleet.js';
import { renderRouter } from '../../src/render/router/render.js';
import { serverSymbol, upstreamSymbol } from '../../src/render/router/symbols.js';
import { VENDORS, type Vendor } from '../../src/model/vendor.js';
import { every, FLEETS, fleetOf, routerIn } from './fleets.js';
import { rendered, templatesOf } from './templates.js';

const cases = Object.entries(FLEETS).flatMap(([name, fleet]) => VENDORS.map((vendor) => ({ name, fleet, vendor })));
/** `every` has the password that BIRD can hold at r2 only. */
const routerFor = (name: string, vendor: Vendor): string => (name === 'every' && vendor === 'bird' ? 'r2' : 'r1');

const golden = (name: string, vendor: Vendor): URL => new URL(`golden/${name}.${vendor}.conf`, import.meta.url);

describe('golden text', () => {
  test.each(cases)('$name for $vendor', ({ name, fleet, vendor }) => {
    const text = rendered(fleet, routerFor(name, vendor), vendor);
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden(name, vendor), text);
    expect(text).toBe(readFileSync(golden(name, vendor), 'utf8'));
  });
});

const isThere = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const itWith = (program: string): jest.It => {
  if (isThere(program)) return it;
  console.warn(`not checked by its own parser: no ${program} here`);
  return it.skip;
};

describe('their own parsers', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'culvert-router-'));
    chmodSync(folder, 0o755); // bgpd reads as a user of its own
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const fileOf = (name: string, vendor: Vendor): string => {
    const file = join(folder, `${name}.${vendor}`);
    writeFileSync(file, rendered(FLEETS[name]!, routerFor(name, vendor), vendor));
    return file;
  };
  const ofVendor = (vendor: Vendor) => cases.filter((one) => one.vendor === vendor);

  itWith('bird').each(ofVendor('bird'))('bird -p: $name', ({ name, fleet, vendor }) => {
    const isWhole = routerIn(fleet, routerFor(name, vendor)).router.upstreams.length > 0;
    const file = join(folder, 'bird.conf');
    const around = isWhole ? '' : 'router id 198.18.1.1;\nprotocol device {}\n';
    writeFileSync(file, `${around}include "${fileOf(name, vendor)}";\n`);
    execFileSync('bird', ['-p', '-c', file], { stdio: 'pipe' });
  });

  itWith('vtysh').each(ofVendor('frr'))('vtysh -C: $name', ({ name, vendor }) => {
    const { status, stdout, stderr } = spawnSync('vtysh', ['-C', '-f', fileOf(name, vendor)], { encoding: 'utf8' });
    expect([status, stdout + stderr]).toEqual([0, expect.not.stringMatching(/unknown|error|%/i)]);
  });

  const BGPD = '/usr/lib/frr/bgpd';
  /** Said of every change, at the first start too. */
  const GRACEFUL = 'Graceful restart configuration changed, reset this peer to take effect';
  if (!existsSync(BGPD)) console.warn(`not read by ${BGPD}: it is not there`);
  (existsSync(BGPD) ? it : it.skip).each(ofVendor('frr'))('bgpd -C: $name', ({ name, vendor }) => {
    const file = fileOf(name, vendor);
    // The one line that is zebra's.
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^no zebra .*\n/m, ''));
    const { status, stdout, stderr } = spawnSync(BGPD, ['-C', '-f', file], { encoding: 'utf8' });
    const said = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && line !== GRACEFUL);
    expect([status, said]).toEqual([0, []]);
  });
});

describe('names', () => {
  test('become symbols of BIRD: different ones stay different, none is a keyword or too long', () => {
    expect(serverSymbol('ams-s1')).toBe('server_ams_s1');
    expect(upstreamSymbol('isp-eu', 6)).toBe('upstream_isp_eu_v6');
    const long = ['a', 'b', 'c'].flatMap((last) => [`${'x'.repeat(62)}${last}`, `${'x-'.repeat(31)}${last}`]);
    const names = ['path', 'table', '1', '1-2', '12', 'a-1', 'a1', ...long];
    const symbols = names.flatMap((name) => [serverSymbol(name), upstreamSymbol(name, 4), upstreamSymbol(name, 6)]);
    expect(new Set(symbols).size).toBe(symbols.length);
    for (const symbol of symbols) expect(symbol).toMatch(/^(server|upstream)_[a-z0-9_]{1,57}$/);
    for (const symbol of symbols) expect(symbol.length).toBeLessThanOrEqual(64);
  });
});

describe('passwords', () => {
  const small = (password: string): Fleet =>
    fleetOf(`allowReserved: true
provider: { asn: 64500, endpoints: { gre4: 192.0.2.1 }, covering: [192.0.2.0/24], icmpSource: { v4: 192.0.2.2 } }
sites:
  ams:
    region: eu
    routers:
      r1: { asn: 64500, v4: 198.18.1.1, password: ${JSON.stringify(password)}, upstreams: { isp: { asn: 64496, v4: 198.18.0.2, password: ${JSON.stringify(`${password}-up`)} } } }
    servers: { s1: { v4: 198.18.1.11, uplinks: [eth1] } }
`);

  test.each(VENDORS)('are not printed for %s unless asked for', (vendor) => {
    const fleet = small('blue-whale');
    const hidden = rendered(fleet, 'r1', vendor, false);
    expect(hidden).not.toContain('blue-whale');
    expect(hidden.match(/password "?HIDDEN-PASSWORD"?/g)).toHaveLength(2);
    expect(rendered(fleet, 'r1', vendor, true).match(/password "?blue-whale/g)).toHaveLength(2);
  });

  test('a double quote cannot be written for BIRD, and is told before it is needed', () => {
    expect(() => rendered(small('a"b'), 'r1', 'bird', false)).toThrow(
      'BIRD can hold no password with a double quote; give r1 another one',
    );
    expect(rendered(small('a"b'), 'r1', 'frr')).toContain(' password a"b\n');
  });
});

describe('what configuration never lets through', () => {
  const wanted = { fleet: every, ...routerIn(every, 'r1'), vendor: 'frr', showSecrets: true } as const;
  const refuse = (change: Partial<typeof wanted.router>): (() => string) => {
    const router = { ...wanted.router, ...change };
    return () => renderRouter(templatesOf('frr'), { ...wanted, router });
  };
  const [isp] = wanted.router.upstreams;

  test.each<[string, Partial<typeof wanted.router>]>([
    ['a name of two lines', { name: 'r1\nno router bgp 64500' }],
    ['a password of two lines', { password: 'a\nno router bgp 64500' }],
    ['a password of two words', { password: 'a b' }],
    ['an address that is more', { v4: '198.18.1.1 shutdown' as never }],
    ['an upstream that is more', { upstreams: [{ ...isp!, name: 'isp"; reject; #' }] }],
    ['an AS number that is none', { asn: 1.5 }],
    ['a network that is more', { networks: ['198.18.1.0/24 route-map x' as never] }],
    ['an id that is more', { id: '1.2.3.4\n!' as never }],
  ])('refuses %s', (_, change) => expect(refuse(change)).toThrow(/^not /));

  test('a template that names what is not there fails, in a condition too', () => {
    const wrong = (text: string) => () => renderRouter({ 'router.conf': text }, wanted);
    expect(wrong('{{ router.nmae }}')).toThrow(/nmae/);
    expect(wrong('{% if router.isHwole %}x{% endif %}')).toThrow(/isHwole/);
    expect(wrong('{% for f in router.families %}{% if f.hasUpstream %}x{% endif %}{% endfor %}')).toThrow(
      /hasUpstream/,
    );
    expect(wrong('{% include "elsewhere.conf" %}')).toThrow(/no template elsewhere.conf/);
  });

  test('a router that shares no family with any server is refused with a remedy', () => {
    const { v4: _, ...onlyV6 } = wanted.router;
    const servers = wanted.site.servers.map(({ v6: _v6, ...server }) => server);
    const alone = { ...wanted, site: { ...wanted.site, servers }, router: onlyV6 };
    expect(() => renderRouter(templatesOf('frr'), alone)).toThrow(
      'r1 shares no address family with a server of ams; give it a v4',
    );
  });
});

describe('a fleet of ten thousand prefixes', () => {
  test.each(VENDORS)('is rendered for %s, with room to grow', (vendor) => {
    const base = FLEETS['servers-v4']!;
    const [first] = base.customers;
    const prefixes = Array.from({ length: 10_000 }, (_, n) => ({
      prefix: `100.${64 + (n >> 8)}.${n & 255}.0/24` as never,
      advertise: n % 10 !== 0,
      ...(n % 20 === 0 ? { onDemand: true } : {}),
    }));
    const text = rendered({ ...base, customers: [{ ...first!, prefixes }] }, 'r1', vendor);
    expect(text.match(/100\.\d+\.\d+\.0\/24/g)).toHaveLength(9_500);
    expect(text).toMatch(/(maximum-prefix|receive limit) 19004\b/);
  });
});
