/** Rules, routes and nexthop objects as ip(8) prints them; only those that carry our protocol number. */
import {
  bitsOf,
  familyOf,
  parseAddress,
  parsePrefix,
  type Address,
  type Family,
  type Prefix,
} from '../../model/address.js';
import {
  TABLE_MAIN,
  type Netns,
  type NexthopState,
  type NexthopTarget,
  type RouteState,
  type RouteTarget,
  type RuleState,
} from '../../model/kernel.js';
import { nexthopKey } from '../../model/kernel-order.js';
import type { IpRow } from '../../ports/iproute.js';
import { KernelError } from '../../ports/kernel.js';
import { ROUTE_METRIC } from './steps.js';

/** rtm_type, linux/rtnetlink.h. */
const RTN_UNREACHABLE = 7;

/** rtm_scope of an IPv4 nexthop without a gateway; IPv6 nexthops have `link` (linux/rtnetlink.h, net/ipv4/nexthop.c). */
const RT_SCOPE_HOST = 254;

/** fwmark without a printed mask is compared in full. */
const FULL_MASK = 0xffffffff;

const odd = (what: string): KernelError => new KernelError('unreadable', `ip: ${what}`);

/** Rules that bear our number but no mark or interface are none of the kind we make, and are left alone. */
export const rulesFrom = (rows: readonly IpRow[], family: Family, protocol: number): readonly RuleState[] =>
  rows
    .filter((row) => row.has('protocol') && row.number('protocol') === protocol && row.has('iif') && row.has('fwmark'))
    .map((row) => ({
      family,
      iif: row.text('iif'),
      mark: row.number('fwmark'),
      mask: row.has('fwmask') ? row.number('fwmask') : FULL_MASK,
      table: row.number('table'),
      preference: row.number('priority'),
    }));

/** Routes at our metric, of a dump that was asked for our protocol only (ip then leaves the protocol out). */
export const routesFrom = (rows: readonly IpRow[], netns: Netns): readonly RouteState[] =>
  rows
    .filter((row) => row.has('metric') && row.number('metric') === ROUTE_METRIC)
    .map((row) => {
      const target = routeTarget(row);
      const family = familyOfRoute(row);
      return {
        netns,
        family,
        table: row.has('table') ? row.number('table') : TABLE_MAIN,
        destination: destinationOf(row.text('dst'), family),
        target,
      };
    });

/** The preference is printed for IPv6 only (RFC 4191); `default` names no family by itself. */
function familyOfRoute(row: IpRow): Family {
  const destination = row.text('dst');
  if (destination !== 'default') return destination.includes(':') ? 6 : 4;
  return row.has('pref') ? 6 : 4;
}

function destinationOf(text: string, family: Family): Prefix {
  if (text === 'default') return prefixFrom(family === 6 ? '::/0' : '0.0.0.0/0');
  const host = parseAddress(text);
  return prefixFrom(host === undefined ? text : `${host}/${bitsOf(familyOf(host))}`);
}

function prefixFrom(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === 'not-a-prefix' || parsed === 'host-bits') throw odd(`not a destination: ${text}`);
  return parsed;
}

function addressFrom(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw odd(`not an address: ${text}`);
  return parsed;
}

function routeTarget(row: IpRow): RouteTarget {
  if (row.has('type') && row.number('type') === RTN_UNREACHABLE) return { kind: 'unreachable' };
  if (row.has('nhid')) return { kind: 'nexthop', id: row.number('nhid') };
  const via = viaOf(row);
  return {
    kind: 'via',
    // A route over several devices without a nexthop object is not of our making: it names none, and will be replaced.
    device: row.has('dev') ? row.text('dev') : '',
    ...(via === undefined ? {} : { via }),
    ...(row.has('prefsrc') ? { source: addressFrom(row.text('prefsrc')) } : {}),
  };
}

/** `gateway` is of the route's family, `via` of the other (RTA_VIA). */
function viaOf(row: IpRow): Address | undefined {
  if (row.has('gateway')) return addressFrom(row.text('gateway'));
  return row.has('via') ? addressFrom(row.nested('via').text('host')) : undefined;
}

/** The dump tells no family; a group has that of its members. */
export function nexthopsFrom(rows: readonly IpRow[], netns: Netns, protocol: number): readonly NexthopState[] {
  const own = rows.filter((row) => row.number('protocol') === protocol);
  const devices = own
    .filter((row) => !row.has('group'))
    .map((row): NexthopState => ({
      netns,
      id: row.number('id'),
      family: row.number('scope') === RT_SCOPE_HOST ? 4 : 6,
      target: { kind: 'device', device: row.has('dev') && !row.has('gateway') ? row.text('dev') : '' },
    }));
  const families = new Map(devices.map((nexthop) => [nexthopKey(nexthop), nexthop.family]));
  const groups = own
    .filter((row) => row.has('group'))
    .map((row): NexthopState => {
      const target = groupTarget(row);
      const first = target.kind === 'group' ? target.members[0] : undefined;
      const family = first && families.get(nexthopKey({ netns, id: first.id }));
      return { netns, id: row.number('id'), family: family ?? 4, target };
    });
  return [...devices, ...groups];
}

const groupTarget = (row: IpRow): NexthopTarget => ({
  kind: 'group',
  members: row
    .rows('group')
    .map((member) => ({ id: member.number('id'), weight: member.has('weight') ? member.number('weight') : 1 }))
    .sort((a, b) => a.id - b.id),
});
