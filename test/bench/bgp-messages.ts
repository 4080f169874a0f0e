/** As much of BGP-4 (RFC 4271) as a receiver needs that only listens to IPv4 unicast. */
export const MESSAGE = { open: 1, update: 2, notification: 3, keepalive: 4 } as const;

const HEADER = 19;
const LONGEST = 4096;
const COMMUNITIES = 8;
const EXTENDED_LENGTH = 0x10;
const GRACEFUL_SHUTDOWN = 0xffff_0000;

export interface Message {
  readonly type: number;
  readonly body: Buffer;
}

/** The whole messages at the start of `bytes`, and what is left. Throws when it is not BGP. */
export function messagesIn(bytes: Buffer): { readonly messages: readonly Message[]; readonly rest: Buffer } {
  const messages: Message[] = [];
  let at = 0;
  while (bytes.length - at >= HEADER) {
    const length = bytes.readUInt16BE(at + 16);
    if (length < HEADER || length > LONGEST) throw new Error(`a BGP message of ${length} bytes`);
    if (bytes.length - at < length) break;
    messages.push({ type: bytes.readUInt8(at + 18), body: bytes.subarray(at + HEADER, at + length) });
    at += length;
  }
  return { messages, rest: bytes.subarray(at) };
}

export function message(type: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER, 0xff);
  header.writeUInt16BE(HEADER + body.length, 16);
  header.writeUInt8(type, 18);
  return Buffer.concat([header, body]);
}

/** IPv4 unicast (RFC 4760) and four-octet AS numbers (RFC 6793); `hold` in seconds. */
export function open(asn: number, routerId: readonly number[], hold: number): Buffer {
  const multiprotocol = [1, 4, 0, 1, 0, 1];
  const fourOctets = [65, 4, asn >>> 24, (asn >>> 16) & 0xff, (asn >>> 8) & 0xff, asn & 0xff];
  const capabilities = [...multiprotocol, ...fourOctets];
  const optional = [2, capabilities.length, ...capabilities];
  const fixed = [4, (asn >>> 8) & 0xff, asn & 0xff, hold >>> 8, hold & 0xff, ...routerId, optional.length];
  return message(MESSAGE.open, Buffer.from([...fixed, ...optional]));
}

export interface Update {
  readonly withdrawn: readonly string[];
  readonly announced: readonly string[];
  /** They carry GRACEFUL_SHUTDOWN (RFC 8326). */
  readonly degraded: boolean;
}

export function updateIn(body: Buffer): Update {
  const withdrawnLength = body.readUInt16BE(0);
  const attributesAt = 2 + withdrawnLength;
  const attributesLength = body.readUInt16BE(attributesAt);
  const announcedAt = attributesAt + 2 + attributesLength;
  return {
    withdrawn: prefixesIn(body.subarray(2, attributesAt)),
    announced: prefixesIn(body.subarray(announcedAt)),
    degraded: shutsDown(body.subarray(attributesAt + 2, announcedAt)),
  };
}

function prefixesIn(bytes: Buffer): readonly string[] {
  const prefixes: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt8(at);
    const octets = Math.ceil(length / 8);
    const address = [0, 1, 2, 3].map((n) => (n < octets ? bytes.readUInt8(at + 1 + n) : 0));
    prefixes.push(`${address.join('.')}/${length}`);
    at += 1 + octets;
  }
  return prefixes;
}

function shutsDown(attributes: Buffer): boolean {
  for (let at = 0; at < attributes.length;) {
    const extended = (attributes.readUInt8(at) & EXTENDED_LENGTH) !== 0;
    const length = extended ? attributes.readUInt16BE(at + 2) : attributes.readUInt8(at + 2);
    const value = at + (extended ? 4 : 3);
    if (attributes.readUInt8(at + 1) === COMMUNITIES) {
      for (let n = value; n < value + length; n += 4) if (attributes.readUInt32BE(n) === GRACEFUL_SHUTDOWN) return true;
    }
    at = value + length;
  }
  return false;
}
