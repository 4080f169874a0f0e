import { formatIssue, type IssueCode } from '../../src/config/issue.js';
import { parseFleet } from '../../src/config/parse.js';
import { edited, issuesOf } from './sample.js';

/** Written under ams-r2; ▸ is the place of the issue. */
const under = (text: string) => edited('        keepalive: 3\n', `        keepalive: 3\n        ${text}\n`);

test('networks, upstreams and an id are taken over; the id is v4 unless written', () => {
  const { text } = under(
    'networks: [45.10.0.0/16, "2a10:10::/32"]\n        upstreams: { isp: { asn: 64999, v4: 45.50.0.1, v6: "2a10:50::1", password: "k" }, other: { asn: 400300, v6: "2a10:50::2" } }',
  );
  const parsed = parseFleet([{ path: 'fleet.yaml', text }], 'test');
  const routers = parsed.ok ? parsed.fleet.sites[0]?.routers : parsed.issues.map(formatIssue);
  expect(routers).toEqual([
    expect.objectContaining({ id: '45.10.1.1', networks: [], upstreams: [] }),
    expect.objectContaining({
      id: '45.10.1.2',
      networks: ['45.10.0.0/16', '2a10:10::/32'],
      upstreams: [
        { name: 'isp', asn: 64999, v4: '45.50.0.1', v6: '2a10:50::1', password: 'k' },
        { name: 'other', asn: 400300, v6: '2a10:50::2' },
      ],
    }),
  ]);
});

test('a router without an IPv4 address has no id unless one is written', () => {
  const v6 = (more: string) =>
    edited(
      'ams-r1: { asn: 400100, v4: 45.10.1.1, v6: "2a10:10:1::1" }',
      `▸ams-r1: { asn: 400100, v6: "2a10:10:1::1"${more} }`,
    );
  const upstreams = ', upstreams: { isp: { asn: 400300, v4: 45.50.0.1 } }';
  expect(issuesOf(v6('').text)).toEqual([]);
  expect(issuesOf(v6(`${upstreams}, id: 45.10.1.9`).text)).toEqual([]);
  const { text, line, column } = v6(upstreams);
  expect(issuesOf(text).map(formatIssue)).toEqual([
    `fleet.yaml:${line}:${column}: ams-r1 has upstreams and neither a v4 address nor an id; write id: with an IPv4 address that no other router has as its id`,
  ]);
});

test.each<[IssueCode, string, string]>([
  ['upstream', 'upstreams: { ▸isp: { asn: 400300 } }', 'the upstream isp of ams-r2 has no address; write v4: or v6:'],
  [
    'upstream',
    'upstreams: { isp: { asn: ▸400100, v4: 45.50.0.1 } }',
    'the upstream isp has the AS number of ams-r2 itself, and would get no eBGP session; write the AS number of isp',
  ],
  ['bad-name', 'upstreams: { ▸ISP_1: { asn: 400300, v4: 45.50.0.1 } }', '"ISP_1" is not a name'],
  ['bad-asn', 'upstreams: { isp: { asn: ▸0, v4: 45.50.0.1 } }', 'AS 0 of upstream isp is not usable'],
  ['reserved-asn', 'upstreams: { isp: { asn: ▸64496, v4: 45.50.0.1 } }', 'AS 64496 of upstream isp is reserved'],
  [
    'repeated-address',
    'upstreams: { isp: { asn: 400300, v4: ▸45.10.1.11 } }',
    '45.10.1.11 of upstream isp is also that of server ams-s1 at fleet.yaml:',
  ],
  [
    'repeated-address',
    'upstreams: { isp: { asn: 400300, v4: 45.50.0.1 }, two: { asn: 400301, v4: ▸45.50.0.1 } }',
    '45.50.0.1 of upstream two is also that of upstream isp at fleet.yaml:23',
  ],
  ['unroutable-address', 'upstreams: { isp: { asn: 400300, v6: ▸"fe80::1" } }', 'fe80::1 is special-purpose'],
  ['unroutable-address', 'id: ▸0.0.0.1', '0.0.0.1 is special-purpose'],
  [
    'overlap',
    'networks: [▸45.20.4.0/23]',
    'the network 45.20.4.0/23 lies in 45.20.4.0/22 of acme at fleet.yaml:38, which servers alone announce, and only while they carry it',
  ],
  ['overlap', 'networks: [▸45.9.0.0/24]', 'lies in covering 45.9.0.0/24 at fleet.yaml:5'],
  ['repeated-prefix', 'networks: [45.10.0.0/16, ▸45.10.0.0/16]', '45.10.0.0/16 of ams-r2 is written already at'],
  ['prefix-too-long', 'networks: [▸45.10.1.0/25]', 'other networks would not accept it'],
  ['prefix-too-short', 'networks: [▸0.0.0.0/0]', '0.0.0.0/0 is the default route'],
  ['reserved-address', 'networks: [▸10.0.0.0/8]', '10.0.0.0/8 is special-purpose: private'],
  ['wrong-type', 'networks: ▸45.10.0.0/16', 'write a list of prefixes, such as'],
  ['wrong-value', 'upstreams: { isp: { asn: 400300, v4: 45.50.0.1, password: ▸"a b" } }', 'write 1 to 80 printable'],
])('%s: %s', (code, written, printed) => {
  const { text, line, column } = under(written);
  const issues = issuesOf(text);
  expect(issues.map((issue) => issue.code)).toEqual([code]);
  expect(formatIssue(issues[0]!)).toContain(`fleet.yaml:${line}:${column}: `);
  expect(formatIssue(issues[0]!)).toContain(printed);
});

test('a shorter network may hold what servers announce', () => {
  expect(issuesOf(under('networks: [45.20.0.0/16]').text)).toEqual([]);
});
