import { comparePrefix, type Prefix } from '../../src/model/address.js';
import { until } from '../drivers/speaker/until.js';
import { ALLOWED, announce, LEARNED, path, type Stage, V4, V6, WIDE, WIDE6, withdraw } from './stage.js';

/** Nothing forbidden at the receiver, whatever is asked for. */
export function barrier(stage: Stage): void {
  const only = async (...prefixes: readonly Prefix[]): Promise<void> => {
    for (const router of ['r1', 'r2'] as const) {
      expect(await stage.prefixesAt(router)).toEqual([...prefixes].sort());
    }
  };

  /** Whether a driver takes it or refuses it is its own affair; what counts is the wire. */
  const ask = (...texts: readonly string[]): Promise<void> =>
    stage.speaker.apply([announce(...texts.map((text) => path(text as Prefix)))]).catch(() => undefined);

  test('what the list does not name never leaves: beside, above and below what it names, both families', async () => {
    await stage.settled();
    const before = await stage.counts();
    await ask('100.64.9.0/24');
    await ask('2001:db8:beef::/48');
    await ask('203.0.112.0/23', '203.0.112.0/24', '203.0.0.0/16', '203.0.112.0/21');
    await ask('2001:db8:ac0::/44', '2001:db8::/32', '2001:db8:ace::/48');
    await ask('100.72.0.0/17', '100.72.1.0/24', '100.72.255.0/24');
    await ask('2001:db8:c000::/41', '2001:db8:c000::/48', '2001:db8:c0ff::/48');
    await ask(...Array.from({ length: 40 }, (_, i) => `100.64.${i + 10}.0/24`));
    await stage.settled();
    const after = await stage.counts();
    expect([after.r1.updates - before.r1.updates, after.r2.updates - before.r2.updates]).toEqual([1, 1]);
    await only(V4, V6);
    const { barrier: held, paths } = await stage.observed();
    expect(held).toEqual({ state: 'held', allow: [...ALLOWED].sort(comparePrefix) });
    expect(paths).toEqual([path(V4), path(V6)]);
  });

  test.each([
    '0.0.0.0/0',
    '::/0',
    '/0',
    '0.0.0.0/1',
    'not-an-ip/24',
    '203.0.113.0',
    '203.0.113.1/24',
    '203.0.113.0/33',
    '203.0.113.128/25',
    '203.0.113.7/32',
    '10.0.0.0/7',
    '2001:DB8:ACF::/48',
    '2001:db8:acf::/49',
    '2001:db8:acf::/129',
    '127.0.0.0/8',
    '224.0.0.0/8',
    'fe80::/16',
  ])(
    '%j is refused by its name before anything is sent, also beside what is fine, and cannot be allowed',
    async (text) => {
      const bad = text as Prefix;
      await expect(stage.speaker.apply([announce(path(LEARNED), path(bad))])).rejects.toMatchObject({
        reason: 'invalid',
      });
      await expect(stage.speaker.apply([{ kind: 'allow', prefixes: [bad] }])).rejects.toMatchObject({
        reason: 'invalid',
      });
      expect(await stage.observed()).toMatchObject({ paths: [path(V4), path(V6)] });
    },
  );

  test.each([
    ['a next hop of the other family', path(V4, { nextHop: path(V6).attributes.nextHop })],
    ['AS 0', path(V4, { asPath: [0] })],
    ['a negative MED', path(V4, { med: -1 })],
    ['half a preference', path(V4, { localPref: 0.5 })],
    ['a community beyond 16 bit', path(V4, { communities: ['65536:0'] })],
    ['a large community beyond 32 bit', path(V4, { largeCommunities: ['1:2:4294967296'] })],
  ])('%s is refused before anything is sent', async (_, bad) => {
    await expect(stage.speaker.apply([announce(path(LEARNED), bad)])).rejects.toMatchObject({ reason: 'invalid' });
    expect(await stage.observed()).toMatchObject({ paths: [path(V4), path(V6)] });
  });

  test('nothing learned is passed on, allowed or not', async () => {
    await until('what r2 has of its own is sent', async () => (await stage.at('r2').session()).exported === 2);
    await stage.settled();
    await only(V4, V6);
    expect(await stage.observed()).toMatchObject({ paths: [path(V4), path(V6)], foreignPaths: [] });
  });

  test('what the list names does leave, at exactly its length', async () => {
    await stage.speaker.apply([announce(path(WIDE), path(WIDE6))]);
    await stage.received('r1', 4);
    await stage.received('r2', 4);
    await only(V4, V6, WIDE, WIDE6);
    await stage.speaker.apply([withdraw(WIDE, WIDE6)]);
    await stage.received('r1', 2);
    await stage.received('r2', 2);
  });

  test('disallowing what still stands withdraws it at the peers', async () => {
    await stage.speaker.apply([announce(path(WIDE))]);
    await stage.received('r1', 3);
    await stage.received('r2', 3);
    await stage.speaker.apply([{ kind: 'disallow', prefixes: [WIDE] }]);
    await stage.received('r1', 2);
    await stage.received('r2', 2);
    await ask(WIDE);
    await stage.settled();
    await only(V4, V6);
    await stage.speaker.apply([{ kind: 'allow', prefixes: [WIDE] }]);
    expect((await stage.observed()).barrier).toEqual({ state: 'held', allow: [...ALLOWED].sort(comparePrefix) });
  });
}
