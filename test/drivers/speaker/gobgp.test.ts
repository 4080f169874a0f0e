/**
 * What is GoBGP's own, with every release that is here: what others with
 * access to its socket can do to it, and how it shows. What every speaker owes
 * the port is in test/conformance.
 */
import { fileURLToPath } from 'node:url';
import { address, type Address, comparePrefix, prefix, type Prefix } from '../../../src/model/address.js';
import type { SpeakerRunning } from '../../../src/model/path.js';
import type { Doubt } from '../../../src/ports/speaker.js';
import { gobgp3 } from '../../../src/drivers/speaker/gobgp/v3.js';
import { gobgp4 } from '../../../src/drivers/speaker/gobgp/v4.js';
import { type GobgpUnderTest, gobgpUnderTest } from '../../conformance/gobgp.js';
import {
  addPeer,
  ALLOWED,
  announce,
  deletePeer,
  install,
  LEARNED,
  path,
  peer,
  R1,
  R2,
  Stage,
  start,
  V4,
  V6,
  withdraw,
} from '../../conformance/stage.js';
import { RawGobgp } from './raw-gobgp.js';
import { fetched, installed, type Release } from './releases.js';
import { until } from './until.js';
import { changedPath } from '../../paths.js';

const protoDir = fileURLToPath(new URL('../../../protos', import.meta.url));
const later = ['3.36.0', '4.8.0'].flatMap((version) => {
  const release = fetched(version);
  if (!release) test.skip(`gobgpd ${version}: not fetched`, () => undefined);
  return release ?? [];
});
const full = path(V4, { med: 0 });
const full6 = path(V6, { med: 0 });

const dialectOf = ({ version }: Release) => (version.startsWith('4.') ? gobgp4 : gobgp3);

describe.each([installed(), ...later].map((release): [string, Release] => [release.version, release]))(
  'gobgpd %s',
  (_, release) => {
    const stage = new Stage<GobgpUnderTest>(gobgpUnderTest(release));
    let raw: RawGobgp;
    beforeAll(async () => {
      await stage.raise();
      raw = new RawGobgp(stage.daemon.gobgpd.address, protoDir, dialectOf(release));
    }, 30_000);
    afterAll(async () => {
      raw?.close();
      await stage.strike();
    }, 30_000);

    test('start closes both directions at once', async () => {
      await until('an answer', async () => (await stage.speaker.observe().catch(() => undefined)) !== undefined);
      await stage.speaker.apply([start]);
      expect(await raw.defaults()).toEqual({ import: 'reject', export: 'reject' });
      expect((await stage.observed()).barrier).toEqual({ state: 'absent' });
    });

    test('nothing outside the list leaves, whoever asks and however', async () => {
      await stage.speaker.apply([install(...ALLOWED), announce(full, full6), addPeer(peer(R1)), addPeer(peer(R2))]);
      await stage.established(R1, R2);
      await stage.settled();
      const before = await stage.counts();
      for (const [text, length] of [
        ['203.0.113.128', 25],
        ['203.0.113.0', 25],
        ['203.0.112.0', 23],
        ['203.0.113.7', 32],
        ['203.0.0.0', 8],
        ['0.0.0.0', 0],
        ['', 0],
        ['not-an-ip', 24],
        ['203.0.113.0', 33],
        ['203.0.113.0', 200],
        ['2001:db8:acf::', 49],
        ['2001:db8:acf:1::', 64],
        ['2001:db8::', 32],
        ['::', 0],
        ['2001:db8:acf::', 129],
      ] as const) {
        await raw.addPath(text, length);
      }
      await stage.settled();
      const after = await stage.counts();
      expect([after.r1.updates - before.r1.updates, after.r2.updates - before.r2.updates]).toEqual([1, 1]);
      expect(await stage.prefixesAt('r1')).toEqual([V6, V4]);
      expect(await stage.prefixesAt('r2')).toEqual([V6, V4]);
      expect((await stage.observed()).barrier).toEqual({ state: 'held', allow: [...ALLOWED].sort(comparePrefix) });
    }, 40_000);

    test('what is learned stands in Adj-RIB-In, and is neither ours nor passed on', async () => {
      await until('what r2 sends', async () =>
        /192\.0\.2\.0\/24[^]*198\.51\.100\.0\/24/.test(await stage.daemon.gobgpd.cli('neighbor', R2, 'adj-in')),
      );
      expect(await stage.observed()).toMatchObject({ paths: [full, full6], foreignPaths: [] });
      expect(await stage.prefixesAt('r1')).toEqual([V6, V4]);
    });

    test('foreign local paths are told apart and deleted alone', async () => {
      const foreign = async () =>
        (await stage.observed()).foreignPaths.map(({ prefix: p, detail }) => `${p} ${detail}`);
      await raw.addPath('192.0.2.0', 24, { origin: 2 });
      expect(await foreign()).toEqual(['192.0.2.0/24 has ORIGIN 2, not IGP']);
      await raw.addPath('203.0.113.0', 24, { identifier: 7 });
      await raw.addPath('203.0.113.0', 24, { source_asn: 65_001, source_id: '9.9.9.9' });
      await raw.addPath('2001:db8:acf::', 48, { identifier: 9 });
      await raw.addPath('192.88.99.0', 24);
      expect(await foreign()).toEqual([
        '192.0.2.0/24 has ORIGIN 2, not IGP',
        '192.88.99.0/24 lacks our large community 64500:1:11',
        '2001:db8:acf::/48 has the path identifier 9',
        '203.0.113.0/24 has the path identifier 7',
        '203.0.113.0/24 has the source AS 65001 9.9.9.9',
      ]);
      expect((await stage.observed()).paths).toEqual([full, full6]);
      await stage.speaker.apply(
        (await stage.observed()).foreignPaths.map(({ family, prefix: p }) => ({
          kind: 'delete-foreign',
          family,
          prefix: p,
        })),
      );
      expect(await foreign()).toEqual([]);
      expect((await stage.observed()).paths).toEqual([full, full6]);
      await until('only ours at r1', async () => {
        const routes = await stage.at('r1').routes();
        return routes.length === 2 && routes.every((r) => r.attributes.med === '0');
      });
    });

    test('a recheck keeps what stands as it is, counts foreign paths, and leaves the barrier to whoever asks for it', async () => {
      const recheck = (before: SpeakerRunning, doubted: readonly Prefix[], barrier = false) =>
        stage.speaker.recheck({ observed: before, doubted, barrier });
      const before = await stage.observed();
      const again = await recheck(before, [V4, V6]);
      expect(again?.state === 'started' && again.paths).toBe(before.paths);
      // Of a path that is not in doubt nothing is seen.
      await stage.speaker.apply([announce(changedPath(full, { med: 77 }))]);
      expect(await recheck(before, [V6])).toMatchObject({ paths: before.paths });
      await stage.speaker.apply([announce(full)]);
      await raw.addPath('192.0.2.0', 24, { origin: 2 });
      expect(await recheck(before, [V4], true)).toBeUndefined();
      const more = await recheck(before, [LEARNED], true);
      expect(more).toMatchObject({ paths: before.paths, foreignPaths: [{ prefix: '192.0.2.0/24' }] });
      await stage.speaker.apply([{ kind: 'delete-foreign', family: 4, prefix: '192.0.2.0/24' }]);
      await raw.widen('203.0.113.0/24', 24, 32);
      expect(await recheck(before, [])).toMatchObject({ barrier: before.barrier });
      expect(await recheck(before, [], true)).toMatchObject({ barrier: { state: 'wrong' } });
      await stage.speaker.apply([install(...ALLOWED)]);
    });

    test('events name the prefixes that are in doubt, also of what others do', async () => {
      const doubts: Doubt[] = [];
      const watching = stage.speaker.watch((doubt) => doubts.push(doubt));
      const named = (text: string) =>
        doubts.some((doubt) => doubt !== 'everything' && doubt.prefixes.includes(prefix(text)));
      // The first ones may pass before the stream is open.
      await until('both families', async () => {
        await stage.speaker.apply([
          announce(...[full, full6].map((path) => changedPath(path, { med: doubts.length + 1 }))),
        ]);
        return named(V4) && named(V6);
      });
      await stage.speaker.apply([announce(full, full6)]);
      doubts.length = 0;
      await raw.addPath('192.0.2.0', 24, { origin: 2 });
      await until('a foreign path', async () => named('192.0.2.0/24'));
      await stage.speaker.apply([{ kind: 'delete-foreign', family: 4, prefix: '192.0.2.0/24' }]);
      watching.stop();
    });

    test('a barrier that somebody changed is wrong, and is repaired', async () => {
      const broken = async (how: () => Promise<unknown>, detail: RegExp) => {
        await how();
        const { barrier } = await stage.observed();
        expect(barrier).toMatchObject({ state: 'wrong', detail: expect.stringMatching(detail) as string });
        await expect(stage.speaker.apply([{ kind: 'allow', prefixes: [V4] }])).rejects.toMatchObject({
          reason: 'barrier-not-held',
        });
        await stage.speaker.apply([install(...ALLOWED)]);
        expect((await stage.observed()).barrier.state).toBe('held');
      };
      const statement = (...words: readonly string[]) =>
        stage.daemon.gobgpd.cli('policy', 'statement', 'culvert-allow-v4', ...words);
      await broken(() => raw.assign(2, ['culvert-barrier'], 1), /export: the default is not to reject/);
      await broken(() => raw.assign(1, [], 2), /import: no policy/);
      await broken(() => raw.widen('203.0.113.0/24', 24, 32), /allows lengths 24 to 32/);
      await broken(() => statement('add', 'action', 'med', 'set', '7'), /not the allow-list/);
      await broken(() => statement('del', 'condition', 'route-type', 'local'), /not the allow-list/);
      expect((await stage.observed()).paths).toEqual([full, full6]);
    });

    test('a session that somebody has shut down, or that has ended at its limit, says so until it is enabled', async () => {
      const cli = (...words: readonly string[]) => stage.daemon.gobgpd.cli('neighbor', ...words);
      const told = async (at: Address) => (await stage.peerAt(at))?.detail;
      await cli(R2, 'disable');
      await until('shut down', async () => (await told(R2))?.startsWith('somebody has shut it down'));
      const local = address('198.18.1.6');
      await stage.router({ local, originates: ['198.51.100.0/24', '198.51.101.0/24'] });
      await stage.speaker.apply([addPeer(peer(local, { maxPrefix: { 4: 1 } }))]);
      await until('the limit', async () => (await told(local))?.includes('maxPrefix'), 20_000);
      await cli(R2, 'enable');
      await cli(local, 'enable');
      await until('enabled', async () => (await told(R2)) === undefined && (await told(local)) === undefined);
      await stage.speaker.apply([deletePeer(local)]);
    }, 40_000);

    test('behind a repaired barrier the policy that works is the one that is listed', async () => {
      await stage.speaker.apply([{ kind: 'disallow', prefixes: [LEARNED] }]);
      await raw.addPath('192.0.2.0', 24);
      await raw.addPath('203.0.113.128', 25);
      await stage.settled();
      expect(await stage.prefixesAt('r1')).toEqual([V6, V4]);
      expect((await stage.observed()).foreignPaths).toEqual([]);
      await stage.speaker.apply([withdraw(V4, V6)]);
      await stage.received('r1', 0);
    });
  },
);

const four = later.find(({ version }) => version.startsWith('4.'));
const whenBoth = four ? test : test.skip;
whenBoth(
  'a daemon that comes back as another version is spoken to as such, by the same client',
  async () => {
    const stage = new Stage<GobgpUnderTest>(gobgpUnderTest(installed()));
    await stage.raise();
    const { speaker, daemon } = stage;
    try {
      for (const next of [four!, installed()]) {
        await speaker.apply([start, install(V4), announce(full)]);
        expect((await stage.observed()).paths).toEqual([full]);
        let told = false;
        const watching = speaker.watch(() => (told = true));
        await until('the stream', async () => {
          await speaker.apply([announce(path(V4, { med: Math.floor(performance.now()) })), announce(full)]);
          return told;
        });
        await daemon.gobgpd.restart(next);
        await until(
          'an empty daemon',
          async () => (await speaker.observe().catch(() => undefined))?.state === 'not-started',
        );
        watching.stop();
      }
    } finally {
      await stage.strike();
    }
  },
  60_000,
);
