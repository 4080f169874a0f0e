import { familyOf } from '../../model/address.js';
import { tunnelsOf } from '../addresses.js';
import type { Rule } from '../judge.js';

/** What every IPv4 host must take in one piece (RFC 791), and the least that IPv6 links carry (RFC 8200 5). */
const LEAST_V4 = 576;
const LEAST_V6 = 1280;

/** The Internet carries 1500 bytes: IPv4 takes 20, GRE 4, its key another 4 (RFC 2784, RFC 2890). */
export const largestMtu = (hasKey: boolean): number => 1500 - 20 - (hasKey ? 8 : 4);

export const mtuRule: Rule = (draft, judge) => {
  for (const { customer, name, tunnel, path } of tunnelsOf(draft)) {
    const { mtu } = tunnel;
    if (mtu === undefined) continue;
    const largest = largestMtu(tunnel.key !== undefined);
    const v6 = draft.customers[customer]?.routes.find((route) => route.tunnel === name && familyOf(route.prefix) === 6);
    const least = v6 ? LEAST_V6 : LEAST_V4;
    if (mtu >= least && mtu <= largest) continue;
    const why =
      mtu > largest
        ? `with ${1500 - largest} bytes of IPv4 and GRE${tunnel.key === undefined ? '' : ' with its key'} it exceeds the Internet's 1500`
        : v6
          ? `IPv6 (${v6.prefix} uses the tunnel) needs ${LEAST_V6}`
          : `IPv4 needs ${LEAST_V4}`;
    judge.refuse({
      code: 'mtu',
      path: [...path, 'mtu'],
      message: `mtu ${mtu} of ${customer}'s tunnel ${name} cannot work: ${why}`,
      remedy: `write ${least} to ${largest}, or leave it out for ${largest}`,
    });
  }
};
