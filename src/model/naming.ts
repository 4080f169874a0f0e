/**
 * Names of kernel objects, derived from the fleet's names and from nothing
 * else, so that every process finds the same object without remembering.
 */

/** IFNAMSIZ - 1, linux/if.h. */
const MAX_DEVICE = 15;

/** The default network namespace, where the uplinks live. */
export const DEFAULT_NETNS = '';

/** Firewall table in every namespace; whatever else nft holds is foreign. */
export const NFT_TABLE = 'culvert';

/** Inside end of the veth pair, in the customer's namespace. */
export const EDGE_DEVICE = 'edge0';

/** Written to the alias of the namespace's loopback and of the outer veth: by it we know our own. */
export const ownerAlias = (customer: string): string => `culvert:${customer}`;

/** The customer behind an alias that we wrote; `undefined` for foreign ones. */
export const ownerOf = (alias: string | undefined): string | undefined =>
  alias?.startsWith('culvert:') ? alias.slice('culvert:'.length) : undefined;

const UTF8 = new TextEncoder();
/** Up to here one code unit is one byte. */
const LAST_ASCII = 0x7f;

/** FNV-1a, 32 bit: spreads names over numbers and suffixes; no secret depends on it. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > LAST_ASCII) return ofBytes(UTF8.encode(text));
    hash = Math.imul(hash ^ unit, 0x01000193);
  }
  return hash >>> 0;
}

function ofBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A text of at most `most` characters: one that is too long keeps its head and gets six characters of hash of `name`. */
export function shortened(plain: string, most: number, name: string): string {
  if (plain.length <= most) return plain;
  const hash = fnv1a(name).toString(36).padStart(7, '0').slice(-6);
  return `${plain.slice(0, most - hash.length)}${hash}`;
}

/** `gre-` + `us` → `gre-us`. */
const device = (prefix: string, name: string): string => shortened(`${prefix}${name}`, MAX_DEVICE, name);

export const netnsOf = (customer: string): string => `cv-${customer}`;
/** Outer end of the veth pair, in the default namespace. */
export const vethOf = (customer: string): string => device('cv-', customer);
/** Tunnel device, in the customer's namespace. */
export const tunnelDeviceOf = (tunnel: string): string => device('gre-', tunnel);

/** File of a setting such as `net.ipv4.ip_forward`. As sysctl(8): dots separate, and a slash stands for a dot within a device's name. */
export const sysctlPath = (key: string): string =>
  `/proc/sys/${key.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'))}`;
