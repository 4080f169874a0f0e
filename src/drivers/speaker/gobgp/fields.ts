/** Messages field by field, in the encoding of Protocol Buffers: a table is 100,000 of them, and nearly all of what is in them is of no interest, or the same. */
const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** The fields of an encoded message, one after the other, read where they stand. */
export class Fields {
  /** Of the field that `next` has come to. */
  number = 0;
  /** Of a varint; exact up to 2^53. */
  value = 0;
  /** Where the field begins, where what is in it begins, and where both end. */
  header = 0;
  start = 0;
  end = 0;

  constructor(
    private readonly bytes: Buffer,
    start = 0,
    private readonly limit = bytes.length,
  ) {
    this.end = start;
  }

  /** Goes on to the next field; false behind the last. Throws RangeError where none can be. */
  next(): boolean {
    if (this.end >= this.limit) return false;
    this.header = this.end;
    const tag = this.varint();
    this.number = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        this.start = this.end;
        this.value = this.varint();
        break;
      case BYTES: {
        const length = this.varint();
        this.start = this.end;
        this.end += length;
        break;
      }
      case FIXED_64:
      case FIXED_32:
        this.start = this.end;
        this.end += tag % 8 === FIXED_64 ? 8 : 4;
        break;
      default:
        throw new RangeError(`field ${this.number} is of no known kind`);
    }
    if (this.end > this.limit) throw new RangeError(`field ${this.number} ends behind its message`);
    return true;
  }

  /** The field as a message. */
  within(): Fields {
    return new Fields(this.bytes, this.start, this.end);
  }

  /** The field as text. All of GoBGP's that is read so is ASCII. */
  text(): string {
    return this.bytes.toString('latin1', this.start, this.end);
  }

  /** A copy of the field: what is read is not kept. */
  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(this.start, this.end));
  }

  private varint(): number {
    let value = 0;
    for (let unit = 1; this.end < this.limit; unit *= 128) {
      const byte = this.bytes[this.end++] ?? 0;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number ends behind its message');
  }
}

/** What stands before the length of a field with content: bytes, text, a message. */
export const contentTag = (number: number): Uint8Array => varint(number * 8 + BYTES);

export const contentField = (number: number, content: Uint8Array): Buffer =>
  Buffer.concat([contentTag(number), varint(content.length), content]);

/** A field with a number: 0 to 2^53. */
export const numberField = (number: number, value: number): Buffer =>
  Buffer.concat([varint(number * 8 + VARINT), varint(value)]);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80);
  return Uint8Array.from([...bytes, value]);
}
