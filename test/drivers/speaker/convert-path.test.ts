import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  address,
  type Family,
  familyOf,
  lengthOf,
  networkOf,
  octetsOf,
  parseAddress,
  type Prefix,
  prefix,
  prefixOf,
} from '../../../src/model/address.js';
import type { Community, LargeCommunity, Path, PathAttributes } from '../../../src/model/path.js';
import { checkPaths, checkPrefix } from '../../../src/drivers/speaker/check-path.js';
import { loadInterface, messageType } from '../../../src/drivers/speaker/client.js';
import { doubtOf } from '../../../src/drivers/speaker/gobgp/convert-event.js';
import {
  pathEncoder,
  pathReader,
  strangerTo,
  withdrawalOfListed,
  withdrawalToWire,
} from '../../../src/drivers/speaker/gobgp/convert-path.js';
import { readDestination } from '../../../src/drivers/speaker/gobgp/listed.js';
import type { ListedPath } from '../../../src/drivers/speaker/gobgp/messages.js';
import type { NlriReader } from '../../../src/drivers/speaker/gobgp/nlri.js';
import { gobgp3 } from '../../../src/drivers/speaker/gobgp/v3.js';
import { gobgp4 } from '../../../src/drivers/speaker/gobgp/v4.js';
import { changedPath } from '../../paths.js';
import { asPath, attribute, attributesOf, listed, nextHop, origin, reach } from './listing.js';
import { PathMessages } from './path-messages.js';

const protoDir = fileURLToPath(new URL('../../../protos', import.meta.url));
const readers = [gobgp3, gobgp4].map((dialect): [string, NlriReader, PathMessages] => [
  `GoBGP ${dialect.version}`,
  dialect.nlriReader(loadInterface(join(protoDir, dialect.proto))),
  new PathMessages(dialect.version),
]);

interface Written {
  readonly nlri: Buffer;
  readonly nlri_binary: Buffer;
  readonly pattrs_binary: readonly Buffer[];
  readonly family: { readonly afi: number; readonly safi: number };
  readonly is_withdraw: boolean;
}

/** What an encoded path is, by the interface description. */
const pathMessage = messageType(loadInterface(join(protoDir, gobgp4.proto)), 'gobgp.Path');
const written = (path: Buffer): Written => pathMessage.deserialize(path) as Written;
const UNSET = { nlri: Buffer.alloc(0), source_asn: 0, source_id: '', neighbor_ip: '', identifier: 0 };

const sample: Path = {
  prefix: prefix('203.0.113.0/24'),
  attributes: {
    asPath: [64_512],
    nextHop: address('198.18.1.11'),
    communities: [],
    largeCommunities: ['64500:1:11'],
  },
};

const header = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content]);
const field21 = (each: Buffer): Buffer => Buffer.concat([Buffer.from([0xaa, 0x01, each.length]), each]);

const HOP_6 = octetsOf(address('2001:db8:1::11'));
const v6Sample: Path = {
  prefix: prefix('2001:db8:acf::/48'),
  attributes: { ...sample.attributes, nextHop: address('2001:db8:1::11') },
};

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

describe('paths as they are given', () => {
  test('prefix and attributes stand there as in an UPDATE, an IPv6 next hop as the others', () => {
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1, maxLength: 5 }), (all) => {
        const encode = pathEncoder();
        for (const path of all) {
          const isV6 = familyOf(path.prefix) === 6;
          const length = lengthOf(path.prefix);
          const network = octetsOf(networkOf(path.prefix)).subarray(0, Math.ceil(length / 8));
          const attributes = attributesOf(path.attributes).filter((each) => each[1] !== 14);
          if (isV6) attributes.splice(2, 0, nextHop(octetsOf(path.attributes.nextHop)));
          expect(written(encode(path))).toEqual({
            ...UNSET,
            nlri_binary: Buffer.from([length, ...network]),
            pattrs_binary: attributes,
            family: { afi: isV6 ? 2 : 1, safi: 1 },
            is_withdraw: false,
          });
        }
      }),
    );
  });

  test.each([
    ['10.0.0.0/8', '080a'],
    ['10.128.0.0/9', '090a80'],
    ['203.0.113.0/24', '18cb0071'],
    ['2001:db8::/32', '2020010db8'],
    ['2001:db8:acf::/48', '3020010db80acf'],
    ['2001:db8:8000::/33', '2120010db880'],
  ])('%s', (text, octets) => {
    expect(written(withdrawalToWire(prefix(text))).nlri_binary.toString('hex')).toBe(octets);
  });

  test('MED 0, LOCAL_PREF 0 and communities are there when they are given, and an empty AS path has no segment', () => {
    const full = changedPath(sample, { asPath: [], med: 0, localPref: 0, communities: ['65535:0', '0:1'] });
    const attributes = written(pathEncoder()(full)).pattrs_binary.map((each) => each.toString('hex'));
    expect(attributes).toEqual([
      ...['40010100', '400200', '400304c612010b', '80040400000000', '40050400000000'],
      ...['c00808ffff000000000001', 'c0200c0000fbf4000000010000000b'],
    ]);
  });

  test('attributes beyond 255 octets have a length of two', () => {
    const asPath = Array<number>(64).fill(4_200_000_000);
    const [, path] = written(pathEncoder()(changedPath(sample, { asPath }))).pattrs_binary;
    expect(path!.subarray(0, 6).toString('hex')).toBe('500201020240');
    expect(path).toHaveLength(4 + 2 + 4 * 64);
  });

  test('a withdrawal names prefix and family, and nothing that would make it another path', () => {
    expect(written(withdrawalToWire(prefix('2001:db8:acf::/48')))).toEqual({
      ...UNSET,
      nlri_binary: Buffer.from('3020010db80acf', 'hex'),
      pattrs_binary: [],
      family: { afi: 2, safi: 1 },
      is_withdraw: true,
    });
  });

  test('a listed path is withdrawn by all that tells it from others', () => {
    const nlri = Buffer.from('0a0b0c', 'hex');
    const one = listed(sample, { nlri, source_asn: 4_200_000_000, source_id: '192.0.2.9', identifier: 300 });
    expect(written(withdrawalOfListed(one, 4))).toEqual({
      ...UNSET,
      nlri,
      nlri_binary: Buffer.alloc(0),
      pattrs_binary: [],
      family: { afi: 1, safi: 1 },
      is_withdraw: true,
      source_asn: 4_200_000_000,
      source_id: '192.0.2.9',
      identifier: 300,
    });
    expect(written(withdrawalOfListed(listed(sample, { nlri }), 4))).toMatchObject({ ...UNSET, nlri });
  });
});

describe.each(readers)('events of %s', (_, read, messages) => {
  test('name their prefixes; what cannot be read could be anything', () => {
    const [v4, v6] = [messages.nlri('203.0.113.0', 24), messages.nlri('2001:db8:acf::', 48)];
    const table = (...nlris: Buffer[]) => ({ table: { paths: nlris.map((nlri) => ({ nlri })) } });
    expect(doubtOf(read, table(v4, v6))).toEqual({ prefixes: ['203.0.113.0/24', '2001:db8:acf::/48'] });
    expect(doubtOf(read, { table: null })).toEqual({ prefixes: [] });
    const odd = [Buffer.alloc(0), Buffer.from([0xff, 0xff, 0xff]), messages.nlri('0.0.0.0', 0), messages.nlri('x', 24)];
    for (const nlri of odd) expect(doubtOf(read, table(v4, nlri))).toBe('everything');
  });
});

describe('paths as they are listed', () => {
  test('what stands in an UPDATE reads as what it says, also many by one reader', () => {
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1, maxLength: 5 }), (all) => {
        const read = pathReader();
        for (const path of all) {
          expect(() => checkPaths([path])).not.toThrow();
          expect(read(path.prefix, listed(path))).toEqual({ ours: true, path });
        }
      }),
    );
  });

  test('MED 0 and LOCAL_PREF 0 are not the same as none', () => {
    const zeros = changedPath(sample, { med: 0, localPref: 0 });
    const [zero, none] = [zeros, sample].map((path) => pathReader()(path.prefix, listed(path)));
    expect(zero).toEqual({ ours: true, path: zeros });
    expect(none).toEqual({ ours: true, path: sample });
  });

  test('paths with equal attributes share them, also where their bytes differ', () => {
    const read = pathReader();
    const [first, second] = ['2001:db8:a::/48', '2001:db8:b::/48'].map((text) => {
      const path = { ...v6Sample, prefix: prefix(text) };
      const own = Buffer.from([48, ...octetsOf(networkOf(path.prefix)).subarray(0, 6)]);
      const others = attributesOf(path.attributes).filter((each) => each[1] !== 14);
      return read(text, listed(path, { pattrs_binary: [...others, reach(own, HOP_6)] }));
    });
    expect(first).toMatchObject({ ours: true });
    expect(second!.ours && second!.path.attributes).toBe(first!.ours && first!.path.attributes);
  });

  test('attributes need not stand one behind the other', () => {
    const path = listed(sample);
    const [one, ...rest] = attributesOf(sample.attributes);
    const apart = Buffer.concat([field21(one!), Buffer.from([0x90, 0x01, 0]), ...rest.map(field21)]);
    const destination = readDestination(Buffer.concat([header(10, header(18, apart))]));
    expect(destination!.paths[0]!.attributes).toBe(path.attributes);
  });

  test.each(['', '0a', '0a05', '0aff', '0a021205', '0b00', '0a05120300ffff'])('%s is no path, or an error', (hex) => {
    const read = (): unknown => readDestination(Buffer.from(hex, 'hex'))?.paths.length ?? 0;
    try {
      expect(read()).toBeLessThanOrEqual(1);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  });

  test('a path without attributes is no answer, and not a foreign path', () => {
    const none = listed(sample, { pattrs_binary: [] });
    expect(() => pathReader()(sample.prefix, none)).toThrow(/without its attributes/);
  });

  test('what deletes it is there where it was asked for', () => {
    const nlri = Buffer.from([0x0a, 0x01, 0x02]);
    expect(listed(sample, { nlri }).nlri).toEqual(nlri);
    expect(listed(sample).nlri).toHaveLength(0);
  });
});

describe('foreign paths', () => {
  const all = attributesOf(sample.attributes);
  const replaced = (code: number, other?: Buffer): ListedPath =>
    listed(sample, { pattrs_binary: [...all.filter((each) => each[1] !== code), ...(other ? [other] : [])] });
  const AGGREGATOR = attribute(0xc0, 7, Buffer.from([0, 0, 0xfc, 0, 192, 0, 2, 1]));

  test.each<[string, ListedPath, RegExp]>([
    ['INCOMPLETE', replaced(1, origin(2)), /ORIGIN 2/],
    ['no ORIGIN', replaced(1), /ORIGIN absent/],
    ['an ORIGIN of two octets', replaced(1, attribute(0x40, 1, Buffer.from([0, 0]))), /ORIGIN that does not decode/],
    ['an unknown attribute', replaced(0, AGGREGATOR), /carries a path attribute of type 7/],
    ['an attribute twice', replaced(0, all[0]), /ORIGIN twice/],
    ['an AS_SET', replaced(2, asPath(1, [64_512])), /one AS_SEQUENCE/],
    ['two segments', replaced(2, attribute(0x40, 2, Buffer.from([2, 1, 0, 0, 252, 0, 2, 0]))), /one AS_SEQUENCE/],
    ['AS numbers of two octets', replaced(2, attribute(0x40, 2, Buffer.from([2, 1, 252, 0]))), /does not decode/],
    ['an attribute that is cut off', replaced(2, all[1]!.subarray(0, -1)), /AS_PATH that does not decode/],
    ['an attribute that is too long', replaced(2, Buffer.concat([all[1]!, Buffer.from([0])])), /does not decode/],
    ['half a community', replaced(8, attribute(0xc0, 8, Buffer.from([255, 255]))), /COMMUNITIES that does not/],
    ['half a large community', replaced(32, attribute(0xc0, 32, Buffer.alloc(8))), /LARGE_COMMUNITY that does not/],
    ['no next hop', replaced(3), /next hop is absent/],
    ['a next hop of the other family', replaced(3, nextHop(HOP_6)), /next hop is 2001/],
    ['next hops by both ways', replaced(0, reach(Buffer.from([8, 32]), HOP_6)), /next hop is 198\.18\.1\.11 and 2001/],
    ['a next hop of three octets', replaced(3, nextHop(Buffer.from([1, 2, 3]))), /NEXT_HOP that does not decode/],
    ['a source AS', listed(sample, { source_asn: 65_001 }), /source AS 65001/],
    ['a source', listed(sample, { source_id: '192.0.2.9' }), /192\.0\.2\.9/],
    ['an identifier', listed(sample, { identifier: 3 }), /identifier 3/],
    ['another family', listed(sample, { family: { afi: 2, safi: 1 } }), /family does not fit/],
  ])('%s', (_what, path, detail) => {
    const read = pathReader()(sample.prefix, path);
    expect(read).toMatchObject({ ours: false });
    expect(read.ours ? '' : read.detail).toMatch(detail);
  });

  test.each([
    ['', /nothing: not-a-prefix/],
    ['<nil>/0', /not-a-prefix/],
    ['203.0.113.1/24', /host-bits/],
    ['203.0.113.0/33', /not-a-prefix/],
    ['2001:db8::/32', /family does not fit/],
  ])('the prefix %j', (text, detail) => {
    const read = pathReader()(text, listed(sample));
    expect(read.ours ? '' : read.detail).toMatch(detail);
  });

  test('a next hop on the link beside the global one', () => {
    const others = attributesOf(v6Sample.attributes).filter((each) => each[1] !== 14);
    const both = reach(Buffer.from([8, 32]), HOP_6, octetsOf(address('fe80::1')));
    const read = pathReader()(v6Sample.prefix, listed(v6Sample, { pattrs_binary: [...others, both] }));
    expect(read.ours ? '' : read.detail).toMatch(/next hop is 2001:db8:1::11 and fe80::1/);
  });

  test('a tag that is asked for', () => {
    expect(strangerTo('64500:1:11', sample)).toBeUndefined();
    expect(strangerTo(undefined, sample)).toBeUndefined();
    expect(strangerTo('64500:1:12', sample)).toMatch(/lacks our large community 64500:1:12/);
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
