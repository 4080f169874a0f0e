import fc from 'fast-check';
import { host, readAttributes, readFields, writeAttributes } from '../../../src/drivers/netlink/attributes.js';
import { reasonOf } from '../../reason-of.js';

const LARGEST_TYPE = 0x3fff;
const NLA_F_NESTED = 0x8000;
const NLA_F_NET_BYTEORDER = 0x4000;

const anyType = fc.integer({ min: 0, max: LARGEST_TYPE });
const anyValue = fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes));
const anyAttributes = fc.uniqueArray(fc.tuple(anyType, anyValue), { selector: ([type]) => type, maxLength: 20 });

const hex = (...bytes: readonly number[]): Buffer => Buffer.from(bytes);
/** Of one attribute, as it would stand in a message. */
const holding = (value: Buffer) => readAttributes(writeAttributes([[7, value]]));
const hostU16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  host.writeU16(bytes, value, 0);
  return bytes;
};
const hostU32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  host.writeU32(bytes, value, 0);
  return bytes;
};

describe('attributes', () => {
  test('what is written is read; each starts at a multiple of four', () => {
    fc.assert(
      fc.property(anyAttributes, (attributes) => {
        const bytes = writeAttributes(attributes);
        expect(bytes.length % 4).toBe(0);
        const read = readAttributes(bytes);
        for (const [type, value] of attributes) expect(read.bytes(type)).toEqual(value);
      }),
    );
  });

  test('attributes nest', () => {
    fc.assert(
      fc.property(anyType, anyAttributes, (outer, attributes) => {
        const inner = readAttributes(writeAttributes([[outer, writeAttributes(attributes)]])).nested(outer);
        for (const [type, value] of attributes) expect(inner?.bytes(type)).toEqual(value);
      }),
    );
  });

  test('a message that is cut anywhere is read up to there, or refused', () => {
    fc.assert(
      fc.property(anyAttributes, fc.nat(), (attributes, cut) => {
        const whole = writeAttributes(attributes);
        const part = whole.subarray(0, cut % (whole.length + 1));
        if (reasonOf(() => readAttributes(part)) === 'unreadable') return;
        const read = readAttributes(part);
        for (const [type, value] of attributes) expect([undefined, value]).toContainEqual(read.bytes(type));
      }),
    );
  });

  test('garbage is read as something, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect([undefined, 'unreadable']).toContain(reasonOf(() => readAttributes(Buffer.from(bytes))));
      }),
    );
  });

  test.each([
    ['shorter than its own header', Buffer.concat([hostU16(3), hostU16(1)])],
    ['of no length', Buffer.concat([hostU16(0), hostU16(1)])],
    ['that runs past the message', Buffer.concat([hostU16(9), hostU16(1), hostU32(0)])],
  ])('an attribute %s is refused', (_, bytes) => {
    expect(() => readAttributes(bytes)).toThrow('netlink: an attribute runs past its message');
  });

  test('flags are no part of the type', () => {
    const read = readAttributes(
      writeAttributes([
        [NLA_F_NESTED | 5, hex(1)],
        [NLA_F_NET_BYTEORDER | 6, hex(2)],
      ]),
    );
    expect([read.bytes(5), read.bytes(6)]).toEqual([hex(1), hex(2)]);
  });

  test('of one that is repeated the last counts', () => {
    const read = readAttributes(
      writeAttributes([
        [1, hex(1)],
        [1, hex(2)],
      ]),
    );
    expect(read.bytes(1)).toEqual(hex(2));
  });

  test('what is not there is undefined, in every form', () => {
    const none = readAttributes(Buffer.alloc(0));
    const forms = [none.bytes(1), none.number(1), none.networkNumber(1), none.text(1), none.nested(1), none.fields(1)];
    expect(forms.every((form) => form === undefined)).toBe(true);
  });

  test('numbers have the size of their attribute', () => {
    expect(holding(hex(200)).number(7)).toBe(200);
    expect(holding(hostU16(0xfedc)).number(7)).toBe(0xfedc);
    expect(holding(hostU32(0xfedcba98)).number(7)).toBe(0xfedcba98);
    for (const length of [0, 3, 5, 8])
      expect(reasonOf(() => holding(Buffer.alloc(length)).number(7))).toBe('unreadable');
  });

  test('numbers in network byte order have up to 64 bits', () => {
    expect(holding(hex(0xfe)).networkNumber(7)).toBe(0xfe);
    expect(holding(hex(0xfe, 0xdc)).networkNumber(7)).toBe(0xfedc);
    expect(holding(hex(0xfe, 0xdc, 0xba, 0x98)).networkNumber(7)).toBe(0xfedcba98);
    expect(holding(hex(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).networkNumber(7)).toBe(Number.MAX_SAFE_INTEGER);
    for (const length of [0, 5, 9])
      expect(reasonOf(() => holding(Buffer.alloc(length)).networkNumber(7))).toBe('unreadable');
  });

  test('text ends at the zero, or where the attribute ends', () => {
    expect(holding(Buffer.from('cv-acme\0')).text(7)).toBe('cv-acme');
    expect(holding(Buffer.from('cv-acme')).text(7)).toBe('cv-acme');
    expect(holding(Buffer.from('cv\0acme\0')).text(7)).toBe('cv');
    expect(holding(Buffer.alloc(0)).text(7)).toBe('');
  });
});

describe('structures', () => {
  test('fields by offset', () => {
    const fields = readFields(Buffer.concat([hex(7), hex(0), hostU16(0xfedc), hostU32(0xfedcba98)]));
    expect([fields.length, fields.u8(0), fields.u16(2), fields.u32(4)]).toEqual([8, 7, 0xfedc, 0xfedcba98]);
  });

  test('nothing is read past the end', () => {
    const fields = readFields(Buffer.alloc(4));
    expect(fields.u32(0)).toBe(0);
    for (const read of [() => fields.u8(4), () => fields.u16(3), () => fields.u32(1)])
      expect(reasonOf(read)).toBe('unreadable');
  });
});
