import type { Address, Prefix } from '../model/address.js';

const ADDRESS = /^[0-9a-f:.]+(\/[0-9]{1,3})?$/;

/** An address or prefix in canonical text: one token in every language that is rendered. Throws TypeError on anything else. */
export function addressText(text: Address | Prefix): string {
  if (!ADDRESS.test(text)) throw new TypeError(`not an address: ${JSON.stringify(text)}`);
  return text;
}
