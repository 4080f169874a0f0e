import fc from 'fast-check';
import { packetBytes, readReply, writeEcho, writeSequence, type EchoReply } from '../../../src/drivers/probe/echo.js';
import { address, type Family } from '../../../src/model/address.js';

type EchoKind = 'request' | 'reply';

const NONCE = Buffer.from('0102030405060708', 'hex');

function echo(source: string, target: string, probe: number, sequence: number, kind: EchoKind = 'request'): Buffer {
  const family: Family = target.includes(':') ? 6 : 4;
  const packet = Buffer.alloc(packetBytes(family));
  writeEcho(packet, { kind, source: address(source), target: address(target) }, NONCE, probe);
  writeSequence(packet, family, sequence);
  return packet;
}

test('an ICMP echo as it stands on the wire', () => {
  expect(echo('198.18.1.11', '198.51.100.66', 7, 0x10002).toString('hex')).toBe(
    [
      '4500000000000000' + '40010000' + 'c612010b' + 'c6336442', // the kernel adds length, id, checksum
      '0800' + 'e6dd' + '0102' + '0002',
      '0102030405060708' + '00000007' + '00010002',
    ].join(''),
  );
});

test('an ICMPv6 echo as it stands on the wire', () => {
  const packet = echo('2001:db8:1::11', '2001:db8:2::1', 7, 2);
  expect(packet.toString('hex', 0, 40)).toBe(
    '6000000000183a40' + '20010db8000100000000000000000011' + '20010db8000200000000000000000001',
  );
  expect(packet.toString('hex', 44)).toBe('01020002' + '0102030405060708' + '0000000700000002');
  const words = Array.from({ length: 28 }, (_, i) => packet.readUInt16BE(8 + 2 * i));
  const sum = words.reduce((total, word) => total + word, 24 + 58);
  expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
});

test.each([
  ['198.18.1.11', '198.18.1.11', 4, 20, 0],
  ['2001:db8:1::11', '2001:db8:1::11', 6, 0, 129],
] as const)('a reply probe of %s is the answer that its own listener reads', (source, target, family, icmp, type) => {
  const packet = echo(source, target, 7, 9, 'reply');
  const received = family === 4 ? packet : packet.subarray(40);
  expect(received[icmp]).toBe(type);
  const fields: EchoReply = { probe: 0, sequence: 0 };
  expect(readReply(received, received.length, family, NONCE, fields)).toBe(true);
  expect(fields).toEqual({ probe: 7, sequence: 9 });
});

/** What the target would send back, as far as a reply is read. */
function replyTo(request: Buffer, family: Family): Buffer {
  const reply = Buffer.from(family === 4 ? request : request.subarray(40));
  reply[family === 4 ? 20 : 0] = family === 4 ? 0 : 129;
  return reply;
}

describe('a reply', () => {
  const fields: EchoReply = { probe: 0, sequence: 0 };
  const v4 = replyTo(echo('198.18.1.11', '198.51.100.66', 7, 9), 4);

  test.each([
    [4, '198.18.1.11', '198.51.100.66'],
    [6, '2001:db8:1::11', '2001:db8:2::1'],
  ] as const)('of IPv%i is read back, whatever the numbers', (family, source, target) => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (probe, sequence) => {
        const reply = replyTo(echo(source, target, probe, sequence), family);
        expect(readReply(reply, reply.length, family, NONCE, fields)).toBe(true);
        expect(fields).toEqual({ probe, sequence });
      }),
    );
  });

  test.each([
    ['with the nonce of another prober', v4, Buffer.from('0102030405060709', 'hex'), v4.length],
    ['cut short', v4, NONCE, v4.length - 1],
    ['that is a request', echo('198.18.1.11', '198.51.100.66', 7, 9), NONCE, v4.length],
    ['of an ordinary ping', Buffer.concat([v4.subarray(0, 28), Buffer.alloc(56, 0x2a)]), NONCE, 84],
    ['that is empty', v4, NONCE, 0],
  ])('%s is not ours', (_, bytes, nonce, length) => {
    expect(readReply(bytes, length, 4, nonce, fields)).toBe(false);
  });

  test('behind IP options is found', () => {
    const long = Buffer.concat([Buffer.from([0x46]), v4.subarray(1, 20), Buffer.alloc(4), v4.subarray(20)]);
    expect(readReply(long, long.length, 4, NONCE, fields)).toBe(true);
  });
});
