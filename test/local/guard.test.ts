import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveGuard } from '../../src/local/guard.js';
import { guardClient, sentToPeers } from '../../src/local/guard-client.js';
import type { LocalServer } from '../../src/local/server.js';
import { address, prefix } from '../../src/model/address.js';
import { arrayOf } from '../../src/model/list.js';
import type { DesiredSet, WireState } from '../../src/model/lease.js';
import { type Caller, type GuardClient, type GuardDesk, LocalError } from '../../src/ports/guard.js';

const ready: WireState = {
  speaker: 'ready',
  generation: 'g',
  agent: 'leased',
  drain: 'in-service',
  prefixes: [],
  peers: [],
  reports: [],
};

const set: DesiredSet = {
  server: 'ams-s1',
  generation: 'g',
  epoch: 7,
  sequence: 1,
  ttlMs: 1000,
  announcements: [
    { prefix: prefix('203.0.113.0/24'), level: 'full', asPath: [64512], reasons: [{ code: 'healthy' }] },
    {
      prefix: prefix('2001:db8:acf::/48'),
      level: 'withdrawn',
      asPath: [],
      reasons: [{ code: 'tunnels-down', detail: 'us, eu' }],
    },
  ],
};

let folder: string;
let server: LocalServer;
let client: GuardClient;
let said: unknown[];
/** What the guard answers. */
let wire: WireState;
let desk: GuardDesk;
let callers: Set<Caller>;
let left: (caller: Caller) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culvert-guard-'));
  said = [];
  wire = ready;
  callers = new Set();
  left = () => undefined;
  desk = {
    hello: async (...words) => {
      callers.add(words[2]);
      said.push(['hello', ...words.slice(0, 2)]);
      return { accepted: true, epoch: 7, wire };
    },
    offer: async (offered) => (said.push(['offer', offered]), { accepted: true, wire }),
    handover: async (epoch, mode) => {
      if (epoch !== 7) throw new LocalError('refused', `epoch ${epoch} has ended already`);
      said.push(['handover', epoch, mode]);
    },
    drain: async (scope) => void said.push(['drain', scope]),
    undrain: async () => void said.push(['undrain']),
    confirm: async () => void said.push(['confirm']),
    status: async () => wire,
    sent: async (asked) => (said.push(['sent', asked]), [{ peer: address('198.18.1.1'), sent: 'yes' }]),
    left: (caller) => left(caller),
  };
  server = await serveGuard(join(folder, 'guard.sock'), 4711, desk);
  client = guardClient(server.path);
});
afterEach(async () => {
  client.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test('every call arrives as it was made', async () => {
  expect(await client.hello('ams-s1', 12)).toEqual({ accepted: true, epoch: 7, wire });
  expect(await client.offer(set)).toEqual({ accepted: true, wire });
  await client.handover(7, 'keep');
  await client.drain('site');
  await client.undrain();
  await client.confirm();
  expect(await client.status()).toEqual(wire);
  expect(await sentToPeers(server.path, prefix('203.0.113.0/24'))).toEqual([{ peer: '198.18.1.1', sent: 'yes' }]);
  expect(said).toEqual([
    ['hello', 'ams-s1', 12],
    ['offer', set],
    ['handover', 7, 'keep'],
    ['drain', 'site'],
    ['undrain'],
    ['confirm'],
    ['sent', '203.0.113.0/24'],
  ]);
  await expect(client.handover(6, 'keep')).rejects.toEqual(new LocalError('refused', 'epoch 6 has ended already'));
});

const offered = (): readonly DesiredSet[] => (said as readonly [string, DesiredSet][]).map(([, what]) => what);
const next = (sequence: number, change: Partial<DesiredSet> = {}): DesiredSet =>
  structuredClone({ ...set, sequence, ...change });

describe('renewals', () => {
  test('announcements that stay as they are do not travel again, nor does an unchanged answer', async () => {
    for (const sequence of [1, 2, 3]) {
      expect(await client.offer(next(sequence))).toEqual({ accepted: true, wire: ready });
    }
    expect(offered()).toEqual([next(1), next(2), next(3)]);
    expect(offered()[2]?.announcements).toBe(offered()[0]?.announcements);
  });

  test('a changed set and a changed answer do', async () => {
    await client.offer(next(1));
    wire = { ...ready, drain: 'draining' };
    expect(await client.offer(next(2))).toEqual({ accepted: true, wire });
    expect(await client.offer(next(3))).toEqual({ accepted: true, wire });
    const changed = next(4, { announcements: arrayOf(set.announcements).slice(1), ttlMs: 2000, generation: 'h' });
    wire = ready;
    expect(await client.offer(changed)).toEqual({ accepted: true, wire: ready });
    expect(offered().slice(2)).toEqual([next(3), changed]);
  });

  test('of a set and an answer with a few changes, only those travel', async () => {
    const told = (held: 'full' | 'withdrawn') =>
      set.announcements.map(({ prefix: p }, place) => ({
        ...({ prefix: p, level: 'full', reasons: [], settled: false } as const),
        held: place === 0 ? held : 'full',
      }));
    wire = { ...ready, prefixes: told('full') };
    await client.offer(next(1));
    const [first, second] = structuredClone(set.announcements);
    const changed = next(2, { announcements: [{ ...first!, level: 'degraded' }, second!] });
    wire = { ...ready, prefixes: told('withdrawn') };
    const answer = await client.offer(changed);
    expect(answer).toEqual({ accepted: true, wire });
    expect(offered()[1]).toEqual(changed);
    expect(offered()[1]?.announcements.at(1)?.reasons).toBe(offered()[0]?.announcements.at(1)?.reasons);
    const again = await client.offer(next(3, { announcements: changed.announcements }));
    expect(again).toEqual({ accepted: true, wire });
    expect(offered()[2]?.announcements).toBe(offered()[1]?.announcements);
    if (answer.accepted && again.accepted) expect(again.wire).toBe(answer.wire);
  });

  test('another epoch, and a guard that has been replaced, get the whole set', async () => {
    await client.offer(next(1));
    await client.offer(next(1, { epoch: 8 }));
    await server.close();
    server = await serveGuard(server.path, 4712, desk);
    expect(await client.offer(next(2, { epoch: 8 }))).toEqual({ accepted: true, wire });
    expect(offered()).toEqual([next(1), next(1, { epoch: 8 }), next(2, { epoch: 8 })]);
    expect(new Set(offered().map(({ announcements }) => announcements)).size).toBe(3);
  });
});

test('the guard learns which agent has gone', async () => {
  const gone = new Promise<Caller>((resolve) => (left = resolve));
  await client.hello('ams-s1', 12);
  client.close();
  expect(callers.has(await gone)).toBe(true);
});

test.each([
  ['a default route that is none', { prefix: '' }],
  ['host bits', { prefix: '203.0.113.1/24' }],
  ['another spelling', { prefix: '2001:DB8::/48' }],
  ['a level that does not exist', { level: 'half' }],
  ['a reason that does not exist', { reasons: [{ code: 'because' }] }],
  ['AS 0', { asPath: [0] }],
  ['an AS beyond 32 bits', { asPath: [2 ** 32] }],
  ['a path without end', { asPath: Array<number>(17).fill(64512) }],
  ['a word too many', { urgent: true }],
])('%s in a set is refused before the guard sees it', async (_, change) => {
  const broken = { ...set, announcements: [{ ...set.announcements.at(0), ...change }] };
  await expect(client.offer(broken as never)).rejects.toThrow(/^offer: announcements\.0/);
  expect(said).toEqual([]);
});

test('rubbish costs the guard one line', async () => {
  const socket = connect(server.path);
  socket.write('\x00\xff{"id":\n');
  const [line] = (await once(socket, 'data')) as [Buffer];
  expect(line.toString()).toBe('{"id":null,"error":{"reason":"malformed","message":"the line is not JSON"}}\n');
  socket.destroy();
  expect(await client.status()).toEqual(wire);
});
