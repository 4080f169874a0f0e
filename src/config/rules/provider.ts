import { contains, familyOf, type Address } from '../../model/address.js';
import { customerPrefixesOf } from '../addresses.js';
import type { Rule } from '../judge.js';
import type { TreePath } from '../wording.js';

/** Packets to our own addresses arrive only because a covering prefix attracts them. */
export const coveringRule: Rule = (draft, judge) => {
  const { provider } = draft;
  if (!provider) return;
  const check = (address: Address, path: TreePath, what: string): void => {
    if (provider.covering.some((prefix) => contains(prefix, address))) return;
    judge.refuse({
      code: 'outside-covering',
      path,
      message: `${what} ${address} lies in no covering prefix: nothing would attract packets to it`,
      remedy: `write an address inside covering, or add its /${familyOf(address) === 4 ? 24 : 48} there`,
    });
  };
  check(provider.endpoints.gre4, ['provider', 'endpoints', 'gre4'], 'the endpoint');
  check(provider.icmpSource.v4, ['provider', 'icmpSource', 'v4'], 'the ICMP source');
  if (provider.icmpSource.v6) check(provider.icmpSource.v6, ['provider', 'icmpSource', 'v6'], 'the ICMP source');
};

export const icmpSourceRule: Rule = (draft, judge) => {
  const { provider } = draft;
  if (!provider) return;
  if (provider.icmpSource.v4 === provider.endpoints.gre4) {
    judge.refuse({
      code: 'icmp-source',
      path: ['provider', 'icmpSource', 'v4'],
      message: `the ICMP source ${provider.icmpSource.v4} is the tunnel endpoint, which lives in another namespace`,
      remedy: 'write another address inside covering',
    });
  }
  const v6 = customerPrefixesOf(draft).find(({ prefix }) => familyOf(prefix) === 6);
  if (v6 && !provider.icmpSource.v6 && judge.isIntact(['provider', 'icmpSource', 'v6'])) {
    judge.refuse({
      code: 'icmp-source',
      path: ['provider', 'icmpSource'],
      target: 'key',
      message: `icmpSource has no v6, and ${v6.prefix} at ${judge.placeOf(v6.path)} needs one for packet-too-big`,
      remedy: 'write v6: with an address inside an IPv6 covering prefix',
    });
  }
};
