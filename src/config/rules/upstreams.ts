/** What a router's configuration needs besides its sessions with our servers. */
import type { Address, Prefix } from '../../model/address.js';
import { PrefixIndex } from '../../model/prefix-index.js';
import {
  attractedOf,
  machineAddressesOf,
  networksOf,
  ownedText,
  routersOf,
  upstreamsOf,
  type OwnedPrefix,
} from '../addresses.js';
import type { Rule } from '../judge.js';
import type { TreePath } from '../wording.js';
import { isTooShort } from './announced.js';

export const upstreamRule: Rule = (draft, judge) => {
  for (const { router, name, written, path } of upstreamsOf(draft)) {
    if (written.v4 === undefined && written.v6 === undefined && judge.isIntact(path)) {
      const message = `the upstream ${name} of ${router.name} has no address`;
      judge.refuse({ code: 'upstream', path, target: 'key', message, remedy: 'write v4: or v6: or both' });
    }
    if (written.asn === router.written.asn) {
      const message = `the upstream ${name} has the AS number of ${router.name} itself, and would get no eBGP session`;
      judge.refuse({ code: 'upstream', path: [...path, 'asn'], message, remedy: `write the AS number of ${name}` });
    }
  }
};

/** RFC 6286 2.1: an identifier is four octets and not zero; daemons take it from an IPv4 address. */
export const routerIdRule: Rule = (draft, judge) => {
  for (const { name, written, path } of routersOf(draft)) {
    if (Object.keys(written.upstreams).length === 0 || (written.id ?? written.v4) !== undefined) continue;
    if (!judge.isIntact(path)) continue;
    const message = `${name} has upstreams and neither a v4 address nor an id`;
    judge.refuse({
      code: 'router-id',
      path,
      target: 'key',
      message,
      remedy: 'write id: with an IPv4 address that no other router has as its id',
    });
  }
};

/** One router has one session with an address. */
export const upstreamAddressRule: Rule = (draft, judge) => {
  for (const router of routersOf(draft)) {
    const taken = new Map<Address, readonly [who: string, path: TreePath]>();
    for (const { machine, address, path } of machineAddressesOf(draft)) {
      if (machine.site === router.site) taken.set(address, [`${machine.kind} ${machine.name}`, path]);
    }
    for (const { name, written, path } of upstreamsOf(draft).filter(({ router: { name: of } }) => of === router.name)) {
      for (const family of ['v4', 'v6'] as const) {
        const address = written[family];
        if (address === undefined) continue;
        const here = [...path, family];
        const [who, there] = taken.get(address) ?? [];
        if (who !== undefined && there) {
          judge.refuse({
            code: 'repeated-address',
            path: here,
            message: `${address} of upstream ${name} is also that of ${who} at ${judge.placeOf(there)}`,
            remedy: 'write the address of the one machine',
          });
        } else {
          taken.set(address, [`upstream ${name}`, here]);
        }
      }
    }
  }
};

/** What a router announces stays announced whatever becomes of the servers: no part of what they answer for may be in it. */
export const networkRule: Rule = (draft, judge) => {
  const index = new PrefixIndex<OwnedPrefix>();
  for (const owned of attractedOf(draft)) if (!isTooShort(owned.prefix)) index.add(owned.prefix, owned);
  const first = new Map<string, TreePath>();
  for (const { router, prefix, path } of networksOf(draft)) {
    const key = `${router.name} ${prefix}`;
    const other = first.get(key);
    const holder = index.holding(prefix)[0];
    if (other) {
      const message = `${prefix} of ${router.name} is written already at ${judge.placeOf(other)}`;
      judge.refuse({ code: 'repeated-prefix', path, message, remedy: 'keep one of the two' });
    } else if (holder) {
      judge.refuse(insideAnnounced(prefix, path, ownedText(holder), judge.placeOf(holder.path)));
    }
    first.set(key, other ?? path);
  }
};

const insideAnnounced = (prefix: Prefix, path: TreePath, holder: string, place: string) =>
  ({
    code: 'overlap',
    path,
    message: `the network ${prefix} lies in ${holder} at ${place}, which servers alone announce, and only while they carry it`,
    remedy: "write a network of the site's own",
  }) as const;
