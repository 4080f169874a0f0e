import { comparePrefix, prefix } from '../../src/model/address.js';
import { ALLOWED, announce, install, path, R1, R2, type Stage, V4, V6, withdraw } from './stage.js';

const COUNT = 10_000;

/** As many prefixes as a large fleet has, by count and by content. */
export function many(stage: Stage): void {
  const all = Array.from({ length: COUNT }, (_, i) =>
    i % 2 === 0 ? prefix(`11.${i >> 9}.${(i >> 1) & 255}.0/24`) : prefix(`2a10:${((i >> 1) + 1).toString(16)}::/32`),
  );

  test(`${COUNT} prefixes: allowed, announced, read back, received, sent, withdrawn, disallowed`, async () => {
    await stage.speaker.apply([install(...ALLOWED, ...all), announce(...all.map((p) => path(p, { med: 5 })))]);
    const { paths, barrier } = await stage.observed();
    expect(paths).toHaveLength(COUNT + 2);
    expect(barrier).toEqual({ state: 'held', allow: [...ALLOWED, ...all].sort(comparePrefix) });
    const expected = [...all, V4, V6].sort();
    for (const router of ['r1', 'r2'] as const) {
      const routes = await stage.received(router, COUNT + 2, 60_000);
      expect(routes.map((route) => route.prefix)).toEqual(expected);
      expect(routes.filter(({ attributes }) => attributes.med === '5')).toHaveLength(COUNT);
      expect(routes.every(({ attributes }) => attributes.large_community === '(64500, 1, 11)')).toBe(true);
    }
    expect(await stage.speaker.stillSent(all, [R1, R2])).toHaveLength(COUNT);
    await stage.speaker.apply([withdraw(...all)]);
    for (const router of ['r1', 'r2'] as const) {
      expect((await stage.received(router, 2, 60_000)).map((route) => route.prefix)).toEqual([V6, V4]);
    }
    expect(await stage.speaker.stillSent(all, [R1, R2])).toEqual([]);
    await stage.speaker.apply([{ kind: 'disallow', prefixes: all }]);
    expect(await stage.observed()).toMatchObject({
      barrier: { state: 'held', allow: [...ALLOWED].sort(comparePrefix) },
      paths: [path(V4), path(V6)],
    });
  }, 120_000);
}
