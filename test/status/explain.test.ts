import { address, prefix } from '../../src/model/address.js';
import type { WireState } from '../../src/model/lease.js';
import type { AgentStatus } from '../../src/status/agent.js';
import { explain, prefixMeant } from '../../src/status/explain.js';

const ACME = prefix('203.0.113.0/24');
const GLOBEX = prefix('198.19.7.0/24');
const ROUTER = address('198.18.1.1');

const agent: AgentStatus = {
  server: 'ams-s1',
  generation: 'abc',
  pid: 7,
  startedAt: '2026-01-01T00:00:00Z',
  tunnelDriver: 'tunnels by the kernel (ip_gre)',
  groups: { kind: 'resilient' },
  customers: [
    { name: 'acme', prefixes: [ACME] },
    { name: 'globex', prefixes: [GLOBEX] },
  ],
  pass: { count: 3, lastTook: 12, age: 40 },
  dataPlane: [
    { subject: 'endpoint', state: 'verified', details: [] },
    { subject: 'globex', state: 'fault', details: ['veth cv2 missing'] },
  ],
  tunnels: [{ customer: 'acme', tunnel: 'us', health: 'down', forMs: 1500, sent: 5, lost: 3, detail: 'no route' }],
  checks: [],
  intents: [],
  announcements: [
    { prefix: ACME, level: 'withdrawn', asPath: [64512], reasons: [{ code: 'tunnels-down', detail: 'us, eu' }] },
  ],
  counters: [],
  drift: [],
};

const wire: WireState = {
  speaker: 'ready',
  generation: 'abc',
  agent: 'leased',
  drain: 'in-service',
  prefixes: [
    {
      prefix: ACME,
      asked: 'withdrawn',
      level: 'withdrawn',
      reasons: [{ code: 'tunnels-down', detail: 'us, eu' }],
      held: 'withdrawn',
      settled: true,
    },
  ],
  peers: [{ address: address('198.18.1.1'), asn: 64500, state: 'established' }],
  reports: [],
};

const text = (...parts: Parameters<typeof explain>): string =>
  explain(...parts)
    .chain.map(({ title, lines }) => `${title}: ${lines.join(' / ')}`)
    .join('\n');

test('the whole chain, from the fleet to the peer', () => {
  expect(text(ACME, agent, wire, [{ peer: ROUTER, sent: 'no' }])).toBe(
    [
      'intent: fleet abc advertises 203.0.113.0/24 on ams-s1',
      "gate: open: in the allow-list of fleet abc, and in the speaker's policy",
      'facts: data plane of endpoint: verified, read 40 ms ago / tunnel acme/us: down for 1.5 s, 3 of 5 probes lost; no route',
      'agent asks: withdrawn / because tunnels-down: every tunnel of this prefix is down (us, eu)',
      'guard allows: withdrawn / because tunnels-down: every tunnel of this prefix is down (us, eu) / agent: leased, server: in-service',
      'speaker holds: withdrawn, settled',
      'peers: 198.18.1.1 AS64500: established, has not been sent it',
    ].join('\n'),
  );
});

test('a process that is away is unknown, not healthy and not sick', () => {
  const chain = text(ACME, { problem: 'no agent listens' }, { problem: 'no guard listens' }, { problem: 'x' });
  expect(chain).toContain('intent: unknown: no agent listens');
  expect(chain).toContain('guard allows: unknown: no guard listens');
});

test.each([
  ['yes', 'has been sent it'],
  ['no-session', 'is sent nothing'],
  ['unknown', 'the speaker does not say'],
] as const)('a peer that was asked about: %s', (sent, words) => {
  expect(text(ACME, agent, wire, [{ peer: ROUTER, sent }])).toContain(`established, ${words}`);
});

test.each([
  ['outside the allow-list', { ...wire, prefixes: [] }],
  [
    'AS path [7]',
    {
      ...wire,
      prefixes: wire.prefixes.map((own) => ({ ...own, reasons: [{ code: 'not-allowed', detail: 'AS path [7]' }] })),
    },
  ],
] as const)('a gate that is shut says why: %s', (why, shut) => {
  expect(text(ACME, agent, shut as WireState, [])).toContain(`gate: shut: ${why}`);
});

test.each([
  ['203.0.113.0/24', ACME],
  ['203.0.113.7', ACME],
  ['203.0.113.128/25', ACME],
  ['198.51.100.1', undefined],
  ['203.0.113.1/24', undefined],
  ['nonsense', undefined],
])('%s means %s', (asked, meant) => expect(prefixMeant(asked, [prefix('192.0.2.0/24'), ACME])).toBe(meant));
