/** What may stand in a router's configuration: each function throws on anything that a router could read as more than one token. */
import type { Vendor } from '../../model/vendor.js';

/** A name of the fleet, `config/named.ts`. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function nameText(name: string): string {
  if (!NAME.test(name)) throw new TypeError(`not a name: ${JSON.stringify(name)}`);
  return name;
}

/** RFC 6793: four octets. */
export function asnText(asn: number): number {
  if (!Number.isInteger(asn) || asn < 1 || asn > 0xffffffff) throw new RangeError(`not an AS number: ${asn}`);
  return asn;
}

const PASSWORD = /^[\x21-\x7e]{1,80}$/;

/** Throws TypeError with a remedy on a key that the vendor's configuration cannot hold: BIRD's texts end at a quote and know no escape. */
export function passwordText(password: string, whose: string, vendor: Vendor): string {
  if (!PASSWORD.test(password)) throw new TypeError(`not a password: that of ${whose}`);
  if (vendor === 'bird' && password.includes('"')) {
    throw new TypeError(`BIRD can hold no password with a double quote; give ${whose} another one`);
  }
  return password;
}
