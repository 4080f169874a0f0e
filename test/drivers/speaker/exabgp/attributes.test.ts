import { address, prefix } from '../../../../src/model/address.js';
import type { PathAttributes } from '../../../../src/model/path.js';
import { attributesText, type Ends, readPath, towards } from '../../../../src/drivers/speaker/exabgp/attributes.js';

const V4 = prefix('203.0.113.0/24');
const plain: PathAttributes = {
  asPath: [64_512],
  nextHop: address('198.18.1.11'),
  communities: [],
  largeCommunities: ['64500:1:11'],
};
const inner: Ends = { localAsn: 64_500, asn: 64_500 };
const outer: Ends = { localAsn: 64_500, asn: 64_510 };

/** Left: attributes; right: what ExaBGP 4.2.21 prints of them. */
const TEXTS: readonly (readonly [what: string, attributes: PathAttributes, ends: Ends, text: string])[] = [
  [
    'a customer of ours, internal',
    plain,
    inner,
    'next-hop 198.18.1.11 origin igp as-path [ 64512 ] local-preference 100 large-community 64500:1:11',
  ],
  [
    'the same, external: our own AS in front, no preference',
    { ...plain, localPref: 7 },
    outer,
    'next-hop 198.18.1.11 origin igp as-path [ 64500 64512 ] large-community 64500:1:11',
  ],
  [
    'nothing but our own, internal: no AS at all',
    { ...plain, asPath: [], largeCommunities: [] },
    inner,
    'next-hop 198.18.1.11 origin igp local-preference 100',
  ],
  [
    'everything, lists by number and not as text',
    {
      ...plain,
      asPath: [4_200_000_001, 64_512],
      med: 0,
      localPref: 4_294_967_295,
      communities: ['64500:100', '64500:7', '65535:0'],
      largeCommunities: ['64500:10:0', '64500:2:0'],
    },
    inner,
    'next-hop 198.18.1.11 origin igp as-path [ 4200000001 64512 ] med 0 local-preference 4294967295 ' +
      'community [ 64500:7 64500:100 65535:0 ] large-community [ 64500:2:0 64500:10:0 ]',
  ],
  [
    'well-known communities by name',
    { ...plain, communities: ['65535:65281', '65535:666'], largeCommunities: [] },
    inner,
    'next-hop 198.18.1.11 origin igp as-path [ 64512 ] local-preference 100 community [ blackhole no-export ]',
  ],
];

test.each(TEXTS)('%s', (_, attributes, ends, text) => {
  expect(attributesText(towards(attributes, ends))).toBe(text);
});

test.each(TEXTS)('read back: %s', (_, attributes, ends, text) => {
  const read = readPath(V4, text, ends);
  expect(read).toBeDefined();
  expect(attributesText(towards(read!.attributes, ends))).toBe(text);
  const { localPref: __, ...rest } = attributes;
  expect(read).toMatchObject({
    prefix: V4,
    attributes: {
      ...rest,
      communities: [...attributes.communities].sort(),
      largeCommunities: [...attributes.largeCommunities].sort(),
    },
  });
});

test.each([
  ['another origin', 'next-hop 198.18.1.11 origin incomplete'],
  ['no next hop', 'origin igp'],
  ['an attribute that we do not use', 'next-hop 198.18.1.11 origin igp aggregator ( 64500:198.18.1.1 )'],
  ['a set in the path', 'next-hop 198.18.1.11 origin igp as-path [ 64512 ( 1 2 ) ]'],
  ['a community without a number', 'next-hop 198.18.1.11 origin igp community accept-own'],
])('%s is none of ours', (_, text) => {
  expect(readPath(V4, text, inner)).toBeUndefined();
});

test('towards another AS a path that does not begin with ours is none of ours', () => {
  expect(readPath(V4, 'next-hop 198.18.1.11 origin igp as-path [ 64512 ]', outer)).toBeUndefined();
});
