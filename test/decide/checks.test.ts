import { checkSpecsOf, governingChecks } from '../../src/decide/checks.js';
import { address, prefix } from '../../src/model/address.js';
import type { Check } from '../../src/model/check.js';
import { viewOf, type Fleet } from '../../src/model/fleet.js';
import { acme, acmeFleet, globex } from '../acme.js';

const base = {
  intervalMs: 200,
  timeoutMs: 100,
  rise: 3,
  fall: 3,
  inside: false,
  remote: false,
  onDown: 'withdraw',
} as const;
const dns: Check = { ...base, name: 'dns', probe: { kind: 'tcp', target: 'self', port: 53 } };
const web: Check = {
  ...base,
  name: 'web',
  probe: { kind: 'http', target: 'self6', port: 80, path: '/', status: [200] },
  prefixes: [prefix('203.0.113.0/24')],
};
const gate: Check = {
  ...base,
  name: 'gate',
  remote: true,
  source: 'self',
  probe: { kind: 'icmp', target: address('198.51.100.66'), through: 'us' },
};
const script: Check = { ...base, name: 'script', inside: true, probe: { kind: 'exec', command: ['/bin/true'] } };
const session: Check = { ...base, name: 'session', probe: { kind: 'bgp', router: 'ams-r1' } };
const elsewhere: Check = { ...base, name: 'elsewhere', probe: { kind: 'bgp', router: 'sjc-r1' } };

const fleet: Fleet = {
  ...acmeFleet,
  provider: { ...acmeFleet.provider, checks: [dns, session, elsewhere] },
  customers: [{ ...acme, checks: [web, gate, script] }, globex],
};
const at = (server: string) => viewOf(fleet, server)!;

test("the provider's govern everything, a customer's its own or what they name", () => {
  const governed = governingChecks(at('ams-s1')).map(({ key, prefixes }) => [key, prefixes]);
  const acmes = acme.prefixes.map((entry) => entry.prefix);
  const all = [...fleet.provider.covering, ...acmes, '198.19.7.0/24'];
  expect(governed).toEqual([
    ['provider/dns', all],
    ['provider/session', all],
    ['customers/acme/web', ['203.0.113.0/24']],
    ['customers/acme/gate', acmes],
    ['customers/acme/script', acmes],
  ]);
});

test('names become addresses, devices and namespaces of the server; sessions are nobody to probe', () => {
  const timing = { intervalMs: 200, timeoutMs: 100 };
  expect(checkSpecsOf(at('ams-s2')).map(({ phaseMs: _, ...rest }) => rest)).toEqual([
    {
      ...timing,
      key: 'provider/dns',
      netns: '',
      remote: false,
      probe: { kind: 'tcp', target: '198.18.1.12', port: 53 },
    },
    {
      ...timing,
      key: 'customers/acme/web',
      netns: '',
      remote: false,
      probe: { kind: 'http', target: '2001:db8:1::12', port: 80, path: '/', status: [200] },
    },
    {
      ...timing,
      key: 'customers/acme/gate',
      netns: 'cv-acme',
      device: 'gre-us',
      source: '198.18.1.12',
      remote: true,
      probe: { kind: 'icmp', target: '198.51.100.66', through: 'us' },
    },
    { ...timing, key: 'customers/acme/script', netns: 'cv-acme', remote: false, probe: script.probe },
  ]);
});

test('beats are spread by check and by server, the same at every start', () => {
  const many = Array.from({ length: 400 }, (_, i) => ({ ...dns, name: `check-${i}` }));
  const crowd: Fleet = { ...fleet, provider: { ...fleet.provider, checks: many } };
  const phases = (server: string) => checkSpecsOf(viewOf(crowd, server)!).map(({ phaseMs }) => phaseMs);
  expect(phases('ams-s1')).toEqual(phases('ams-s1'));
  expect(phases('ams-s1')).not.toEqual(phases('ams-s2'));
  const quarters = [0, 0, 0, 0];
  for (const phase of phases('ams-s1').slice(0, 400)) quarters[Math.floor(phase / 50)]!++;
  for (const count of quarters) expect(Math.abs(count - 100)).toBeLessThan(40);
});
