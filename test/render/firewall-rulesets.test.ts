import { DELETE } from '../../src/drivers/firewall/replace.js';
import type { ExecResult } from '../../src/ports/exec.js';
import { readFile, writeFile } from 'node:fs/promises';
import { address, prefix } from '../../src/model/address.js';
import { parseFleet } from '../../src/config/parse.js';
import { viewOf, type Customer } from '../../src/model/fleet.js';
import { serverRulesets } from '../../src/render/nft/rulesets.js';
import { openAnchor, whyNoAnchor, type Anchor } from '../kernel-anchor.js';
import { rule, tunnel, viewWith } from './firewall-fleet.js';

const everyKind: Partial<Customer> = {
  prefixes: ['203.0.112.0/22', '203.0.113.0/24', '2001:db8:acf::/48'].map((text) => ({
    prefix: prefix(text),
    advertise: true,
  })),
  tunnels: [
    tunnel('us', '198.51.100.66', '10.255.0.0/31'),
    tunnel('a-tunnel-with-a-long-name', '198.51.100.130', '10.255.0.2/31', 1400),
  ],
  firewall: [
    rule('our-office', 'permit', { source: [prefix('198.18.10.0/28'), prefix('2001:db8:10::/64')] }),
    rule('known-attackers', 'drop', { source: [prefix('198.18.10.0/24'), prefix('198.18.12.0/24')] }),
    rule('dns-amplification', 'drop', {
      protocol: 'udp',
      sourcePorts: [
        [53, 53],
        [123, 123],
      ],
    }),
    rule(
      'web',
      { packetsPerSecond: 10_000, burst: 500 },
      {
        destination: [prefix('203.0.113.80/32'), prefix('2001:db8:acf::80/128')],
        protocol: 'tcp',
        destinationPorts: [
          [80, 80],
          [8000, 8099],
        ],
      },
    ),
    rule('no-gre', 'drop', { protocol: 'gre' }),
    rule('everything-else', { packetsPerSecond: 1, burst: 1 }),
  ],
};

const views = {
  acme: viewWith(),
  'every-kind': viewWith({ kernel: { ...viewWith().fleet.kernel, mark: 0x12345677, mask: 0xff00 } }, everyKind),
};

const goldenFile = (view: string, netns: string): URL =>
  new URL(`golden/firewall-${view}-${netns || 'server'}.nft`, import.meta.url);

/** `UPDATE_GOLDEN=1` writes what is rendered now. */
async function golden(file: URL, text: string): Promise<string> {
  if (process.env.UPDATE_GOLDEN) await writeFile(file, text);
  return readFile(file, 'utf8');
}

const cases = Object.entries(views).flatMap(([name, view]) =>
  serverRulesets(view).map((state) => ({ name, ...state })),
);

describe('rulesets', () => {
  test('one for the server and one for each customer, sorted', () => {
    expect(serverRulesets(views.acme).map(({ netns }) => netns)).toEqual(['', 'cv-acme', 'cv-globex']);
  });

  test.each(cases)('text of $name, namespace "$netns"', async ({ name, netns, ruleset }) => {
    expect(ruleset).toBe(await golden(goldenFile(name, netns), ruleset));
  });

  test('the Acme lab, read from its file, renders the same', async () => {
    const path = new URL('../../lab/acme/fleet.yaml', import.meta.url);
    const parsed = parseFleet([{ path: path.pathname, text: await readFile(path, 'utf8') }], 'test');
    const view = parsed.ok ? viewOf(parsed.fleet, 'ams-s1') : undefined;
    expect(view && serverRulesets(view)).toEqual(serverRulesets(views.acme));
  });

  test.each<[string, () => unknown]>([
    ['an uplink that ends the string', () => viewWith({ sites: withUplink('eth1" ; flush ruleset #') })],
    ['an uplink that is a wildcard', () => viewWith({ sites: withUplink('eth*') })],
    ['a rule whose name is more than a name', () => viewWith({}, { firewall: [rule('x { drop; }', 'drop')] })],
    ['a rule whose name has a space', () => viewWith({}, { firewall: [rule('a b', 'drop')] })],
    [
      'an address that is text',
      () =>
        viewWith({}, { tunnels: [{ ...tunnel('us', '198.51.100.66', '10.0.0.0/31'), remote: '1.2.3.4 }' as never }] }),
    ],
    ['a rate of nothing', () => viewWith({}, { firewall: [rule('r', { packetsPerSecond: 0, burst: 1 })] })],
    ['a mark wider than 32 bit', () => viewWith({ kernel: { ...viewWith().fleet.kernel, mask: 2 ** 33 } })],
  ])('refuses %s', (_, view) => expect(() => serverRulesets(view() as never)).toThrow(/^not /));
});

function withUplink(uplink: string) {
  const [site] = viewWith().fleet.sites;
  if (!site) throw new TypeError('no site');
  return [{ ...site, servers: site.servers.map((server) => ({ ...server, uplinks: [uplink] })) }];
}

const why = await whyNoAnchor();
if (why) console.warn(`nft itself is not asked: ${why}`);

(why ? describe.skip : describe)('what nft makes of them', () => {
  let anchor: Anchor;
  beforeAll(async () => {
    anchor = await openAnchor();
  });
  afterAll(() => anchor?.close());

  const load = (ruleset: string, ...options: string[]): Promise<ExecResult> =>
    anchor.exec.run(['nft', ...options, '-f', '-'], { input: DELETE + ruleset });

  test.each(cases)('accepts $name, namespace "$netns", twice', async ({ ruleset }) => {
    expect(await load(ruleset, '-c')).toMatchObject({ code: 0, stderr: '' });
    expect(await load(ruleset + DELETE + ruleset)).toMatchObject({ code: 0, stderr: '' });
  });

  test('a thousand rules are one lookup, and nft takes them', async () => {
    const firewall = Array.from({ length: 1000 }, (_, n) =>
      rule(`drop-${n}`, 'drop', {
        source: [prefix(`10.${n >> 8}.${n & 255}.0/24`)],
        protocol: 'udp',
        destinationPorts: [[53, 53]],
      }),
    );
    const ruleset = serverRulesets(viewWith({}, { firewall })).find(({ netns }) => netns === 'cv-acme')?.ruleset ?? '';
    expect(ruleset.match(/ vmap @firewall/g)).toHaveLength(1);
    expect(await load(ruleset)).toMatchObject({ code: 0, stderr: '' });
  });

  test('the extremes of every field load', async () => {
    const firewall = [
      rule('all-v4', 'permit', { source: [prefix('0.0.0.0/0')], destination: [prefix('255.255.255.255/32')] }),
      rule('all-v6', 'permit', {
        source: [prefix('::/0')],
        protocol: 0,
        destination: [prefix('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128')],
      }),
      rule('ports', 'drop', {
        sourcePorts: [[0, 65_535]],
        destinationPorts: [
          [0, 0],
          [65_535, 65_535],
        ],
      }),
      rule('proto', 'drop', { protocol: 255 }),
      rule('half', 'drop', { source: [prefix('0.0.0.0/1'), prefix('128.0.0.0/1')] }),
      rule('any', 'drop', { source: [prefix('0.0.0.0/0')] }),
      rule('many', { packetsPerSecond: 0xffffffff, burst: 0xffffffff }),
      rule('n'.repeat(63), 'drop', { source: [prefix('::/0')] }),
    ];
    for (const { ruleset } of serverRulesets(
      viewWith(
        { provider: { ...viewWith().fleet.provider, endpoints: { gre4: address('192.0.2.255') } } },
        { firewall },
      ),
    )) {
      expect(await load(ruleset)).toMatchObject({ code: 0, stderr: '' });
    }
  });
});
