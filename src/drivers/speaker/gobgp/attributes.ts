/** Path attributes as they stand in an UPDATE (RFC 4271 4.3), as far as ours have them. */
import { type Address, addressFromOctets } from '../../../model/address.js';

interface Segment {
  readonly type: number;
  readonly numbers: readonly number[];
}

/** By their names in the RFCs. */
export interface Attributes {
  readonly ORIGIN: number;
  readonly AS_PATH: readonly Segment[];
  readonly NEXT_HOP: readonly Address[];
  readonly MULTI_EXIT_DISC: number;
  readonly LOCAL_PREF: number;
  readonly COMMUNITIES: readonly number[];
  /** Its next hops alone. */
  readonly MP_REACH_NLRI: readonly Address[];
  readonly LARGE_COMMUNITY: readonly (readonly [number, number, number])[];
}

type Name = keyof Attributes;

/** Type codes: RFC 4271 5.1, RFC 1997, RFC 4760 3, RFC 8092 3. */
const NAMES: ReadonlyMap<number, Name> = new Map([
  [1, 'ORIGIN'],
  [2, 'AS_PATH'],
  [3, 'NEXT_HOP'],
  [4, 'MULTI_EXIT_DISC'],
  [5, 'LOCAL_PREF'],
  [8, 'COMMUNITIES'],
  [14, 'MP_REACH_NLRI'],
  [32, 'LARGE_COMMUNITY'],
]);

const READERS: { readonly [N in Name]: (value: Buffer) => Attributes[N] } = {
  ORIGIN: (value) => sized(value, 1).readUInt8(),
  AS_PATH: segmentsIn,
  NEXT_HOP: addressesIn,
  MULTI_EXIT_DISC: (value) => sized(value, 4).readUInt32BE(),
  LOCAL_PREF: (value) => sized(value, 4).readUInt32BE(),
  COMMUNITIES: numbersIn,
  MP_REACH_NLRI: nextHopsIn,
  LARGE_COMMUNITY: triplesIn,
};

/** Flags, and their bit for a length of two octets. */
const EXTENDED_LENGTH = 0x10;

/** Those of one path by name. Throws RangeError where bytes are not what they should be, or are none of ours: it completes "this path …". */
export function readAttributes(all: readonly Buffer[]): Partial<Attributes> {
  const found: Partial<Record<Name, unknown>> = {};
  for (const attribute of all) {
    const [flags = 0, code = 0] = attribute;
    const name = NAMES.get(code);
    if (!name) throw new RangeError(`carries a path attribute of type ${code}`);
    if (name in found) throw new RangeError(`carries ${name} twice`);
    found[name] = readValue(name, attribute, (flags & EXTENDED_LENGTH) === 0 ? 1 : 2);
  }
  // Each name was stored with what its own reader made of it.
  return found as Partial<Attributes>;
}

function readValue(name: Name, attribute: Buffer, lengthOctets: 1 | 2): unknown {
  try {
    const start = 2 + lengthOctets;
    return READERS[name](sized(attribute.subarray(start), attribute.readUIntBE(2, lengthOctets)));
  } catch (error) {
    throw new RangeError(`has ${name} that does not decode: ${String(error)}`, { cause: error });
  }
}

function sized(value: Buffer, length: number): Buffer {
  if (value.length !== length) throw new RangeError(`${value.length} octets, not ${length}`);
  return value;
}

/** RFC 4271 4.3 b, with the four octets of RFC 6793. */
function segmentsIn(value: Buffer): readonly Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at < value.length;) {
    const [type, count] = [value.readUInt8(at), value.readUInt8(at + 1)];
    const end = at + 2 + 4 * count;
    segments.push({ type, numbers: numbersIn(sized(value.subarray(at + 2, end), 4 * count)) });
    at = end;
  }
  return segments;
}

function numbersIn(value: Buffer): readonly number[] {
  const count = Math.floor(value.length / 4);
  sized(value, 4 * count);
  return Array.from({ length: count }, (_, at) => value.readUInt32BE(4 * at));
}

/** RFC 8092 3. */
function triplesIn(value: Buffer): Attributes['LARGE_COMMUNITY'] {
  const numbers = numbersIn(value);
  const count = Math.floor(numbers.length / 3);
  sized(value, 12 * count);
  return Array.from({ length: count }, (_, at) => {
    const [global = 0, first = 0, second = 0] = numbers.slice(3 * at, 3 * at + 3);
    return [global, first, second];
  });
}

function addressesIn(value: Buffer): readonly Address[] {
  // RFC 2545 3: a global address, and one of the link behind it.
  const parts = value.length === 32 ? [value.subarray(0, 16), value.subarray(16)] : [value];
  return parts.map((octets) => {
    const address = addressFromOctets(octets);
    if (!address) throw new RangeError(`${octets.length} octets are no address`);
    return address;
  });
}

/** RFC 4760 3: address family, subsequent one, length of the next hop, next hop; a reserved octet and the prefixes. */
const REACH_HEADER = 4;

function nextHopsIn(value: Buffer): readonly Address[] {
  const length = value.readUInt8(REACH_HEADER - 1);
  return addressesIn(sized(value.subarray(REACH_HEADER, REACH_HEADER + length), length));
}
