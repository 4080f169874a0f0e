import { isIP } from 'node:net';
import fc from 'fast-check';
import {
  address,
  addressFromOctets,
  comparePrefix,
  contains,
  hostPrefix,
  lengthOf,
  octetsOf,
  otherEnd,
  overlaps,
  parseAddress,
  parseInterface,
  parsePrefix,
  prefix,
  prefixOf,
  rangeOf,
} from '../../src/model/address.js';

describe('octets', () => {
  test.each([
    ['192.0.2.1', 'c0000201'],
    ['255.255.255.255', 'ffffffff'],
    ['203.0.113.0/24', 'cb007100'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['2001:db8:acf::/48', '20010db80acf00000000000000000000'],
    ['::', '00000000000000000000000000000000'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['::ffff:192.0.2.0/120', '00000000000000000000ffffc0000200'],
  ])('%s: %s', (text, hex) => {
    const canonical = text.includes('/') ? prefix(text) : address(text);
    expect(Buffer.from(octetsOf(canonical)).toString('hex')).toBe(hex);
  });

  test('an address is what its octets stand for', () => {
    const either = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => address(text));
    fc.assert(fc.property(either, (one) => addressFromOctets(octetsOf(one)) === one));
  });
});

describe('parseAddress', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8::0:1', '2001:db8::1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ])('%s → %s', (text, canonical) => expect(parseAddress(text)).toBe(canonical));

  test.each([
    '',
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '1.2.3.4/24',
    ':',
    ':::',
    '1::2::3',
    'fe80::1%eth0',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    '1.2.3.4::',
    '::1.2.3.4:5',
    ' 1.2.3.4',
    '1:2:3:4:5:6:7::8',
  ])('refuses %j unless the platform reads it too', (text) =>
    expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0 && !text.includes('%')),
  );

  test('agrees with the platform on every address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const parsed = parseAddress(text);
        expect(parsed !== undefined).toBe(isIP(text) !== 0);
        if (parsed) expect(parseAddress(parsed)).toBe(parsed);
      }),
    );
  });
});

describe('parsePrefix', () => {
  test.each([
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['203.0.113.1/24', 'host-bits'],
    ['203.0.113.0/33', 'not-a-prefix'],
    ['203.0.113.0/024', 'not-a-prefix'],
    ['203.0.113.0', 'not-a-prefix'],
    ['', 'not-a-prefix'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:acf::/48', '2001:db8:acf::/48'],
    ['2001:db8:acf::1/48', 'host-bits'],
    ['::/129', 'not-a-prefix'],
    ['203.0.113.0/', 'not-a-prefix'],
    ['203.0.113./24', 'not-a-prefix'],
    ['203.0.113.0.0/24', 'not-a-prefix'],
    ['203.0.113.00/24', 'not-a-prefix'],
    ['203.0.256.0/24', 'not-a-prefix'],
    ['203.0.113.0/24/24', 'not-a-prefix'],
    [' 203.0.113.0/24', 'not-a-prefix'],
    ['203.0.113.0/2x', 'not-a-prefix'],
  ])('%s → %s', (text, result) => expect(parsePrefix(text)).toBe(result));

  test('says what its parts say, however the text is made', () => {
    const part = fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '0', '00', '01', '255', 'x', '-1', ' 1', '1e1'));
    const text = fc.tuple(fc.array(part, { minLength: 3, maxLength: 5 }), part);
    fc.assert(
      fc.property(text, ([octets, length]) => {
        const whole = `${octets.join('.')}/${length}`;
        const parsed = parseInterface(whole);
        const expected = !parsed ? 'not-a-prefix' : parsed.network === whole ? whole : 'host-bits';
        expect(parsePrefix(whole)).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('containment and overlap', () => {
  expect(contains(prefix('203.0.113.0/24'), address('203.0.113.255'))).toBe(true);
  expect(contains(prefix('203.0.113.0/24'), address('203.0.114.0'))).toBe(false);
  expect(contains(prefix('0.0.0.0/0'), prefix('::/0'))).toBe(false);
  expect(contains(prefix('203.0.113.0/25'), prefix('203.0.113.0/24'))).toBe(false);
  expect(overlaps(prefix('203.0.113.0/25'), prefix('203.0.113.0/24'))).toBe(true);
  expect(hostPrefix(address('2001:db8::1'))).toBe('2001:db8::1/128');
});

test.each([
  ['10.255.0.0/31', '10.255.0.1'],
  ['10.255.0.1/31', '10.255.0.0'],
  ['10.255.0.1/30', '10.255.0.2'],
  ['10.255.0.0/30', undefined],
  ['10.255.0.1/29', undefined],
  ['2001:db8::/127', '2001:db8::1'],
])('other end of %s is %s', (text, end) => expect(otherEnd(parseInterface(text)!)).toBe(end));

test('order: family, address, length', () => {
  const sorted = ['2001:db8::/32', '10.0.0.0/16', '9.0.0.0/8', '10.0.0.0/8'].map(prefix).sort(comparePrefix);
  expect(sorted).toEqual(['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/16', '2001:db8::/32']);
});

/** Few leading bits, so that they meet. */
const anyPrefix = fc.oneof(
  fc.tuple(fc.constantFrom('10.1.2.3', '10.1.3.255', '255.255.255.255', '0.0.0.0', '10.1.2.128'), fc.nat(32)),
  fc.tuple(
    fc.constantFrom('2001:db8::1', '2001:db8:0:1:8000::', '::', '::ffff:10.1.2.3', 'ffff:ffff::', '1:2:3:4:5:6:7:8'),
    fc.nat(128),
  ),
  fc.tuple(fc.ipV4(), fc.nat(32)),
  fc.tuple(fc.ipV6(), fc.nat(128)),
);
const parsed = anyPrefix.map(([text, length]) => prefixOf(address(text), length));

test('comparing agrees with the numbers that addresses are', () => {
  fc.assert(
    fc.property(parsed, parsed, (a, b) => {
      const [x, y] = [rangeOf(a), rangeOf(b)];
      const isSameFamily = a.includes(':') === b.includes(':');
      expect(contains(a, b)).toBe(isSameFamily && x.first <= y.first && y.last <= x.last);
      expect(contains(a, hostPrefix(address(b.split('/')[0]!)))).toBe(
        isSameFamily && x.first <= y.first && y.first <= x.last,
      );
      expect(contains(a, address(b.split('/')[0]!))).toBe(isSameFamily && x.first <= y.first && y.first <= x.last);
      if (!isSameFamily) return;
      const byNumber = x.first < y.first ? -1 : x.first > y.first ? 1 : lengthOf(a) - lengthOf(b);
      expect(Math.sign(comparePrefix(a, b))).toBe(Math.sign(byNumber));
    }),
    { numRuns: 2_000 },
  );
});
