import { familyOf, networkOf, otherEnd, overlaps, type Address, type InterfaceAddress } from '../../model/address.js';
import {
  attractedOf,
  machineAddressesOf,
  ownedText,
  tunnelsOf,
  type OwnedPrefix,
  type OwnedTunnel,
} from '../addresses.js';
import type { Judge, Rule } from '../judge.js';
import { PrefixIndex } from '../../model/prefix-index.js';
import type { TreePath } from '../wording.js';
import { isTooShort } from './announced.js';

/** Tunnel packets to a remote inside an attracted prefix come back to us and go into the tunnel again. */
export const remoteRule: Rule = (draft, judge) => {
  const index = new PrefixIndex<OwnedPrefix>();
  for (const owned of attractedOf(draft)) if (!isTooShort(owned.prefix)) index.add(owned.prefix, owned);
  const machines = new Map<Address, string>(
    machineAddressesOf(draft).map(({ address, machine }) => [address, `${machine.kind} ${machine.name}`]),
  );
  for (const { customer, name, tunnel, path } of tunnelsOf(draft)) {
    const here = [...path, 'remote'];
    const holder = index.holding(tunnel.remote)[0];
    const machine = machines.get(tunnel.remote);
    if (holder) {
      judge.refuse({
        code: 'remote-inside-announced',
        path: here,
        message: `the remote ${tunnel.remote} of ${customer}'s tunnel ${name} lies inside ${ownedText(holder)} at ${judge.placeOf(holder.path)}: a routing loop`,
        remedy: "write an address that the customer's own ISP gave to the router",
      });
    } else if (machine !== undefined) {
      const message = `the remote ${tunnel.remote} of ${customer}'s tunnel ${name} is ${machine} of our own`;
      judge.refuse({
        code: 'remote-is-ours',
        path: here,
        message,
        remedy: "write the address of the customer's router",
      });
    }
  }
};

/** The outer header tells tunnels apart by remote and key alone; customers share the endpoint. */
export const repeatedRemoteRule: Rule = (draft, judge) => {
  const first = new Map<string, OwnedTunnel>();
  for (const here of tunnelsOf(draft)) {
    const { remote, key } = here.tunnel;
    const id = `${remote} ${key ?? 'no key'}`;
    const other = first.get(id);
    if (!other) {
      first.set(id, here);
      continue;
    }
    judge.refuse({
      code: 'repeated-remote',
      path: [...here.path, 'remote'],
      message: `${key === undefined ? `remote ${remote} without a key` : `remote ${remote} with key ${key}`} is also that of ${other.customer}'s tunnel ${other.name} at ${judge.placeOf([...other.path, 'remote'])}`,
      remedy: 'give each of the two tunnels a key of its own',
    });
  }
};

const LINK_LENGTHS = { 4: [30, 31], 6: [64, 126, 127] } as const;

/** True when the address can be ours: not the network, broadcast or subnet-router anycast address (RFC 4291 2.6.1). */
function isUsable(link: InterfaceAddress): boolean {
  return link.length === 64 ? link.address !== networkOf(link.network) : otherEnd(link) !== undefined;
}

function checkLink(judge: Judge, path: TreePath, link: InterfaceAddress): void {
  const family = familyOf(link.address);
  const lengths: readonly number[] = LINK_LENGTHS[family];
  const written = `${link.address}/${link.length}`;
  if (!lengths.includes(link.length)) {
    const remedy = `write it as ${family === 4 ? '/31 or /30' : '/127, /126 or /64'}`;
    judge.refuse({ code: 'inner-network', path, message: `${written} is no link between two ends`, remedy });
  } else if (!isUsable(link)) {
    const message = `${written} is not a host of ${link.network}`;
    judge.refuse({
      code: 'inner-network',
      path,
      message,
      remedy: 'write our own address, not the network or broadcast address',
    });
  }
}

/** Within one customer every link is one of its own; other customers live in other namespaces. */
export const innerRule: Rule = (draft, judge) => {
  const byCustomer = new Map<string, OwnedTunnel[]>();
  for (const here of tunnelsOf(draft)) {
    const earlier = byCustomer.get(here.customer) ?? [];
    byCustomer.set(here.customer, [...earlier, here]);
    for (const key of ['inner', 'inner6'] as const) {
      const link = here.tunnel[key];
      if (!link) continue;
      const path = [...here.path, key];
      checkLink(judge, path, link);
      const other = earlier.find(({ tunnel }) => tunnel[key] && overlaps(tunnel[key].network, link.network));
      if (!other) continue;
      judge.refuse({
        code: 'inner-overlap',
        path,
        message: `${link.network} overlaps the inner network of tunnel ${other.name} at ${judge.placeOf([...other.path, key])}`,
        remedy: 'give each tunnel of a customer a link of its own',
      });
    }
  }
};
