import type { Address, Prefix } from '../../model/address.js';
import { attractedOf, machineAddressesOf, networksOf, routersOf, tunnelsOf, upstreamsOf } from '../addresses.js';
import type { Rule } from '../judge.js';
import { specialPurposeOf, type SpecialKind } from '../reserved.js';
import type { TreePath } from '../wording.js';
import { isTooShort } from './announced.js';

const INTERNET: readonly SpecialKind[] = ['reserved', 'link-local', 'unroutable'];
const ROUTED: readonly SpecialKind[] = ['link-local', 'unroutable'];
const LINK: readonly SpecialKind[] = ['unroutable'];

/**
 * What the Internet must reach (prefixes, networks, endpoint, ICMP source, remotes) is
 * public unless `allowReserved`; what is only routed may be private; what is
 * only used on a tunnel's link may be link-local.
 */
export const reservedRule: Rule = (draft, judge) => {
  const check = (subject: Prefix | Address, path: TreePath, refused: readonly SpecialKind[]): void => {
    const special = specialPurposeOf(subject);
    if (!special || !refused.includes(special.kind)) return;
    const message = `${subject} is special-purpose: ${special.use}, ${special.prefix}`;
    if (special.kind !== 'reserved') {
      judge.refuse({ code: 'unroutable-address', path, message, remedy: 'write what routers can carry' });
    } else if (!draft.allowReserved) {
      const remedy = 'write public address space, or allowReserved: true in a lab';
      judge.refuse({ code: 'reserved-address', path, message, remedy });
    }
  };

  for (const { prefix, path } of attractedOf(draft)) if (!isTooShort(prefix)) check(prefix, path, INTERNET);
  if (draft.provider) {
    const { endpoints, icmpSource } = draft.provider;
    check(endpoints.gre4, ['provider', 'endpoints', 'gre4'], INTERNET);
    check(icmpSource.v4, ['provider', 'icmpSource', 'v4'], INTERNET);
    if (icmpSource.v6) check(icmpSource.v6, ['provider', 'icmpSource', 'v6'], INTERNET);
  }
  for (const { prefix, path } of networksOf(draft)) if (!isTooShort(prefix)) check(prefix, path, INTERNET);
  for (const { address, path } of machineAddressesOf(draft)) check(address, path, ROUTED);
  for (const { written, path } of routersOf(draft)) if (written.id) check(written.id, [...path, 'id'], ROUTED);
  for (const { written, path } of upstreamsOf(draft)) {
    if (written.v4) check(written.v4, [...path, 'v4'], ROUTED);
    if (written.v6) check(written.v6, [...path, 'v6'], ROUTED);
  }
  for (const { tunnel, path } of tunnelsOf(draft)) {
    check(tunnel.remote, [...path, 'remote'], INTERNET);
    check(tunnel.inner.address, [...path, 'inner'], LINK);
    if (tunnel.inner6) check(tunnel.inner6.address, [...path, 'inner6'], LINK);
    if (tunnel.probe.target) check(tunnel.probe.target, [...path, 'probe', 'target'], ROUTED);
  }
};
