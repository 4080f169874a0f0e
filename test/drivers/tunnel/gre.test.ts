import fc from 'fast-check';
import { NO_KEY, readGre, writeKeyedGre, type GreFields } from '../../../src/drivers/tunnel/tun/gre.js';

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

function read(bytes: Buffer, start = 0, end = bytes.length): string {
  const fields: GreFields = { etherType: 0, key: 0, payload: 0 };
  const verdict = readGre(bytes, start, end, fields);
  return verdict === 'good' ? `${fields.etherType.toString(16)} key ${fields.key} at ${fields.payload}` : verdict;
}

describe('a GRE header', () => {
  test.each([
    ['plain IPv4', '0000 0800 45', `800 key ${NO_KEY} at 4`],
    ['plain IPv6', '0000 86dd 60', `86dd key ${NO_KEY} at 4`],
    ['without payload', '0000 0800', `800 key ${NO_KEY} at 4`],
    ['key 42', '2000 0800 0000002a 45', '800 key 42 at 8'],
    ['key 0 is a key', '2000 0800 00000000 45', '800 key 0 at 8'],
    ['the highest key', '2000 0800 ffffffff 45', '800 key 4294967295 at 8'],
    ['sequence number', '1000 0800 00000007 45', `800 key ${NO_KEY} at 8`],
    ['key and sequence number', '3000 0800 0000002a 00000007 45', '800 key 42 at 12'],
    ['checksum that holds', '8000 0800 32ff 0000 4500', `800 key ${NO_KEY} at 8`],
    ['checksum over an odd length', '8000 0800 32ff 0000 45', `800 key ${NO_KEY} at 8`],
    ['checksum, key and sequence number', 'b000 0800 fdc5 0000 0000002a 0000000f 4a00', '800 key 42 at 16'],
    ['reserved bits that a receiver ignores', '03f8 0800 45', `800 key ${NO_KEY} at 4`],
    ['a checksum that does not hold', '8000 0800 1234 0000 4500', 'bad-checksum'],
    ['version 1 (PPTP)', '0001 880b', 'unknown-version'],
    ['version 7', '0007 0800', 'unknown-version'],
    ['routing (RFC 1701)', '4000 0800', 'reserved-bits'],
    ['strict source route (RFC 1701)', '0800 0800', 'reserved-bits'],
    ['bit 5', '0400 0800', 'reserved-bits'],
    ['three bytes', '0000 08', 'truncated'],
    ['a key cut short', '2000 0800 0000', 'truncated'],
    ['nothing', '', 'truncated'],
    ['transparent Ethernet', '0000 6558 00', 'not-ip'],
    ['keepalive', '0000 0000', 'not-ip'],
  ])('%s', (_, hex, expected) => expect(read(bytesOf(hex))).toBe(expected));

  test('is read where it lies, and not beyond its end', () => {
    const packet = bytesOf('4500 4500 2000 0800 0000002a 45');
    expect(read(packet, 4)).toBe('800 key 42 at 12');
    expect(read(packet, 4, 11)).toBe('truncated');
  });

  test('with a key is read back as written', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.constantFrom(0x0800, 0x86dd), (key, etherType) => {
        const packet = Buffer.alloc(12, 0xff);
        writeKeyedGre(packet, 2, etherType, key);
        expect(read(packet, 2)).toBe(`${etherType.toString(16)} key ${key} at 10`);
      }),
    );
  });

  test('of arbitrary bytes never leads outside the packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), fc.nat(32), (bytes, cut) => {
        const fields: GreFields = { etherType: 0, key: 0, payload: 0 };
        const start = Math.min(cut, bytes.length);
        const verdict = readGre(Buffer.from(bytes), start, bytes.length, fields);
        if (verdict === 'good') {
          expect(fields.payload).toBeGreaterThanOrEqual(start + 4);
          expect(fields.payload).toBeLessThanOrEqual(bytes.length);
        }
      }),
    );
  });
});
