/** Routes, rules and nexthop objects: linux/rtnetlink.h, linux/fib_rules.h, linux/nexthop.h. */
import { addressFromOctets, type Address, type Family } from '../../model/address.js';
import type { GroupMember, Hashing } from '../../model/kernel.js';
import type {
  NetlinkAttributes,
  NetlinkFields,
  NetlinkMessage,
  NetlinkMessages,
  NetlinkRequest,
} from '../../ports/netlink.js';
import type { Nexthop, Route, Rule } from '../../ports/rtnetlink.js';
import { addressIn, destinationIn, familyFrom, familyNumber, headerOf, must, unreadable } from './words.js';

const RTM_GETROUTE = 26;
const RTM_GETRULE = 34;
const RTM_GETNEXTHOP = 106;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_TABLE = 15;
const RTA_VIA = 18;
const RTA_NH_ID = 30;

const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_PROTOCOL = 21;

const NHA_ID = 1;
const NHA_GROUP = 2;
const NHA_GROUP_TYPE = 3;
const NHA_OIF = 5;
const NHA_GATEWAY = 6;
const NHA_RES_GROUP = 12;

const NEXTHOP_GRP_TYPE_MPATH = 0;
const NEXTHOP_GRP_TYPE_RES = 1;

const NHA_RES_GROUP_BUCKETS = 1;
const NHA_RES_GROUP_IDLE_TIMER = 2;
const NHA_RES_GROUP_UNBALANCED_TIMER = 3;

/** Timers are in clock_t: the same everywhere (asm/param.h). */
const USER_HZ = 100;

/** `struct nexthop_grp`: id, weight less one, its upper byte since Linux 6.12, two bytes reserved. */
const GROUP_MEMBER_BYTES = 8;

/** A mark without a mask is compared in full. */
const FULL_MASK = 0xffffffff;

/** `struct rtmsg`; the kernel leaves out what is not of this protocol. */
export function routeDump(family: Family, protocol: number): NetlinkRequest {
  const header = headerOf(12, familyNumber(family));
  header.writeUInt8(protocol, 5);
  return { type: RTM_GETROUTE, dump: true, header };
}

/** `struct fib_rule_hdr`. */
export const ruleDump = (family: Family): NetlinkRequest => ({
  type: RTM_GETRULE,
  dump: true,
  header: headerOf(12, familyNumber(family)),
});

/** `struct nhmsg`. */
export const NEXTHOP_DUMP: NetlinkRequest = { type: RTM_GETNEXTHOP, dump: true, header: headerOf(8) };

type Names = ReadonlyMap<number, string>;

/** A kernel that does not filter sends all protocols. */
export function routesFrom(messages: NetlinkMessages, protocol: number, names: Names): readonly Route[] {
  const routes: Route[] = [];
  for (const message of messages) if (message.header.u8(5) === protocol) routes.push(routeFrom(message, names));
  return routes;
}

function routeFrom({ header, attributes }: NetlinkMessage, names: Names): Route {
  const family = must(familyFrom(header.u8(0)), 'a route’s family');
  const metric = attributes.number(RTA_PRIORITY);
  const nexthop = attributes.number(RTA_NH_ID);
  const via = addressIn(attributes, RTA_GATEWAY) ?? viaIn(attributes);
  const source = addressIn(attributes, RTA_PREFSRC);
  return {
    family,
    table: attributes.number(RTA_TABLE) ?? header.u8(4),
    destination: destinationIn(attributes, RTA_DST, family, header.u8(1)),
    type: header.u8(7),
    ...(metric !== undefined && { metric }),
    ...(nexthop !== undefined && { nexthop }),
    ...deviceIn(attributes, RTA_OIF, names),
    ...(via !== undefined && { via }),
    ...(source !== undefined && { source }),
  };
}

/** `struct rtvia`: family, address; a gateway of the other family (RFC 5549). */
function viaIn(attributes: NetlinkAttributes): Address | undefined {
  const via = attributes.bytes(RTA_VIA);
  return via && must(addressFromOctets(via.subarray(2)), 'the family of a gateway');
}

/** A device that went while we read has no name any more; the next look will not find the route. */
function deviceIn(attributes: NetlinkAttributes, type: number, names: Names): { readonly device?: string } {
  const index = attributes.number(type);
  const device = index === undefined ? undefined : names.get(index);
  return device === undefined ? {} : { device };
}

export function nexthopFrom({ header, attributes }: NetlinkMessage, names: Names): Nexthop {
  const group = attributes.fields(NHA_GROUP);
  const family = familyFrom(header.u8(0));
  const via = addressIn(attributes, NHA_GATEWAY);
  return {
    id: must(attributes.number(NHA_ID), 'a nexthop’s id'),
    protocol: header.u8(2),
    ...(group === undefined
      ? { ...(family !== undefined && { family }) }
      : { group: membersOf(group), ...hashingIn(attributes) }),
    ...deviceIn(attributes, NHA_OIF, names),
    ...(via !== undefined && { via }),
  };
}

/** A resilient group always tells its numbers. */
function hashingIn(attributes: NetlinkAttributes): { readonly hashing?: Hashing } {
  switch (attributes.number(NHA_GROUP_TYPE) ?? NEXTHOP_GRP_TYPE_MPATH) {
    case NEXTHOP_GRP_TYPE_MPATH:
      return { hashing: { kind: 'threshold' } };
    case NEXTHOP_GRP_TYPE_RES: {
      const table = attributes.nested(NHA_RES_GROUP);
      const number = (type: number): number => must(table?.number(type), 'a number of a resilient group');
      return {
        hashing: {
          kind: 'resilient',
          buckets: number(NHA_RES_GROUP_BUCKETS),
          idleTimer: number(NHA_RES_GROUP_IDLE_TIMER) / USER_HZ,
          unbalancedTimer: number(NHA_RES_GROUP_UNBALANCED_TIMER) / USER_HZ,
        },
      };
    }
    default:
      return {};
  }
}

function membersOf(group: NetlinkFields): readonly GroupMember[] {
  if (group.length % GROUP_MEMBER_BYTES !== 0) throw unreadable(`a nexthop group of ${group.length} bytes`);
  return Array.from({ length: group.length / GROUP_MEMBER_BYTES }, (_, turn) => {
    const at = turn * GROUP_MEMBER_BYTES;
    return { id: group.u32(at), weight: 1 + group.u8(at + 4) + 256 * group.u8(at + 5) };
  });
}

export function ruleFrom({ header, attributes }: NetlinkMessage): Rule {
  const protocol = attributes.number(FRA_PROTOCOL);
  const iif = attributes.text(FRA_IIFNAME);
  const mark = attributes.number(FRA_FWMARK);
  return {
    family: must(familyFrom(header.u8(0)), 'a rule’s family'),
    // The kernel leaves out a preference of 0, which is the rule for the local table.
    preference: attributes.number(FRA_PRIORITY) ?? 0,
    table: attributes.number(FRA_TABLE) ?? header.u8(4),
    ...(protocol !== undefined && { protocol }),
    ...(iif !== undefined && { iif }),
    ...(mark !== undefined && { mark }),
    mask: attributes.number(FRA_FWMASK) ?? FULL_MASK,
  };
}
