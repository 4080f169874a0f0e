import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { address, type Family, parseAddress, type Prefix, prefix, prefixOf } from '../../../src/model/address.js';
import type { Community, LargeCommunity, Path, PathAttributes } from '../../../src/model/path.js';
import { checkPaths, checkPrefix } from '../../../src/drivers/speaker/check-path.js';
import { loadInterface, messageType } from '../../../src/drivers/speaker/client.js';
import type { Codec, Encoded } from '../../../src/drivers/speaker/gobgp/codec.js';
import { doubtOf } from '../../../src/drivers/speaker/gobgp/convert-event.js';
import { pathEncoder, pathReader, withdrawalToWire } from '../../../src/drivers/speaker/gobgp/convert-path.js';
import type { ListedPath, WirePath } from '../../../src/drivers/speaker/gobgp/messages.js';
import { gobgp3 } from '../../../src/drivers/speaker/gobgp/v3.js';
import { gobgp4 } from '../../../src/drivers/speaker/gobgp/v4.js';
import { changedPath } from '../../paths.js';

const protoDir = fileURLToPath(new URL('../../../protos', import.meta.url));
const definitions = [gobgp3, gobgp4].map((dialect) => ({
  dialect,
  definition: loadInterface(join(protoDir, dialect.proto)),
}));
const codecs = definitions.map(({ dialect, definition }): [string, Codec, Encoded] => [
  `GoBGP ${dialect.version}`,
  dialect.codec(definition),
  // AggregatorAttribute, as each of them writes it: an attribute that ours never have.
  dialect.version === 3
    ? messageType(definition, 'apipb.Packed').serialize({ type_url: 'type.googleapis.com/apipb.AggregatorAttribute' })
    : Buffer.from([0x42, 0x00]),
]);

const listed = (wire: WirePath, extra: Partial<ListedPath> = {}): ListedPath => ({
  ...wire,
  source_asn: 0,
  source_id: '<nil>',
  neighbor_ip: '<nil>',
  identifier: 0,
  ...extra,
});

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const asn = fc.integer({ min: 1, max: 2 ** 32 - 2 }).filter((n) => n !== 23_456 && n !== 65_535);
const numeric = (a: string, b: string): number => {
  const [x, y] = [a.split(':').map(Number), b.split(':').map(Number)];
  return x.reduce((order, value, i) => order || value - (y[i] ?? 0), 0);
};
const communities = fc
  .uniqueArray(
    fc.tuple(uint(16), uint(16)).map(([a, b]): Community => `${a}:${b}`),
    { maxLength: 6 },
  )
  .map((list) => list.sort(numeric));
const largeCommunities = fc
  .uniqueArray(
    fc.tuple(uint(32), uint(32), uint(32)).map(([a, b, c]): LargeCommunity => `${a}:${b}:${c}`),
    {
      maxLength: 6,
    },
  )
  .map((list) => list.sort(numeric));

const v4 = fc.tuple(fc.integer({ min: 1, max: 223 }), uint(8), uint(8), uint(8)).map((parts) => parts.join('.'));
const v6 = fc
  .tuple(fc.integer({ min: 0x2000, max: 0x3fff }), fc.array(uint(16), { minLength: 7, maxLength: 7 }))
  .map(([first, rest]) => [first, ...rest].map((g) => g.toString(16)).join(':'));
const sensible = (text: string): boolean => !text.startsWith('127.') && !text.startsWith('169.254.');
const addressOf = (family: Family) => (family === 4 ? v4.filter(sensible) : v6).map((text) => parseAddress(text)!);

const paths: fc.Arbitrary<Path> = fc.constantFrom<Family>(4, 6).chain((family) =>
  fc
    .record({
      base: addressOf(family),
      length: family === 4 ? fc.integer({ min: 8, max: 24 }) : fc.integer({ min: 16, max: 48 }),
      asPath: fc.array(asn, { maxLength: 64 }),
      nextHop: addressOf(family),
      med: fc.option(uint(32), { nil: undefined }),
      localPref: fc.option(uint(32), { nil: undefined }),
      communities,
      largeCommunities,
    })
    .map(({ base, length, med, localPref, ...rest }) => ({
      prefix: prefixOf(base, length),
      attributes: {
        ...rest,
        ...(med === undefined ? {} : { med }),
        ...(localPref === undefined ? {} : { localPref }),
      },
    }))
    .filter((path) => sensible(path.prefix)),
);

describe.each(codecs)('paths on the wire of %s', (_, codec) => {
  test('what is encoded reads back as it was, also many from one encoder', () => {
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1, maxLength: 5 }), (all) => {
        const encode = pathEncoder(codec);
        const read = pathReader(codec);
        for (const path of all) {
          expect(() => checkPaths([path])).not.toThrow();
          expect(read(listed(encode(path)))).toEqual({ ours: true, path });
        }
      }),
    );
  });

  test('MED 0 and LOCAL_PREF 0 are not the same as none', () => {
    const zeros = changedPath(sample, { med: 0, localPref: 0 });
    const [zero, none] = [zeros, sample].map((path) => pathReader(codec)(listed(pathEncoder(codec)(path))));
    expect(zero).toEqual({ ours: true, path: zeros });
    expect(none).toEqual({ ours: true, path: sample });
  });

  test('paths with equal attributes share their encoding', () => {
    const encode = pathEncoder(codec);
    const other = { ...sample, prefix: prefix('198.51.100.0/24') };
    const [a, b, c] = [sample, other, changedPath(sample, { med: 1 })].map(encode);
    expect(b!.pattrs).toBe(a!.pattrs);
    expect(c!.pattrs).not.toBe(a!.pattrs);
  });

  test('v6 as GoBGP lists it: MP_REACH_NLRI in place of the next hop', () => {
    const path = {
      prefix: prefix('2001:db8:acf::/48'),
      attributes: { ...sample.attributes, nextHop: address('2001:db8:1::11') },
    };
    const wire = pathEncoder(codec)(path);
    const reach = (next_hops: string[]): Encoded => codec.encode('MpReachNLRIAttribute', { next_hops });
    const others = wire.pattrs.filter((one) => codec.decode(one)?.name !== 'NextHopAttribute');
    const read = pathReader(codec);
    expect(read(listed({ ...wire, pattrs: [...others, reach(['2001:db8:1::11'])] }))).toEqual({ ours: true, path });
    expect(read(listed({ ...wire, pattrs: [...others, reach(['2001:db8:1::11', 'fe80::1'])] }))).toMatchObject({
      ours: false,
    });
  });

  test('an event names its prefixes; what cannot be read could be anything', () => {
    const [v4, v6] = ['203.0.113.0/24', '2001:db8:acf::/48'].map((text) => withdrawalToWire(codec, prefix(text)));
    const table = (...nlris: Encoded[]) => ({ table: { paths: nlris.map((nlri) => ({ nlri })) } });
    expect(doubtOf(codec, table(v4!.nlri, v6!.nlri))).toEqual({ prefixes: ['203.0.113.0/24', '2001:db8:acf::/48'] });
    expect(doubtOf(codec, { table: null })).toEqual({ prefixes: [] });
    const odd = [
      Buffer.alloc(0),
      Buffer.from([0xff, 0xff, 0xff]),
      codec.encodePrefix({ prefix: '0.0.0.0', prefix_len: 0 }),
      codec.encodePrefix({ prefix: 'x', prefix_len: 24 }),
    ];
    for (const nlri of odd) expect(doubtOf(codec, table(v4!.nlri, nlri))).toBe('everything');
  });

  test('a withdrawal names prefix and family, and nothing that would make it another path', () => {
    expect(Object.keys(withdrawalToWire(codec, prefix('2001:db8:acf::/48'))).sort()).toEqual(
      ['family', 'is_withdraw', 'nlri', 'pattrs'].sort(),
    );
  });
});

const sample: Path = {
  prefix: prefix('203.0.113.0/24'),
  attributes: {
    asPath: [64_512],
    nextHop: address('198.18.1.11'),
    communities: [],
    largeCommunities: ['64500:1:11'],
  },
};

describe.each(codecs)('foreign paths of %s', (_, codec, unknown) => {
  const wire = pathEncoder(codec)(sample);
  const replaced = (name: string, other: Encoded | undefined): WirePath => ({
    ...wire,
    pattrs: [...wire.pattrs.filter((one) => codec.decode(one)?.name !== name), ...(other ? [other] : [])],
  });
  const asSet = codec.encode('AsPathAttribute', { segments: [{ type: 1, numbers: [64_512] }] });
  const garbage = Buffer.concat([wire.pattrs[1]!.subarray(0, -3), Buffer.from([0xff, 0xff, 0xff])]);

  test.each<[string, ListedPath, RegExp]>([
    ['INCOMPLETE', listed(replaced('OriginAttribute', codec.encode('OriginAttribute', { origin: 2 }))), /ORIGIN 2/],
    ['no ORIGIN', listed(replaced('OriginAttribute', undefined)), /ORIGIN absent/],
    ['an unknown attribute', listed(replaced('none', unknown)), /carries (.*AggregatorAttribute|field 8 of)/],
    ['an attribute twice', listed(replaced('none', wire.pattrs[0])), /OriginAttribute twice/],
    ['an AS_SET', listed(replaced('AsPathAttribute', asSet)), /one AS_SEQUENCE/],
    ['bytes that do not decode', listed(replaced('AsPathAttribute', garbage)), /does not decode/],
    ['no next hop', listed(replaced('NextHopAttribute', undefined)), /next hop is absent/],
    [
      'a next hop of the other family',
      listed(replaced('NextHopAttribute', codec.encode('NextHopAttribute', { next_hop: '2001:db8::1' }))),
      /next hop is 2001/,
    ],
    ['a source AS', listed(wire, { source_asn: 65_001 }), /source AS 65001/],
    ['a source', listed(wire, { source_id: '192.0.2.9' }), /192\.0\.2\.9/],
    ['an identifier', listed(wire, { identifier: 3 }), /identifier 3/],
    ['no prefix', listed({ ...wire, nlri: Buffer.alloc(0) }), /not a unicast prefix/],
    [
      'host bits',
      listed({ ...wire, nlri: codec.encodePrefix({ prefix_len: 24, prefix: '203.0.113.1' }) }),
      /host-bits/,
    ],
    ['another family', listed({ ...wire, family: { afi: 2, safi: 1 } }), /family does not fit/],
  ])('%s', (_what, path, detail) => {
    const read = pathReader(codec)(path);
    expect(read).toMatchObject({ ours: false });
    expect(read.ours ? '' : read.detail).toMatch(detail);
  });

  test('a tag that is asked for', () => {
    expect(pathReader(codec, '64500:1:11')(listed(wire))).toMatchObject({ ours: true });
    expect(pathReader(codec, '64500:1:12')(listed(wire))).toMatchObject({ ours: false });
  });
});

describe('the last look before the wire', () => {
  test.each([
    '',
    '/',
    '/0',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/7',
    '203.0.113.0/25',
    '203.0.113.0/33',
    '203.0.113.1/24',
    '203.0.113.0',
    'not-an-ip/24',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '224.0.0.0/8',
    '240.0.0.0/8',
    '0.0.0.0/8',
    '2001:db8::/49',
    '2000::/15',
    '2001:DB8::/32',
    '2001:db8:0::/48',
    'fe80::/16',
    'ff00::/16',
    '::ffff:0:0/48',
    '64:ff9b::/48',
  ])('refuses the prefix %j', (text) => expect(() => checkPrefix(text as Prefix)).toThrow(/^/));

  test.each(['10.0.0.0/8', '203.0.113.0/24', '223.255.255.0/24', '2001:db8:acf::/48', '2000::/16', 'fd00::/16'])(
    'takes the prefix %s',
    (text) => expect(() => checkPrefix(prefix(text))).not.toThrow(),
  );

  test.each<[string, Partial<PathAttributes>, RegExp]>([
    ['AS 0', { asPath: [0] }, /0 in the AS path/],
    ['AS_TRANS', { asPath: [23_456] }, /23456/],
    ['too large an ASN', { asPath: [2 ** 32] }, /4294967296/],
    ['half an ASN', { asPath: [1.5] }, /1\.5/],
    ['an endless AS path', { asPath: Array<number>(65).fill(64_512) }, /longer than 64/],
    ['a v6 next hop', { nextHop: address('2001:db8::1') }, /other address family/],
    ['no next hop', { nextHop: address('0.0.0.0') }, /not a unicast address/],
    ['loopback', { nextHop: address('127.0.0.1') }, /not a unicast address/],
    ['multicast', { nextHop: address('224.0.0.1') }, /not a unicast address/],
    ['an unwritten next hop', { nextHop: '198.18.1' as never }, /not a canonical address/],
    ['a negative MED', { med: -1 }, /MED -1/],
    ['a fraction of a preference', { localPref: 0.5 }, /LOCAL_PREF 0\.5/],
    ['NaN', { med: NaN }, /MED NaN/],
    ['a community out of range', { communities: ['65536:0'] }, /65536:0/],
    ['a community of three', { communities: ['1:2:3' as never] }, /1:2:3/],
    ['a community with a sign', { communities: ['+1:2'] }, /\+1:2/],
    ['a large community out of range', { largeCommunities: ['1:2:4294967296'] }, /4294967296/],
    ['a community twice', { communities: ['1:2', '1:2'] }, /twice/],
  ])('refuses %s', (_, extra, problem) => {
    const odd = changedPath(sample, extra);
    expect(() => checkPaths([sample, odd])).toThrow(problem);
    expect(() => checkPaths([sample, odd])).toThrow(/^203\.0\.113\.0\/24: /);
  });
});
