/** Links and their addresses: linux/if_link.h, linux/if_tunnel.h, linux/if_addr.h. */
import type { Address } from '../../model/address.js';
import type { NetlinkAttributes, NetlinkMessage, NetlinkMessages, NetlinkRequest } from '../../ports/netlink.js';
import type { Gre, Interface, InterfaceAddress } from '../../ports/rtnetlink.js';
import { addressIn, AF_INET6, headerOf, must, u32, unreadable } from './words.js';

const RTM_GETLINK = 18;
const RTM_GETADDR = 22;

const IFF_UP = 0x1;
const IFF_LOWER_UP = 0x1_0000;

const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_AF_SPEC = 26;
const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;

const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;

const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;

/** Leaves the counters out, which are most of the message. */
const RTEXT_FILTER_SKIP_STATS = 1 << 3;

const IFLA_GRE_IFLAGS = 2;
const IFLA_GRE_OFLAGS = 3;
const IFLA_GRE_IKEY = 4;
const IFLA_GRE_OKEY = 5;
const IFLA_GRE_LOCAL = 6;
const IFLA_GRE_REMOTE = 7;
/** In network byte order. */
const GRE_KEY = 0x2000;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;

/** Headers are `struct ifinfomsg` and `struct ifaddrmsg`. */
export const LINK_DUMP: NetlinkRequest = {
  type: RTM_GETLINK,
  dump: true,
  header: headerOf(16),
  attributes: [[IFLA_EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS)]],
};
export const ADDRESS_DUMP: NetlinkRequest = { type: RTM_GETADDR, dump: true, header: headerOf(8) };

/** In the same place in both headers. */
const indexOf = ({ header }: NetlinkMessage): number => header.u32(4);

/** Every namespace has a loopback: a dump without links is none. */
export function interfacesFrom(links: NetlinkMessages, addresses: NetlinkMessages): readonly Interface[] {
  const byIndex = new Map<number, InterfaceAddress[]>();
  for (const message of addresses) {
    const index = indexOf(message);
    const known = byIndex.get(index);
    if (known) known.push(...addressFrom(message));
    else byIndex.set(index, [...addressFrom(message)]);
  }
  const found = Array.from(links, (link) => ({ ...linkFrom(link), addresses: byIndex.get(indexOf(link)) ?? [] }));
  if (found.length === 0) throw unreadable('a dump of links without any');
  return found;
}

/** Device names by index, as a text that is the same for the same names: much else about a link changes by itself. */
export const namesFrom = (links: NetlinkMessages): string =>
  JSON.stringify(Array.from(links, (link) => [indexOf(link), nameOf(link)]));

export const namesIn = (text: string): ReadonlyMap<number, string> => new Map(JSON.parse(text) as [number, string][]);

const nameOf = ({ attributes }: NetlinkMessage): string => must(attributes.text(IFLA_IFNAME), 'a link’s name');

function linkFrom(link: NetlinkMessage): Omit<Interface, 'addresses'> {
  const { header, attributes } = link;
  const flags = header.u32(8);
  const alias = attributes.text(IFLA_IFALIAS);
  const info = attributes.nested(IFLA_LINKINFO);
  const kind = info?.text(IFLA_INFO_KIND);
  const data = info?.nested(IFLA_INFO_DATA);
  const peer = attributes.number(IFLA_LINK);
  const netnsid = attributes.number(IFLA_LINK_NETNSID);
  const mode = attributes.nested(IFLA_AF_SPEC)?.nested(AF_INET6)?.number(IFLA_INET6_ADDR_GEN_MODE);
  return {
    index: indexOf(link),
    name: nameOf(link),
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    mtu: must(attributes.number(IFLA_MTU), 'a link’s MTU'),
    ...(alias !== undefined && { alias }),
    ...(kind !== undefined && { kind }),
    ...(kind === 'gre' && data && { gre: greFrom(data) }),
    ...(peer !== undefined && { peer: { index: peer, ...(netnsid !== undefined && { netnsid }) } }),
    makesAddresses: mode !== IN6_ADDR_GEN_MODE_NONE,
  };
}

/** Open ends are 0.0.0.0; a key counts when its flag is set. */
function greFrom(data: NetlinkAttributes): Gre {
  const end = (type: number): Address | undefined => {
    const address = addressIn(data, type);
    return address === '0.0.0.0' ? undefined : address;
  };
  const key = (flags: number, type: number): number | undefined =>
    ((data.networkNumber(flags) ?? 0) & GRE_KEY) === 0 ? undefined : data.networkNumber(type);
  const [local, remote] = [end(IFLA_GRE_LOCAL), end(IFLA_GRE_REMOTE)];
  const [inputKey, outputKey] = [key(IFLA_GRE_IFLAGS, IFLA_GRE_IKEY), key(IFLA_GRE_OFLAGS, IFLA_GRE_OKEY)];
  return {
    ...(local !== undefined && { local }),
    ...(remote !== undefined && { remote }),
    ...(inputKey !== undefined && { inputKey }),
    ...(outputKey !== undefined && { outputKey }),
  };
}

/** On a point-to-point link IFA_ADDRESS is the other end's. */
function addressFrom({ header, attributes }: NetlinkMessage): readonly InterfaceAddress[] {
  const address = addressIn(attributes, IFA_LOCAL) ?? addressIn(attributes, IFA_ADDRESS);
  const label = attributes.text(IFA_LABEL);
  if (address === undefined) return [];
  return [{ address, length: header.u8(1), ...(label !== undefined && { label }) }];
}
