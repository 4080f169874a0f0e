import { parseAddress, parseInterface, type Address, type InterfaceAddress } from '../../../model/address.js';
import { KernelError } from '../../../ports/kernel.js';
import type { Exec } from '../../../ports/exec.js';
import type { Ends } from './tunnel.js';

/** A tunnel whose inside is in the namespace where tund runs: a customer's router without ip_gre. */
export interface StaticTunnel extends Ends {
  readonly name: string;
  /** Of the inner packet. */
  readonly mtu: number;
  readonly addresses: readonly InterfaceAddress[];
}

const EXAMPLE = 'name=gre1,local=198.51.100.66,remote=192.0.2.1,mtu=1476,address=10.255.0.1/31';
/** RFC 2784 needs 24 bytes of a 1,500-byte path. */
const DEFAULT_MTU = 1476;

/** Parses `name=…,local=…,remote=…[,key=N][,mtu=N][,address=A/L]…`. Throws TypeError with what is wrong. */
export function parseStaticTunnel(text: string): StaticTunnel {
  const wrong = (what: string): TypeError => new TypeError(`--static ${text}: ${what}; write for example ${EXAMPLE}`);
  const given = new Map<string, string[]>();
  for (const part of text.split(',')) {
    const [name = '', value] = part.split(/=(.*)/s);
    if (value === undefined || !KNOWN.has(name))
      throw wrong(`${JSON.stringify(part)} is none of ${[...KNOWN].join(', ')}`);
    given.set(name, [...(given.get(name) ?? []), value]);
  }
  const one = (name: string): string | undefined => {
    const values = given.get(name) ?? [];
    if (values.length > 1) throw wrong(`${name} stands there twice`);
    return values[0];
  };
  const whole = (name: string, from: number, to: number): number | undefined => {
    const value = one(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,10}$/.test(value) || Number(value) < from || Number(value) > to)
      throw wrong(`${name} is not ${from} to ${to}`);
    return Number(value);
  };
  const v4 = (name: string): Address => {
    const value = parseAddress(one(name) ?? '');
    if (value === undefined || value.includes(':')) throw wrong(`${name} is not an IPv4 address`);
    return value;
  };
  const name = one('name') ?? '';
  if (!/^[^\s/:%]{1,15}$/.test(name)) throw wrong('name is not a device name of 1 to 15 characters');
  const key = whole('key', 0, 0xffffffff);
  const addresses = (given.get('address') ?? []).map((value) => {
    const parsed = parseInterface(value);
    if (parsed === undefined) throw wrong(`address ${value} is not address/length`);
    return parsed;
  });
  const mtu = whole('mtu', 68, 65_507) ?? DEFAULT_MTU;
  return { name, local: v4('local'), remote: v4('remote'), ...(key !== undefined && { key }), mtu, addresses };
}

const KNOWN = new Set(['name', 'local', 'remote', 'key', 'mtu', 'address']);

/** Brings the devices up with MTU and addresses. Rejects with `KernelError`. */
export async function bringUp(exec: Exec, tunnels: readonly StaticTunnel[]): Promise<void> {
  const lines = tunnels.flatMap(({ name, mtu, addresses }) => [
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} mtu ${mtu} up`,
    ...addresses.map(({ address, length }) => `address add ${address}/${length} dev ${name}`),
  ]);
  const { code, stderr } = await exec.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  if (code !== 0) throw new KernelError('failed', `ip -batch: ${stderr.trim()}`);
}
