import koffi from 'koffi';
import { familyOf, octetsOf, type Address } from '../../model/address.js';
import type { Memory } from '../../ports/syscall.js';

export const AF_INET = 2;
export const AF_INET6 = 10;

/** sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6). */
const SOCKADDR_BYTES = { 4: 16, 6: 28 } as const;

/** V8 may keep the bytes of small typed arrays inside movable objects; those of an ArrayBuffer of its own stay. */
export function allocate(bytes: number): Memory {
  const buffer = new ArrayBuffer(bytes);
  return { bytes: Buffer.from(buffer), address: Number(koffi.address(buffer)) };
}

/** Family in the host's byte order, the port in network order, then the address: netinet/in.h. */
export function socketAddress(address: Address, port = 0): Memory {
  const family = familyOf(address);
  const memory = allocate(SOCKADDR_BYTES[family]);
  new Uint16Array(memory.bytes.buffer, 0, 1)[0] = family === 4 ? AF_INET : AF_INET6;
  memory.bytes.writeUInt16BE(port, 2);
  memory.bytes.set(octetsOf(address), family === 4 ? 4 : 8);
  return memory;
}

/** An int, as most socket options want it. */
export function intMemory(value: number): Memory {
  const memory = allocate(4);
  new Int32Array(memory.bytes.buffer)[0] = value;
  return memory;
}

/** Text with its terminating zero, padded to `bytes`. Throws RangeError when it does not fit. */
export function textMemory(text: string, bytes: number): Memory {
  if (Buffer.byteLength(text) >= bytes) throw new RangeError(`${text}: longer than ${bytes - 1} bytes`);
  const memory = allocate(bytes);
  memory.bytes.write(text);
  return memory;
}
