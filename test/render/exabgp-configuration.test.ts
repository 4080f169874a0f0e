import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { address } from '../../src/model/address.js';
import type { Peer } from '../../src/model/path.js';
import {
  exabgpConfiguration,
  exabgpEnvironment,
  type ExabgpNeighbor,
  type ExabgpTemplates,
  isPassword,
} from '../../src/render/exabgp/configuration.js';

const template = (name: string): string => readFileSync(resolve('templates/exabgp', name), 'utf8');
const templates: ExabgpTemplates = {
  process: template('process.conf'),
  neighbor: template('neighbor.conf'),
  environment: template('exabgp.env'),
};
const RUN = ['/usr/bin/env', 'culvert', 'exabgp-bridge', '--run-dir', '/run/culvert'];

const neighbor = (of: string, extra: Partial<Peer> = {}): ExabgpNeighbor => ({
  routerId: address('198.18.1.11'),
  localAsn: 64_500,
  peer: {
    ...{ address: address(of), asn: 64_500, families: [4, 6], hold: 9, keepalive: 3 },
    localAddress: address(of.includes(':') ? '2001:db8:1::11' : '198.18.1.11'),
    ...{ ttlSecurity: false, gracefulRestart: 0, passive: false, multihop: 0, maxPrefix: {} },
    ...extra,
  },
});

const CASES: Readonly<Record<string, readonly ExabgpNeighbor[]>> = {
  'no-neighbors': [],
  neighbors: [
    neighbor('198.18.1.2', { asn: 4_200_000_001, password: 'blue whale #1;{}', multihop: 4, families: [4] }),
    neighbor('198.18.1.1', { hold: 0 }),
    neighbor('2001:db8:1::1', { families: [6] }),
  ],
};

const golden = (name: string): string => resolve('test/render/golden', `exabgp-${name}.conf`);

test.each(Object.keys(CASES))('%s, word for word', (name) => {
  const text = exabgpConfiguration(templates, RUN, CASES[name]!);
  if (process.env.CULVERT_UPDATE_GOLDEN === '1') writeFileSync(golden(name), text);
  expect(text).toBe(readFileSync(golden(name), 'utf8'));
});

const has = spawnSync('sh', ['-c', 'command -v exabgp']).status === 0;
if (!has) console.warn('skipped: exabgp is missing, its own parser is not asked');

(has ? test : test.skip).each(Object.keys(CASES))(
  'ExaBGP itself takes %s, with its settings',
  (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'culvert-exabgp-'));
    try {
      const [conf, env] = [join(folder, 'exabgp.conf'), join(folder, 'exabgp.env')];
      writeFileSync(conf, exabgpConfiguration(templates, RUN, CASES[name]!));
      writeFileSync(env, exabgpEnvironment(templates, 'root'));
      const { status, stdout, stderr } = spawnSync('exabgp', ['--env', env, '--validate', conf], {
        encoding: 'utf8',
        timeout: 20_000,
        // It prints what it has understood as warnings.
        env: { ...process.env, exabgp_log_level: 'WARNING' },
      });
      expect({ status, said: `${stdout}${stderr}` }).toMatchObject({ status: 0 });
      for (const { peer } of CASES[name]!) expect(stdout).toContain(`neighbor ${peer.address} {`);
      // A mistake is noticed.
      writeFileSync(conf, `${readFileSync(conf, 'utf8')}\nneighbor 198.18.1.9 {\n  peer-as none;\n}\n`);
      expect(spawnSync('exabgp', ['--env', env, '--validate', conf], { timeout: 20_000 }).status).not.toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);

test('no rendering holds a route', () => {
  for (const neighbors of Object.values(CASES)) {
    const words = exabgpConfiguration(templates, RUN, neighbors).replaceAll(/#.*/g, '');
    expect(words).not.toMatch(/\b(static|announce|route|flow|l2vpn|attributes)\b[^-]/);
  }
});

test.each([
  ['a quote', 'a"b'],
  ['a backslash', 'a\\b'],
  ['an apostrophe', "a'b"],
  ['nothing', ''],
  ['81 characters', 'x'.repeat(81)],
  ['another alphabet', 'пароль'],
  ['a line break', 'a\nb'],
])('a password with %s is refused', (_, password) => {
  expect(isPassword(password)).toBe(false);
  expect(() => exabgpConfiguration(templates, RUN, [neighbor('198.18.1.1', { password })])).toThrow(TypeError);
});

test('words that could be more than one are refused', () => {
  expect(() => exabgpConfiguration(templates, ['/usr/bin/env; announce'], [])).toThrow(TypeError);
  expect(() => exabgpConfiguration(templates, RUN, [neighbor('198.18.1.1', { asn: -1 })])).toThrow(RangeError);
  expect(() => exabgpEnvironment(templates, "root'\n")).toThrow(TypeError);
});

test('a template and its values fit', () => {
  expect(() => exabgpConfiguration({ ...templates, process: 'run @run@ @more@;' }, RUN, [])).toThrow('@more@');
  expect(() => exabgpConfiguration({ ...templates, process: 'nothing' }, RUN, [])).toThrow('run');
});
