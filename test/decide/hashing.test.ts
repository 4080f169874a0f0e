import fc from 'fast-check';
import { hashingFor } from '../../src/decide/hashing.js';

const bucketsFor = (weights: readonly number[]): number => {
  const hashing = hashingFor('resilient', weights);
  return hashing.kind === 'resilient' ? hashing.buckets : 0;
};

/** Buckets of each member as the kernel counts them: nh_res_group_rebalance of net/ipv4/nexthop.c. */
function sharesOf(buckets: number, weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let [sum, before] = [0, 0];
  return weights.map((weight) => {
    sum += weight;
    const upper = Math.floor((buckets * sum + Math.floor(total / 2)) / total);
    const share = upper - before;
    before = upper;
    return share;
  });
}

test.each<[string, number[], number]>([
  ['one tunnel', [1], 128],
  ['2:1', [2, 1], 128],
  ['four alike', [1, 1, 1, 1], 128],
  ['as even with large numbers', [256, 256], 128],
  ['one in 64', [63, 1], 128],
  ['one in 65', [64, 1], 256],
  ['one in 256', [255, 1], 512],
])('%s', (_, weights, buckets) => {
  expect(bucketsFor(weights)).toBe(buckets);
});

test('every tunnel has a share, near its weight, whichever others are down', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 32 });
  fc.assert(
    fc.property(weights, fc.infiniteStream(fc.boolean()), (all, coin) => {
      const buckets = bucketsFor(all);
      const up = all.filter(() => coin.next().value);
      const total = up.reduce((sum, weight) => sum + weight, 0);
      sharesOf(buckets, up).forEach((share, n) => {
        expect(share).toBeGreaterThanOrEqual(1);
        expect(Math.abs(share - (buckets * (up[n] ?? 0)) / total)).toBeLessThanOrEqual(1);
      });
    }),
  );
});

test('a twin of a tunnel that carries alone gets no bucket', () => {
  expect(sharesOf(128, [255, 1])).toEqual([128, 0]);
});

test('a kernel without resilient groups gets plain ones', () => {
  expect(hashingFor('threshold', [2, 1])).toEqual({ kind: 'threshold' });
});
