/** The `checks:` of a fleet: what is refused and where, and what a written check becomes. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { formatIssue, type IssueCode } from '../../src/config/issue.js';
import { fleetJsonSchema } from '../../src/config/json-schema.js';
import { parseFleet } from '../../src/config/parse.js';
import type { Check } from '../../src/model/check.js';
import type { Fleet } from '../../src/model/fleet.js';
import { edited, issuesOf, SAMPLE, type Edited } from './sample.js';

const OF_ACME = '      - { name: rest, action: drop, source: 45.40.0.0/16 }\n';
const OF_PROVIDER = '    v6: 2a10:9::2\n';

const withAcme = (check: string, base = SAMPLE): Edited =>
  edited(OF_ACME, `${OF_ACME}    checks:\n      ${check}\n`, base);
const withProvider = (check: string): Edited => edited(OF_PROVIDER, `${OF_PROVIDER}  checks:\n    ${check}\n`);

/** `check` with ▸ at the place of the issue; the last is part of what is printed after it. */
const REFUSED: readonly (readonly [code: IssueCode, check: string, printed: string])[] = [
  [
    'wrong-value',
    'a: { type: ▸ping, target: self }',
    'acme.checks.a.type is "ping"; write type: icmp, tcp, http, exec or bgp',
  ],
  ['missing-key', '▸a: { target: self }', 'checks.a.type is missing; write type: icmp'],
  [
    'unknown-key',
    'a: { type: icmp, target: self, ▸prot: 7 }',
    '"prot" is not a key of customers.acme.checks.a; write type, target, through, inside, source',
  ],
  ['unknown-key', 'a: { type: tcp, target: self, port: 7, ▸through: us }', '"through" is not a key'],
  [
    'unknown-key',
    'a: { type: bgp, router: ams-r1, ▸interval: 1s }',
    '"interval" is not a key of customers.acme.checks.a; write type, router, onDown or prefixes',
  ],
  ['missing-key', '▸a: { type: tcp, target: self }', 'checks.a.port is missing; write a whole number from 1 to 65535'],
  ['not-an-address', 'a: { type: icmp, target: ▸localhost }', 'is not an address; write an address such as'],
  ['out-of-range', 'a: { type: icmp, target: self, interval: ▸20ms }', 'write a duration from 50ms to 10m'],
  ['out-of-range', 'a: { type: icmp, target: self, fall: ▸0 }', 'write a whole number from 1 to 100'],
  ['wrong-value', 'a: { type: icmp, target: self, onDown: ▸drop }', 'write withdraw or degrade or ignore'],
  ['not-a-url', 'a: { type: http, url: ▸"ftp://self/" }', 'is not an http or https URL; write a URL such as'],
  ['not-a-url', 'a: { type: http, url: ▸"http://ann:pw@self/" }', 'the URL holds credentials; take them out'],
  [
    'not-a-url',
    'a: { type: http, url: ▸"http://www.example.com/" }',
    'a check must not hang on DNS; write the address',
  ],
  ['not-a-url', 'a: { type: http, url: ▸"http://010.0.0.1/" }', '"010.0.0.1" is not an address'],
  ['not-a-url', 'a: { type: http, url: ▸"http://self:0/" }', '0 is not a port'],
  ['not-a-url', 'a: { type: http, url: ▸"http://self/a b" }', 'write blanks and letters beyond ASCII as %20'],
  ['not-a-url', 'a: { type: http, url: ▸"http://self/\\r\\nHost: x" }', 'is no'],
  ['not-a-url', 'a: { type: http, url: ▸"http://self/#top" }', 'take the fragment out'],
  ['wrong-value', 'a: { type: http, url: "http://self", host: ▸"a\\r\\nb" }', 'write a name such as www.example.com'],
  ['wrong-value', 'a: { type: http, url: "http://self", body: ▸"" }', 'write 1 to 1024 characters'],
  ['out-of-range', 'a: { type: http, url: "http://self", status: [200, ▸99] }', 'write a whole number from 200 to 599'],
  [
    'empty',
    'a: { type: exec, command: ▸[] }',
    'command is an empty list; write a list that begins with an absolute path',
  ],
  ['not-a-command', 'a: { type: exec, command: ▸[check, -v] }', '"check" is not an absolute path'],
  ['wrong-type', 'a: { type: exec, command: ▸"/bin/true" }', 'not a list'],
  ['bad-name', '▸A_b: { type: icmp, target: self }', 'is not a name'],
  ['duplicate-key', 'a: { type: icmp, target: self }\n      ▸a: { type: icmp, target: self6 }', 'a is already written'],
  [
    'check-timeout',
    'a: { type: icmp, target: self, interval: 200ms, timeout: ▸300ms }',
    'timeout 300ms of a is longer than its interval 200ms; write interval: 300ms or more',
  ],
  ['check-timeout', 'a: { type: icmp, target: self, timeout: ▸2s }', 'longer than its interval 1s'],
  [
    'unknown-tunnel',
    'a: { type: icmp, target: 45.30.0.1, through: ▸use }',
    'acme has no tunnel "use"; did you mean us?',
  ],
  ['check-way', 'a: { type: icmp, target: self, through: ▸us }', 'that is an address of this server'],
  ['check-way', 'a: { type: icmp, target: 45.9.0.1, through: ▸us }', 'that is an address of this server'],
  ['check-way', 'a: { type: icmp, target: 45.30.0.1, through: us, inside: ▸true }', 'leave inside out'],
  ['unroutable-address', 'a: { type: icmp, target: ▸224.0.0.1 }', 'multicast, RFC 5771'],
  ['unroutable-address', 'a: { type: http, url: ▸"http://[fe80::1]/" }', 'link-local'],
  ['check-family', 'a: { type: icmp, target: self, source: ▸self6 }', 'a sends IPv4 from self6, which is IPv6'],
  [
    'check-prefix',
    'a: { type: icmp, target: self, prefixes: ▸[45.20.0.0/24, 45.21.0.0/24] }',
    '45.21.0.0/24, which is not',
  ],
  ['unknown-router', 'a: { type: bgp, router: ▸ams-r3 }', 'no site has a router "ams-r3"; did you mean ams-r1?'],
];

test.each(REFUSED)('%s: %s', (code, check, printed) => {
  const { text, line, column } = withAcme(check);
  const issues = issuesOf(text);
  expect(issues.map((issue) => issue.code)).toEqual([code]);
  expect(formatIssue(issues[0]!)).toMatch(`fleet.yaml:${line}:${column}: `);
  expect(formatIssue(issues[0]!)).toContain(printed);
});

test.each([
  ['unknown-key', 'a: { type: icmp, target: self, ▸inside: true }'],
  ['unknown-key', 'a: { type: tcp, target: self, port: 9, ▸prefixes: 45.20.0.0/24 }'],
  ['bad-name', '▸all: { type: icmp, target: self }'],
] as const)("the provider's: %s: %s", (code, check) => {
  const { text, line, column } = withProvider(check);
  expect(issuesOf(text).map((issue) => [issue.code, issue.line, issue.column])).toEqual([[code, line, column]]);
});

test('IPv6 is refused where a server has none, except inside a customer and on loopback', () => {
  const base = SAMPLE.replace(', v6: "2a10:10:2::11"', '');
  const refused = (check: string): readonly string[] => issuesOf(withAcme(check, base).text).map(formatIssue);
  const problem: unknown = expect.stringContaining('a is IPv6, and sjc-s1 at fleet.yaml:30 has no v6 address');
  expect(refused('a: { type: icmp, target: self6 }▸')).toEqual([problem]);
  expect(refused('a: { type: http, url: "http://[2a10:20::1]/" }▸')).toEqual([problem]);
  expect(refused('a: { type: icmp, target: "2a10:20::1", inside: true }▸')).toEqual([]);
  expect(refused('a: { type: icmp, target: "::1" }▸')).toEqual([]);
});

test('a tunnel or router that is wrong in itself is not missing', () => {
  const broken = SAMPLE.replace('remote: 45.30.0.1', 'remote: nowhere');
  const codes = issuesOf(withAcme('a: { type: icmp, target: 45.30.0.9, through: us }▸', broken).text);
  expect(codes.map(({ code }) => code)).toEqual(['not-an-address']);
});

function fleetOf({ text }: Edited): Fleet {
  const parsed = parseFleet([{ path: 'f', text }], 'test');
  if (!parsed.ok) throw new Error(parsed.issues.map(formatIssue).join('\n'));
  return parsed.fleet;
}
const built = (check: string): Check => fleetOf(withAcme(`a: ${check}▸`)).customers[0]!.checks[0]!;

const SECONDLY = { intervalMs: 1_000, timeoutMs: 1_000, rise: 3, fall: 3 };
const LOCAL = { name: 'a', ...SECONDLY, inside: false, remote: false, onDown: 'withdraw' };
const REMOTE = { ...LOCAL, remote: true, onDown: 'degrade', source: 'self' };

test.each<readonly [string, object]>([
  ['{ type: icmp, target: self }', { ...LOCAL, probe: { kind: 'icmp', target: 'self' } }],
  ['{ type: icmp, target: 45.9.0.1 }', { ...LOCAL, probe: { kind: 'icmp', target: '45.9.0.1' } }],
  ['{ type: icmp, target: 45.9.0.2 }', { ...LOCAL, probe: { kind: 'icmp', target: '45.9.0.2' } }],
  [
    '{ type: icmp, target: 10.255.0.2, inside: true }',
    { ...LOCAL, inside: true, probe: { kind: 'icmp', target: '10.255.0.2' } },
  ],
  ['{ type: icmp, target: 45.20.0.9 }', { ...REMOTE, probe: { kind: 'icmp', target: '45.20.0.9' } }],
  [
    '{ type: icmp, target: "2a10:20::9" }',
    { ...REMOTE, source: 'self6', probe: { kind: 'icmp', target: '2a10:20::9' } },
  ],
  [
    '{ type: icmp, target: 45.20.0.9, through: us }',
    { ...REMOTE, probe: { kind: 'icmp', target: '45.20.0.9', through: 'us' } },
  ],
  ['{ type: tcp, target: 127.0.0.1, port: 25 }', { ...LOCAL, probe: { kind: 'tcp', target: '127.0.0.1', port: 25 } }],
  [
    '{ type: tcp, target: self, port: 25, remote: true }',
    { ...LOCAL, remote: true, onDown: 'degrade', probe: { kind: 'tcp', target: 'self', port: 25 } },
  ],
  [
    '{ type: tcp, target: 45.20.0.9, port: 25, interval: 200ms, rise: 1, fall: 2, onDown: withdraw, source: 45.10.9.9, prefixes: 45.20.0.0/24 }',
    {
      ...REMOTE,
      source: '45.10.9.9',
      intervalMs: 200,
      timeoutMs: 200,
      rise: 1,
      fall: 2,
      onDown: 'withdraw',
      prefixes: ['45.20.0.0/24'],
      probe: { kind: 'tcp', target: '45.20.0.9', port: 25 },
    },
  ],
  [
    '{ type: tcp, target: 45.20.0.9, port: 25, interval: 5s }',
    { ...REMOTE, intervalMs: 5_000, probe: { kind: 'tcp', target: '45.20.0.9', port: 25 } },
  ],
  [
    '{ type: http, url: "http://127.0.0.1" }',
    { ...LOCAL, probe: { kind: 'http', target: '127.0.0.1', port: 80, path: '/', status: [200] } },
  ],
  [
    '{ type: http, url: "https://[2a10:20:0::9]?x=1", host: www.acme.example, status: [200, 204], body: fine }',
    {
      ...REMOTE,
      source: 'self6',
      probe: {
        kind: 'http',
        target: '2a10:20::9',
        port: 443,
        path: '/?x=1',
        host: 'www.acme.example',
        tls: { verify: true },
        status: [200, 204],
        body: 'fine',
      },
    },
  ],
  [
    '{ type: exec, command: [/bin/check, "a b"], inside: true }',
    { ...LOCAL, inside: true, probe: { kind: 'exec', command: ['/bin/check', 'a b'] } },
  ],
  ['{ type: bgp, router: ams-r1 }', { ...LOCAL, rise: 1, fall: 1, probe: { kind: 'bgp', router: 'ams-r1' } }],
])('%s', (written, expected) => {
  expect(built(written)).toEqual(expected);
});

test('stand under the provider too', () => {
  expect(fleetOf(withProvider('dns: { type: tcp, target: self, port: 53 }▸')).provider.checks).toEqual([
    { ...LOCAL, name: 'dns', probe: { kind: 'tcp', target: 'self', port: 53 } },
  ]);
});

test('the JSON Schema knows them', () => {
  const validate = new Ajv2020({ strict: true, validateFormats: false, allowUnionTypes: true }).compile(
    fleetJsonSchema(),
  );
  const fits = (check: string) => validate(parse(withAcme(`a: ${check}▸`).text));
  expect(fits('{ type: http, url: "http://self/", status: 200 }')).toBe(true);
  expect(fits('{ type: http, url: "http://self/", statuses: 200 }')).toBe(false);
  expect(fits('{ type: carrier-pigeon }')).toBe(false);
});
