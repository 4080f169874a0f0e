import fc from 'fast-check';
import { gateOf } from '../../src/decide/gate.js';
import { judgeDrain } from '../../src/decide/drain.js';
import { judgeLease } from '../../src/decide/lease.js';
import { decideWire, speakerDesired } from '../../src/decide/wire.js';
import { address, prefix } from '../../src/model/address.js';
import {
  type Path,
  type Peer,
  protectionOf,
  type SpeakerDesired,
  type SpeakerObserved,
  type SpeakerOp,
} from '../../src/model/path.js';
import { refusedPeers } from '../../src/plan/peer-options.js';
import { foreignPeers, identityConflict, planSpeaker, samePath } from '../../src/plan/speaker.js';
import { amsS1 } from '../acme.js';
import { EVERYTHING, FakeSpeaker } from '../fake-speaker.js';
import { changedPath, pathFor } from '../paths.js';

const view = amsS1();
const V4 = prefix('203.0.113.0/24');
const V6 = prefix('2001:db8:acf::/48');
const full = (p = V4): Path => pathFor(view, 'full', p, [64512]);
const degraded = (p = V4): Path => pathFor(view, 'degraded', p, [64512]);

const goal = (paths: readonly Path[], change: Partial<SpeakerDesired> = {}): SpeakerDesired => ({
  ...speakerDesired(
    view,
    gateOf(view),
    decideWire({
      view,
      gate: gateOf(view),
      announcements: undefined,
      lease: judgeLease(undefined, view.fleet.safety, 0),
      drain: judgeDrain(undefined, view.fleet.safety, false, 0),
    }),
    179,
  ),
  paths,
  ...change,
});

type Started = Extract<SpeakerObserved, { state: 'started' }>;
const standing = (paths: readonly Path[], change: Partial<Started> = {}): Started => ({
  state: 'started',
  asn: 64500,
  routerId: view.server.v4,
  listenPort: 179,
  barrier: { state: 'held', allow: goal([]).allow },
  paths,
  foreignPaths: [],
  peers: goal([]).peers.map(({ password = '', ttlSecurity, ...terms }) => ({
    ...terms,
    protection: protectionOf({ password, ttlSecurity }),
    ours: true,
    state: 'established',
  })),
  ...change,
});
const kinds = (ops: readonly SpeakerOp[]): string[] => ops.map(({ kind }) => kind);

test.each<[string, SpeakerDesired, SpeakerObserved, string[]]>([
  [
    'an empty daemon gets its barrier and is looked at again',
    goal([full()]),
    { state: 'not-started' },
    ['start', 'install-barrier'],
  ],
  ['paths before peers', goal([full()]), standing([], { peers: [] }), ['announce', 'add-peer']],
  ['nothing to do', goal([full()]), standing([full()]), []],
  [
    'another form is announced over the old one, never withdrawn first',
    goal([degraded()]),
    standing([full()]),
    ['announce'],
  ],
  ['a path too many', goal([]), standing([full()]), ['withdraw']],
  [
    'a missing barrier goes before everything',
    goal([full()]),
    standing([degraded()], { barrier: { state: 'absent' } }),
    ['install-barrier'],
  ],
  [
    'a wrong barrier likewise',
    goal([]),
    standing([full()], { barrier: { state: 'wrong', detail: 'accepts' } }),
    ['install-barrier'],
  ],
  [
    'allow before announce',
    goal([full()]),
    standing([], { barrier: { state: 'held', allow: [] } }),
    ['allow', 'announce'],
  ],
  ['not disallowed while it stands', goal([], { allow: [] }), standing([full()]), ['withdraw', 'disallow']],
  ['disallowed once it is gone', goal([], { allow: [] }), standing([]), ['disallow']],
  [
    'foreign paths go',
    goal([full()]),
    standing([full()], { foreignPaths: [{ family: 4, prefix: V4, detail: '' }] }),
    ['delete-foreign'],
  ],
  ['a router that left', goal([], { peers: [] }), standing([]), ['delete-peer']],
])('%s', (_, desired, observed, expected) =>
  expect(kinds(planSpeaker(desired, observed, EVERYTHING))).toEqual(expected),
);

test('what still stands stays allowed until it has been seen gone', () => {
  const ops = planSpeaker(goal([full(V6)], { allow: [V6] }), standing([full(), full(V6)]), EVERYTHING);
  expect(ops).toContainEqual({ kind: 'withdraw', prefixes: [V4] });
  const disallow = ops.find((op) => op.kind === 'disallow');
  expect(disallow?.prefixes).not.toContain(V4);
  expect(disallow?.prefixes).toContain('192.0.2.0/24');
});

test.each([
  ['hold', { hold: 90 }],
  ['keepalive', { keepalive: 30 }],
  ['AS', { asn: 1 }],
  ['families', { families: [4] as const }],
  ['local address', { localAddress: address('198.18.1.12') }],
  ['way to open it', { passive: true }],
  ['TTL', { multihop: 4 }],
  ['limit that nobody asked for', { maxPrefix: { 6: 1 } }],
])('a peer with another %s is replaced, never updated', (_, change) => {
  const peers = standing([]).peers.map((peer) => ({ ...peer, ...change }));
  expect(kinds(planSpeaker(goal([]), standing([], { peers }), EVERYTHING))).toEqual(['delete-peer', 'add-peer']);
});

test('what is new and what has changed is announced in one order', () => {
  const [a, b, c] = ['192.0.2.0/24', '198.19.7.0/24', '203.0.113.0/24'].map(prefix);
  const ops = planSpeaker(goal([full(a), full(b), full(c)]), standing([degraded(a), degraded(c)]), EVERYTHING);
  expect(ops).toEqual([{ kind: 'announce', paths: [full(a), full(b), full(c)] }]);
});

test('order of communities and of families says nothing', () => {
  const path = changedPath(full(), { communities: ['65535:0', '1:2'] });
  expect(samePath(path, changedPath(path, { communities: ['1:2', '65535:0'] }))).toBe(true);
  expect(samePath(path, changedPath(path, { communities: ['1:2', '65535:1'] }))).toBe(false);
  const peers = standing([]).peers.map((peer) => ({ ...peer, families: [6, 4] as const }));
  expect(planSpeaker(goal([]), standing([], { peers }), EVERYTHING)).toEqual([]);
});

test('whose speaker is it?', () => {
  expect(identityConflict(goal([]), { state: 'not-started' })).toBeUndefined();
  expect(identityConflict(goal([]), standing([]))).toBeUndefined();
  expect(identityConflict(goal([]), standing([], { asn: 65001 }))).toBe(
    'it runs as AS 65001 with router id 198.18.1.11, the fleet says AS 64500 with 198.18.1.11',
  );
  expect(identityConflict(goal([]), standing([], { routerId: address('198.18.1.12') }))).toContain(
    'router id 198.18.1.12',
  );
  const unmarked = standing([], { peers: standing([]).peers.map((peer) => ({ ...peer, ours: false })) });
  expect(foreignPeers([], standing([]))).toEqual([]);
  expect(foreignPeers(goal([]).peers, unmarked)).toEqual([]);
  expect(foreignPeers([], unmarked)).toEqual(['198.18.1.1']);
});

test.each<[string, Partial<Peer>]>([
  ['another key', { password: 'new' }],
  ['TTL security', { ttlSecurity: true }],
  ['graceful restart', { gracefulRestart: 120 }],
  ['passive', { passive: true }],
  ['another number of hops', { multihop: 4 }],
  ['a limit', { maxPrefix: { 4: 100 } }],
])('%s replaces the session', (_, change) => {
  const peers = goal([]).peers.map((peer) => ({ ...peer, ...change }));
  expect(kinds(planSpeaker(goal([], { peers }), standing([]), EVERYTHING))).toEqual(['delete-peer', 'add-peer']);
});

test('a limit that was lost for one family only is drift', () => {
  const maxPrefix = { 4: 100, 6: 50 };
  const peers = goal([]).peers.map((peer) => ({ ...peer, maxPrefix }));
  const kept = standing([]).peers.map((peer) => ({ ...peer, maxPrefix }));
  expect(planSpeaker(goal([], { peers }), standing([], { peers: kept }), EVERYTHING)).toEqual([]);
  const lost = kept.map((peer) => ({ ...peer, maxPrefix: { 4: 100 } }));
  expect(kinds(planSpeaker(goal([], { peers }), standing([], { peers: lost }), EVERYTHING))).toEqual([
    'delete-peer',
    'add-peer',
  ]);
});

test('a peer that asks for what the daemon cannot do is refused by name, and stays as it is', () => {
  const can = { ...EVERYTHING, maxPrefix: false, passive: false };
  const asking = goal([full()], {
    peers: goal([]).peers.map((peer) => ({ ...peer, passive: true, maxPrefix: { 4: 9 } })),
  });
  expect(kinds(planSpeaker(asking, standing([], { peers: [] }), can))).toEqual(['announce']);
  expect(kinds(planSpeaker(asking, standing([full()]), can))).toEqual([]);
  expect(refusedPeers(asking.peers, can, 'some daemon')).toBe(
    'peer 198.18.1.1 with passive and maxPrefix refused: some daemon cannot do that; ' +
      'leave it out in the fleet file, or use another speaker',
  );
  expect(refusedPeers(asking.peers, EVERYTHING, 'some daemon')).toBeUndefined();
});

describe('from anywhere to anywhere', () => {
  const pool = [V4, V6, prefix('192.0.2.0/24'), prefix('198.19.7.0/24'), prefix('2001:db8:e::/48')];
  const path = (p: (typeof pool)[number]) => fc.constantFrom(full(p), degraded(p));
  const paths = fc.subarray(pool).chain((chosen) => fc.tuple(...chosen.map(path)));
  const desired = fc.tuple(paths, fc.boolean()).map(([chosen, quiet]) => {
    const allow = quiet ? chosen.map((c) => c.prefix) : pool;
    return goal(chosen, { allow });
  });

  test('the plan, applied and looked at, arrives; then there is nothing left to do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(desired, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('none', 'barrier', 'peers', 'paths', 'foreign'),
        async (goals, damage) => {
          const speaker = new FakeSpeaker();
          for (const target of goals) {
            speaker.meddle((bgp) => {
              if (damage === 'barrier') bgp.barrier = { state: 'wrong', detail: 'damaged' };
              if (damage === 'peers') bgp.peers.clear();
              if (damage === 'paths') bgp.paths.clear();
              if (damage === 'foreign') bgp.foreign.push({ family: 4, prefix: '10.0.0.0/8', detail: 'damage' });
            });
            let passes = 0;
            for (let ops = planSpeaker(target, await speaker.observe(), EVERYTHING); ops.length > 0; passes++) {
              await speaker.apply(ops);
              ops = planSpeaker(target, await speaker.observe(), EVERYTHING);
              expect(passes).toBeLessThan(5);
            }
            expect(new Set(speaker.paths)).toEqual(new Set(target.paths));
            expect(speaker.peers).toEqual(target.peers.map(({ address: a }) => a));
          }
          expect(speaker.violations).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});
