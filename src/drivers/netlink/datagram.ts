import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Bytes. Of the dumps only those of very many routes have datagrams that are longer. */
const SHORT = 8_192;

/**
 * The bytes of one datagram, held for as long as the kernel says the same. A
 * dump of routes repeats nearly the same over and over, and is packed to some
 * thirtieth: it is asked for often, and read only when it has changed.
 */
export class Datagram {
  private readonly packed: Buffer;
  private readonly digest: Buffer | undefined;

  /** Copies what it keeps. */
  constructor(bytes: Buffer) {
    const isShort = bytes.length <= SHORT;
    this.digest = isShort ? undefined : digestOf(bytes);
    // What zlib returns is a part of a larger buffer.
    this.packed = Buffer.from(isShort ? bytes : deflateRawSync(bytes, { level: 1 }));
  }

  says(bytes: Buffer): boolean {
    return this.digest ? this.digest.equals(digestOf(bytes)) : this.packed.equals(bytes);
  }

  get bytes(): Buffer {
    return this.digest ? inflateRawSync(this.packed) : this.packed;
  }
}

const digestOf = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
