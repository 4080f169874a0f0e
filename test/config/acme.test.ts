import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { formatIssue } from '../../src/config/issue.js';
import { fleetJsonSchema } from '../../src/config/json-schema.js';
import { parseFleet } from '../../src/config/parse.js';
import type { Fleet } from '../../src/model/fleet.js';

const path = 'lab/acme/fleet.yaml';
const text = readFileSync(path, 'utf8');

function acme(): Fleet {
  const parsed = parseFleet([{ path, text }], 'abc');
  if (!parsed.ok) throw new Error(parsed.issues.map(formatIssue).join('\n'));
  expect(parsed.warnings).toEqual([]);
  return parsed.fleet;
}

describe('the Acme fleet', () => {
  test('is accepted as it stands, defaults filled in', () => {
    const { provider, safety, sites, customers } = acme();
    expect(provider.covering).toEqual(['192.0.2.0/24', '2001:db8:e::/48']);
    expect(safety).toEqual({
      remoteFault: 'withdraw',
      lostAgent: 'drain',
      leaseMs: 1000,
      stopGraceMs: 20_000,
      settleMs: 500,
      drainMs: 2000,
      drainMostMs: 30_000,
      bootMaxAgeMs: 86_400_000,
      staleMs: 30_000,
      holdDown: { firstMs: 1000, mostMs: 120_000, decayMs: 300_000 },
      suspicion: { remotes: 5, windowMs: 10_000 },
      maxWithdrawnShare: 1,
      minSites: 1,
      tunnels: {
        degradedLoss: 0.05,
        degradedFailures: 2,
        windowMs: 300_000,
        recoveryProbes: 30,
        fallWindowMs: 1000,
        degradedPenalty: 500_000,
        downPenalty: 1_000_000,
      },
    });
    expect(sites.map(({ name, servers }) => [name, servers.map((server) => server.name)])).toEqual([
      ['ams', ['ams-s1', 'ams-s2']],
      ['sjc', ['sjc-s1', 'sjc-s2']],
    ]);
    expect(sites[0]?.servers[0]).toEqual({
      name: 'ams-s1',
      asn: 64500,
      v4: '198.18.1.11',
      v6: '2001:db8:1::11',
      uplinks: ['eth1'],
      speaker: 'gobgp',
    });
    expect(customers[0]?.tunnels[0]).toEqual({
      name: 'us',
      remote: '198.51.100.66',
      inner: { address: '10.255.0.0', length: 31, network: '10.255.0.0/31' },
      mtu: 1476,
      probe: { kind: 'request', target: '198.51.100.66', intervalMs: 200, timeoutMs: 200, rise: 3, fall: 3 },
    });
    expect(customers[0]?.firewall).toEqual([{ name: 'known-attacker', action: 'drop', source: ['198.18.10.66/32'] }]);
  });

  test('keeps the generation that the caller computed', () => expect(acme().generation).toBe('abc'));
});

describe('the JSON Schema', () => {
  const schema = fleetJsonSchema();
  const ajv = new Ajv2020({ strict: true, validateFormats: false, allowUnionTypes: true });
  const validate = ajv.compile(schema);

  test('accepts the Acme fleet', () => {
    validate(parse(text));
    expect(validate.errors).toBeNull();
  });

  test('refuses an unknown key', () => expect(validate({ ...(parse(text) as object), site: {} })).toBe(false));

  test('has a title, and a description on every key', () => {
    expect(schema).toMatchObject({ title: 'Culvert fleet', $schema: 'https://json-schema.org/draft/2020-12/schema' });
    const bare: string[] = [];
    const visit = (node: unknown, where: string): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, child] of Object.entries(node as Record<string, unknown>)) {
        if (key === 'properties') {
          for (const [name, property] of Object.entries(child as Record<string, object>)) {
            if (!('description' in property) && name !== 'rateLimit') bare.push(`${where}.${name}`);
          }
        }
        visit(child, `${where}.${key}`);
      }
    };
    visit(schema, '');
    expect(bare).toEqual([]);
  });
});
